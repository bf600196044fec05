//! Checks of the database's content and settings.

use photoprism_protocol::audit::VerifyResult;
use photoprism_protocol::doctor::Check;

use super::DaemonState;
use crate::clock::ClockState;
use crate::commands::users::MAX_NAME_BYTES;
use crate::error::CommandError;
use crate::model::FIRST_ADMIN_ID;
use crate::model::Reverted;
use crate::store::{
    AdminPasswordState, Db, Kind, SCHEMA_VERSION, admin_password_state, first_admin_name,
    foreign_tables as foreign_tables_of, journal_mode, long_names, reverted_changes,
};

/// Accounts that are named one by one.
const MOST_NAMED: usize = 20;

pub(super) fn checks(db: &Db, daemon: &DaemonState) -> Result<Vec<Check>, CommandError> {
    let mut checks = vec![kind(db)];
    if db.server().is_some() {
        checks.extend(super::server::checks(db, daemon)?);
    } else {
        checks.push(journal(db.kind(), &journal_mode(db)?));
    }
    checks.push(schema(db.kind()));
    checks.extend(daemon.trail.as_ref().map(trail));
    checks.extend(foreign_tables(db));
    checks.push(clock(daemon));
    checks.push(first_admin(db)?);
    checks.extend(names(db)?);
    checks.extend(changes(db)?);
    Ok(checks)
}

fn kind(db: &Db) -> Check {
    let whose = match db.kind() {
        Kind::Own => "its own".to_owned(),
        Kind::PhotoPrism { version, edition } => format!("PhotoPrism's ({version}, {edition})"),
    };
    Check::ok("database", format!("{whose}, {}", db.name()))
}

fn journal(kind: &Kind, mode: &str) -> Check {
    // PhotoPrism's is left as it was found; the daemon's own was set and read back at opening.
    let advice = match (kind, mode) {
        (Kind::Own, "wal") => None,
        (Kind::Own, _) => Some("it must be wal: restart photoprismd"),
        (Kind::PhotoPrism { .. }, "wal") => Some(
            "in WAL mode a crash may leave a change without its audit record: stop PhotoPrism and \
             photoprismd, and set it back with: sqlite3 index.db 'PRAGMA journal_mode=delete'",
        ),
        (Kind::PhotoPrism { .. }, _) => None,
    };
    Check::from_advice("journal mode", mode, advice.map(Into::into))
}

fn trail(found: &VerifyResult) -> Check {
    let advice = found.broken_at.map(|number| {
        format!(
            "record {number} was altered or is missing: keep a copy of the database, and compare \
             with the heads in the log"
        )
    });
    Check::from_advice("audit trail", format!("{} records", found.records), advice)
}

/// Tables of an earlier version that are not a part of this trail: they are not moved.
fn foreign_tables(db: &Db) -> Option<Check> {
    let tables = foreign_tables_of(db)?;
    Some(Check::bad(
        "older tables",
        format!("PhotoPrism's database holds {tables} of a daemon with another audit trail"),
        "PhotoPrism's own restore stumbles over them: drop them there once they are not needed",
    ))
}

fn schema(kind: &Kind) -> Check {
    let found = match kind {
        Kind::Own => format!("version {SCHEMA_VERSION}, the one that this daemon knows"),
        Kind::PhotoPrism { .. } => "PhotoPrism's, looked up when it was opened".into(),
    };
    Check::ok("schema", found)
}

/// A clock that is not where it must be by the newest instant that is known.
fn clock(daemon: &DaemonState) -> Check {
    let advice = match daemon.clock_state {
        ClockState::Right => None,
        ClockState::Behind(seconds) => Some(format!(
            "it is {seconds} s behind the newest instant that is known, which counts for all that \
             expires: set the clock, by NTP; where it is right, run: photoprism admin clock --reset"
        )),
        ClockState::Ahead(seconds) => Some(format!(
            "it is {seconds} s ahead of the newest instant that is known, and nothing that has \
             expired is deleted before it has run so for a day: set the clock, by NTP, where that \
             is wrong; where it is right, run: photoprism admin clock --reset"
        )),
    };
    Check::from_advice("clock", crate::model::to_rfc3339(daemon.clock), advice)
}

/// Accounts that PhotoPrism's login form cannot let in.
fn names(db: &Db) -> Result<Option<Check>, CommandError> {
    if *db.kind() == Kind::Own {
        return Ok(None);
    }
    let mut found = long_names(db, MAX_NAME_BYTES, MOST_NAMED + 1)?;
    if found.is_empty() {
        return Ok(None);
    }
    if found.len() > MOST_NAMED {
        found.truncate(MOST_NAMED);
        found.push("more".into());
    }
    Ok(Some(Check::bad(
        "account names",
        format!(
            "longer than the {MAX_NAME_BYTES} bytes that PhotoPrism's login takes: {}",
            found.join(", ")
        ),
        "give them shorter ones: photoprism users rename",
    )))
}

/// Changes that a running PhotoPrism undid; an admin may have done so on purpose.
fn changes(db: &Db) -> Result<Option<Check>, CommandError> {
    if *db.kind() == Kind::Own {
        return Ok(None);
    }
    let back = reverted_changes(db)?;
    let line = |back: &Reverted| format!("{}: {}", back.user_name, back.what.join(", "));
    let mut found: Vec<String> = back.iter().take(MOST_NAMED).map(line).collect();
    if back.len() > MOST_NAMED {
        found.push(format!("{} more", back.len() - MOST_NAMED));
    }
    Ok(Some(if found.is_empty() {
        Check::ok("account changes", "none was undone by PhotoPrism")
    } else {
        Check::bad(
            "account changes",
            found.join("; "),
            "restart PhotoPrism, which may have written what it had in memory, and change the \
             account again; leave it as it is where an admin meant it",
        )
    }))
}

fn first_admin(db: &Db) -> Result<Check, CommandError> {
    let name = first_admin_name(db, FIRST_ADMIN_ID)?;
    let waits = admin_password_state(db)? == AdminPasswordState::NeverSet;
    Ok(match name {
        Some(name) if waits => Check::bad(
            "first admin",
            format!("{name} has no password yet"),
            format!("photoprism passwd {name}"),
        ),
        Some(name) => Check::ok("first admin", name),
        None => Check::ok("first admin", "deleted, or without a name"),
    })
}
