//! The places of all subjects, in bounded memory.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::bucket::Bucket;
use super::rate::{PASSCODE_RATE, Rate};
use super::subject::Subject;
use crate::store::{ADDRESSES_KEPT, LimitKind, NAMES_KEPT};

/// A client can invent names and change addresses without end: of those the least recently touched
/// are dropped. Accounts need no bound of their own: there are as many as the database has.
#[derive(Debug)]
pub(super) struct Table {
    rate: Rate,
    buckets: HashMap<Subject, Bucket>,
    names: Order,
    addresses: Order,
    touches: u64,
}

/// Subjects of one kind by their last touch.
#[derive(Debug)]
struct Order {
    most: usize,
    by_touch: BTreeMap<u64, Subject>,
}

impl Order {
    const fn new(most: usize) -> Self {
        Self { most, by_touch: BTreeMap::new() }
    }
}

impl Table {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: HashMap::new(),
            names: Order::new(NAMES_KEPT),
            addresses: Order::new(ADDRESSES_KEPT),
            touches: 0,
        }
    }

    /// The rate that a subject's places follow.
    pub(super) fn rate_of(&self, subject: &Subject) -> Rate {
        match subject.kind() {
            LimitKind::Passcode => PASSCODE_RATE,
            LimitKind::Address | LimitKind::Account | LimitKind::Name | LimitKind::Vouch => {
                self.rate
            }
        }
    }

    pub(super) fn get(&self, subject: &Subject) -> Option<&Bucket> {
        self.buckets.get(subject)
    }

    pub(super) fn get_mut(&mut self, subject: &Subject) -> Option<&mut Bucket> {
        self.buckets.get_mut(subject)
    }

    /// The places of `subject`, all there where nothing is known of it; touches it.
    pub(super) fn touch(&mut self, subject: &Subject) -> &mut Bucket {
        self.touches += 1;
        let touched = self.touches;
        let before = self.buckets.entry(subject.clone()).or_default().touched;
        if let Some(order) = self.order(subject.kind()) {
            order.by_touch.remove(&before);
            order.by_touch.insert(touched, subject.clone());
        }
        self.make_room(subject);
        let bucket = self.buckets.entry(subject.clone()).or_default();
        bucket.touched = touched;
        bucket
    }

    const fn order(&mut self, kind: LimitKind) -> Option<&mut Order> {
        match kind {
            LimitKind::Address => Some(&mut self.addresses),
            LimitKind::Name => Some(&mut self.names),
            LimitKind::Account | LimitKind::Passcode | LimitKind::Vouch => None,
        }
    }

    /// Drops the least recently touched where there are too many of that kind, and never those that
    /// are in use: connections bound their number.
    fn make_room(&mut self, newest: &Subject) {
        let order = match newest.kind() {
            LimitKind::Address => &self.addresses,
            LimitKind::Name => &self.names,
            LimitKind::Account | LimitKind::Passcode | LimitKind::Vouch => return,
        };
        if order.by_touch.len() <= order.most {
            return;
        }
        let idle = |subject: &&Subject| {
            *subject != newest && self.buckets.get(subject).is_none_or(|b| !b.is_in_use())
        };
        if let Some(oldest) = order.by_touch.values().find(idle).cloned() {
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, subject: &Subject) {
        if let Some(bucket) = self.buckets.remove(subject)
            && let Some(order) = self.order(subject.kind())
        {
            order.by_touch.remove(&bucket.touched);
        }
    }

    /// Forgets a subject with all its places free and no attempt that needs it.
    pub(super) fn forget_empty(&mut self, subject: &Subject, now: Duration) {
        if self.get(subject).is_some_and(|bucket| bucket.is_empty(now)) {
            self.remove(subject);
        }
    }

    /// Subjects that are no longer worth keeping, and those that an attempt waits for.
    pub(super) fn changed_by_time(&self, now: Duration) -> Vec<Subject> {
        let changed = |bucket: &Bucket| bucket.is_empty(now) || !bucket.waiting.is_empty();
        let these = self.buckets.iter().filter(|(_, bucket)| changed(bucket));
        these.map(|(subject, _)| subject.clone()).collect()
    }

    /// Every subject of which something is known.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        self.buckets.keys().cloned().collect()
    }

    /// Follows another rate from now on.
    pub(super) fn change_rate(&mut self, now: Duration, new: Rate) {
        let old = std::mem::replace(&mut self.rate, new);
        for (subject, bucket) in &mut self.buckets {
            if subject.kind() != LimitKind::Passcode {
                bucket.change_rate(now, old, new);
            }
        }
    }

    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::super::client_ip::Network;
    use super::*;

    fn address(number: u32) -> Subject {
        Subject::Address(Network::of(IpAddr::V4(Ipv4Addr::from_bits(number))))
    }

    #[test]
    fn of_too_many_addresses_the_least_recently_touched_goes_unless_it_is_in_use() {
        let mut table = Table::new(Rate::new(10, Duration::from_mins(1)));
        let most = u32::try_from(ADDRESSES_KEPT).unwrap();
        table.touch(&address(0)).take();
        for number in 1..most {
            table.touch(&address(number));
        }
        table.touch(&address(1));
        assert_eq!(table.len(), ADDRESSES_KEPT);
        table.touch(&address(most));
        assert_eq!(table.len(), ADDRESSES_KEPT);
        for (number, stays) in [(0, true), (1, true), (2, false), (3, true), (most, true)] {
            assert_eq!(table.get(&address(number)).is_some(), stays, "{number}");
        }
        // The number of accounts is not bounded here.
        let before = table.len();
        for number in 0..100 {
            table.touch(&Subject::Account(format!("u{number:015}")));
        }
        assert_eq!(table.len(), before + 100);
    }
}
