//! What the database itself says.

use photoprism_protocol::doctor::Check;

use super::Facts;
use crate::accounts::first::FIRST_ADMIN_ID;
use crate::error::CommandError;
use crate::store::{
    Db, FirstPassword, Kind, SCHEMA_VERSION, audit_page, first_admin_name, first_password,
    journal_mode,
};

/// Seconds by which a clock may stand behind the last record before it counts as set back.
const SET_BACK: i64 = 60;

pub(super) fn checks(db: &Db, facts: &Facts) -> Result<Vec<Check>, CommandError> {
    let journal = journal_mode(db)?;
    let mut checks = vec![kind(db), self::journal(db.kind(), &journal), schema(db.kind())];
    checks.push(clock(db, facts)?);
    checks.push(first_admin(db)?);
    Ok(checks)
}

fn kind(db: &Db) -> Check {
    let whose = match db.kind() {
        Kind::Own => "its own".to_owned(),
        Kind::PhotoPrism { version, edition } => format!("PhotoPrism's ({version}, {edition})"),
    };
    Check::ok("database", format!("{whose}, {}", db.path().display()))
}

fn journal(kind: &Kind, mode: &str) -> Check {
    // PhotoPrism's is left as it was found; ours was set and read back when it was opened.
    let as_expected = *kind != Kind::Own || mode == "wal";
    let advice = (!as_expected).then(|| "it must be wal: restart photoprismd".to_owned());
    Check::judged("journal mode", mode, advice)
}

fn schema(kind: &Kind) -> Check {
    let found = match kind {
        Kind::Own => format!("version {SCHEMA_VERSION}, the one that this daemon knows"),
        Kind::PhotoPrism { .. } => "PhotoPrism's, looked up when it was opened".into(),
    };
    Check::ok("schema", found)
}

/// A clock that was set back lets what has ended live on.
fn clock(db: &Db, facts: &Facts) -> Result<Check, CommandError> {
    let last = audit_page(db, i64::MAX, 1)?.first().map(|row| row.entry.at);
    let now = facts.now.as_second();
    let behind = last.map_or(0, |last| last.saturating_sub(now));
    let advice = (behind > SET_BACK).then(|| {
        format!("it is {behind} s behind the last record of the audit trail: set the clock, by NTP")
    });
    Ok(Check::judged("clock", crate::accounts::times::to_rfc3339(facts.now), advice))
}

fn first_admin(db: &Db) -> Result<Check, CommandError> {
    let name = first_admin_name(db, FIRST_ADMIN_ID)?;
    let waits = first_password(db)? == FirstPassword::Awaited;
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
