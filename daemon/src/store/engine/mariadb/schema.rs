//! When the tables of a server have changed: it has no number for that.

use std::time::Duration;

use crate::clock::Stopwatch;

/// How often the server is asked whether somebody has changed the tables.
const EVERY: Duration = Duration::from_mins(1);

/// The same for [`EVERY`] after a statement that met another schema: a dump that is being restored
/// takes one table after the other away, and brings it back.
const SOON: Duration = Duration::from_secs(1);

/// The newest row of `versions`, and a checksum of the names of all columns.
pub(super) const ASKED: &str = "SELECT ifnull(max(id), 0),
       (SELECT CAST(ifnull(sum(crc32(concat_ws('.', table_name, column_name))), 0) AS SIGNED)
        FROM information_schema.columns WHERE table_schema = DATABASE())
     FROM versions";

/// What is known of the schema.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schema {
    seen: (i64, i64),
    changes: i64,
    asked: Option<Stopwatch>,
    surprised: Option<Stopwatch>,
}

impl Schema {
    /// Another one for each schema.
    pub(super) const fn number(self) -> i64 {
        self.changes
    }

    /// A statement met a table or a column that was not there.
    pub(super) fn surprise(&mut self) {
        self.changes += 1;
        self.surprised = Some(Stopwatch::start());
    }

    /// Whether it is time to ask.
    pub(super) fn is_due(self) -> bool {
        let is_uneasy = self.surprised.is_some_and(|since| since.elapsed() < EVERY);
        let every = if is_uneasy { SOON } else { EVERY };
        self.asked.is_none_or(|asked| asked.elapsed() >= every)
    }

    /// What the server has answered.
    pub(super) fn see(&mut self, seen: (i64, i64)) {
        if self.seen != seen {
            self.seen = seen;
            self.changes += 1;
        }
        self.asked = Some(Stopwatch::start());
    }
}
