//! Records that one peer causes repeatedly: the first of a second are written, the others counted
//! and reported together.

use std::collections::HashMap;

use super::record::{Record, Value};

/// Records with the same values that are written one by one in a second: as many as the failed
/// logins that an address may have in a burst.
const SINGLES: u64 = 10;

/// Records of all peers that are written one by one in a second, in bytes.
const SINGLE_BYTES: usize = 64 * 1024;

/// Different records of one peer that are distinguished in a second, and those with other names.
const KINDS_OF_PEER: usize = 96;
const NAMES_OF_PEER: usize = 64;

/// Different records of all peers that are distinguished in a second.
const KINDS: usize = 256;

/// Replaces values that are not distinguished.
const ANY: &str = "*";

/// Fields that name a peer.
const PEERS: [&str; 2] = ["ip", "uid"];

/// Fields that differ with each record.
const FLEETING: [&str; 2] = ["request", "pid"];

/// The field that holds a name as a peer gave it.
const NAME: &str = "user";

/// Which values are hidden to group records, from the fewest to the most, and up to how many kinds
/// of one peer that is enough.
const GROUPS: [(Hidden, usize); 3] = [
    (|_| false, NAMES_OF_PEER),
    (|name| name == NAME, KINDS_OF_PEER),
    (|name| !PEERS.contains(&name), usize::MAX),
];

/// Whether a value of that name is hidden.
type Hidden = fn(&str) -> bool;

