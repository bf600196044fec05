//! Tests of the store through its interface, and of what only its internals can show.

mod attached;
mod backups;
mod copying;
mod crowd;
mod databases;
mod ending;
mod ending_together;
mod failures;
mod fixture;
mod groups;
mod keeping;
mod migrating;
mod opening;
mod pending;
mod pragmas;
mod reading;
mod replacing;
mod restoring;
mod searching;
mod sessions;
mod swapped;
mod torn;
mod unwritten;