/// Message and values.
type Kind = (String, Vec<(&'static str, Value)>);

/// How many there were of a kind: those that were written, and those beyond.
#[derive(Debug)]
struct Counted {
    singles: u64,
    more: u64,
    last: Record,
}

/// Records of the current second.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    kinds: HashMap<Kind, Counted>,
    of_peer: HashMap<Option<Value>, usize>,
    bytes: usize,
}

impl Repeats {
    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Whether the record, a line of `bytes` bytes, is written now; otherwise it is counted.
    pub(super) fn admit(&mut self, record: &Record, bytes: usize) -> bool {
        let peer = record.fields.iter().find(|(name, _)| PEERS.contains(name));
        let peer = peer.map(|(_, value)| value.clone());
        let of_peer = self.of_peer.get(&peer).copied().unwrap_or(0);
        for (hidden, most) in GROUPS {
            let group = grouped(record, hidden);
            let kind = kind(&group);
            // Long names are hidden sooner, so that the size of the reports is bounded too.
            let long = most == NAMES_OF_PEER && self.bytes + bytes > SINGLE_BYTES;
            let room = of_peer < most && self.kinds.len() < KINDS && !long;
            if room || self.kinds.contains_key(&kind) {
                return self.count(kind, peer, record, group, bytes);
            }
        }
        let group = grouped(record, |_| true);
        self.count(kind(&group), None, record, group, bytes)
    }

    fn count(
        &mut self,
        kind: Kind,
        peer: Option<Value>,
        record: &Record,
        group: Record,
        bytes: usize,
    ) -> bool {
        let whole = group.fields == record.fields;
        let counted = self.kinds.entry(kind).or_insert_with(|| {
            *self.of_peer.entry(peer).or_default() += 1;
            Counted { singles: 0, more: 0, last: group.clone() }
        });
        if whole && counted.singles < SINGLES && self.bytes + bytes <= SINGLE_BYTES {
            counted.singles += 1;
            self.bytes += bytes;
            return true;
        }
        counted.more += 1;
        counted.last = group;
        false
    }

    /// Returns what was counted and not written, and starts a new second.
    pub(super) fn take(&mut self) -> Vec<Record> {
        let Self { kinds, .. } = std::mem::take(self);
        let counted = kinds.into_values().filter(|counted| counted.more > 0);
        let mut records: Vec<_> = counted
            .map(|Counted { more, mut last, .. }| {
                last.message = format!("{more} more: {}", last.message);
                last
            })
            .collect();
        records.sort_by_key(|record| record.at);
        records
    }
}

/// The record without the values that `hidden` selects.
fn grouped(record: &Record, hidden: Hidden) -> Record {
    let mut group = record.clone();
    for (name, value) in &mut group.fields {
        if hidden(name) {
            *value = match value {
                Value::Quoted(_) => Value::Quoted(ANY.into()),
                Value::Shown(_) | Value::Bare(_) => Value::Shown(ANY.into()),
            };
        }
    }
    group
}

fn kind(record: &Record) -> Kind {
    let fields = record.fields.iter().filter(|(name, _)| !FLEETING.contains(name));
    (record.message.clone(), fields.cloned().collect())
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn refused(ip: usize, user: &str, reason: &str) -> Record {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let mut record = Record::new(at, Level::INFO, "login refused".into());
        let quoted = |text: &str| Value::Quoted(text.into());
        record.fields = vec![
            ("ip", Value::Shown(format!("ip{ip}"))),
            ("user", quoted(user)),
            ("reason", quoted(reason)),
        ];
        record
    }

    fn values(record: &Record) -> Vec<&str> {
        let text = |value| match value {
            &(_, Value::Quoted(ref text) | Value::Shown(ref text) | Value::Bare(ref text)) => {
                text.as_str()
            }
        };
        record.fields.iter().map(text).collect()
    }

    /// Every record is written, or included in a number that is reported.
    fn take_all(repeats: &mut Repeats) -> (u64, Vec<Record>) {
        let records = repeats.take();
        let number = |record: &Record| record.message.split(' ').next().unwrap().parse::<u64>();
        (records.iter().map(|record| number(record).unwrap()).sum(), records)
    }

    #[test]
    fn the_first_are_written_and_the_rest_counted() {
        let mut repeats = Repeats::default();
        let record = refused(1, "bob", "rate limited");
        let written = (0..500).filter(|_| repeats.admit(&record, 100)).count();
        assert_eq!(written, 10);
        let (more, records) = take_all(&mut repeats);
        assert_eq!((more, records.len()), (490, 1));
        assert_eq!(records[0].message, "490 more: login refused");
        assert_eq!(records[0].fields, record.fields);
        assert!(repeats.is_empty() && repeats.admit(&record, 100), "a new second");
    }

    #[test]
    fn a_peer_with_many_names_is_reported_with_its_reasons_and_beyond_that_as_a_peer() {
        let mut repeats = Repeats::default();
        let mut written = 0;
        for number in 0..1000 {
            let record = refused(1, &format!("name{number}"), &format!("reason{}", number % 100));
            written += u64::from(repeats.admit(&record, 100));
        }
        let (more, records) = take_all(&mut repeats);
        assert_eq!((written, more), (64, 936));
        let seen: Vec<_> = records.iter().map(values).collect();
        assert!(seen.contains(&vec!["ip1", "*", "reason64"]), "{seen:?}");
        assert!(seen.contains(&vec!["ip1", "*", "*"]), "{seen:?}");
        assert!(records.len() <= KINDS_OF_PEER + 1, "{}", records.len());
    }

    #[test]
    fn many_peers_fill_neither_the_table_nor_the_log() {
        let mut repeats = Repeats::default();
        let mut written = 0;
        for number in 0..100_000 {
            written += u64::from(repeats.admit(&refused(number, "bob", "rate limited"), 100));
        }
        assert_eq!((repeats.kinds.len(), repeats.of_peer.len()), (KINDS + 1, KINDS + 1));
        let (more, records) = take_all(&mut repeats);
        assert_eq!((written, written + more), (KINDS as u64, 100_000));
        assert_eq!(records.len(), 1);
        assert_eq!(values(&records[0]), ["*", "*", "*"]);
        // Long lines are counted sooner.
        let mut long = |number| repeats.admit(&refused(number, "bob", "rate limited"), 4000);
        assert_eq!((0..100).filter(|number| long(*number)).count(), SINGLE_BYTES / 4000);
    }

    #[test]
    fn what_differs_with_each_request_makes_no_kind_of_its_own() {
        let mut repeats = Repeats::default();
        for number in 0..100 {
            let mut record = Record::new(jiff::Timestamp::UNIX_EPOCH, Level::ERROR, "x".into());
            let request = Value::Shown(format!("request{number}"));
            record.fields = vec![("request", request), ("uid", Value::Bare("7".into()))];
            repeats.admit(&record, 100);
        }
        let (more, records) = take_all(&mut repeats);
        assert_eq!((more, values(&records[0])), (90, vec!["request99", "7"]));
    }

    /// The most that a second writes: names of the greatest length, each repeated.
    #[test]
    fn names_of_many_bytes_are_hidden_sooner() {
        let mut repeats = Repeats::default();
        for _ in 0..20 {
            for number in 0..1000 {
                repeats.admit(&refused(number, &format!("long{number}"), "wrong"), 2000);
            }
        }
        let (_, records) = take_all(&mut repeats);
        let named = records.iter().filter(|record| values(record)[1].starts_with("long"));
        assert!(named.count() <= SINGLE_BYTES / 2000);
        assert_eq!(records.len(), KINDS + 1);
    }
}
