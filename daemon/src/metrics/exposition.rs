//! The text of one scrape.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::counters::{Label, Metrics};

/// The media type of OpenMetrics 1.0 text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Number = Gauge<u64, AtomicU64>;

/// The gauges at the moment of a scrape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// Open connections, and the most that may be open.
    pub connections: (u64, u64),
    /// Hashes that are computed, that wait, and that were computed since the start.
    pub hashes: (u64, u64, u64),
    /// Right passwords that are remembered, and repeated logins that are not yet written.
    pub logins: (u64, u64),
    /// Commits since the start, and the writes in them.
    pub commits: (u64, u64),
    /// Unix seconds of the start.
    pub started_at: u64,
    /// Backups that the daemon writes by itself; `None`: off.
    pub backups: Option<BackupFigures>,
    /// What the database holds; `None` while it is missing.
    pub database: Option<DatabaseFigures>,
}

/// Backups that the daemon writes by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BackupFigures {
    /// Seconds between two.
    pub every: u64,
    /// When the newest was written, Unix seconds.
    pub last_at: Option<u64>,
    /// Whether the last attempt failed.
    pub has_failed: bool,
}

/// What the database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DatabaseFigures {
    /// Bytes of each file, by its label: the database, the WAL next to it, the daemon's own tables.
    pub bytes: Vec<(&'static str, u64)>,
    /// Number of the newest audit record.
    pub audit_head: u64,
    /// Accounts, and deleted ones.
    pub users: (u64, u64),
    /// Sessions, expired ones included.
    pub sessions: u64,
    /// Rows of login attempts.
    pub login_records: u64,
}

/// The whole text, `# EOF` included.
pub(crate) fn exposition(
    metrics: &Metrics,
    figures: &Snapshot,
    version: &'static str,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("photoprismd");
    registry.register("build", "The daemon", Info::new([("version", version)]));
    counters(&mut registry, metrics);
    add_gauges(&mut registry, figures);
    if let Some(backups) = &figures.backups {
        add_backup_gauges(&mut registry, backups);
    }
    if let Some(database) = &figures.database {
        add_database_gauges(&mut registry, database);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn counters(to: &mut Registry, metrics: &Metrics) {
    to.register("commands", "Commands answered, by outcome", metrics.commands.clone());
    to.register("lines_rejected", "Lines that held no command", metrics.rejected.clone());
    to.register("connections_accepted", "Connections served", metrics.accepted.clone());
    to.register("connections_refused", "Connections turned away", metrics.refused.clone());
    to.register("logins", "Logins decided, by result", metrics.logins.clone());
    let help = "Logins without a hash, since the password was remembered";
    to.register("logins_remembered", help, metrics.remembered.clone());
    let help = "Repeated logins that are written together";
    to.register("logins_gathered", help, metrics.gathered.clone());
}

fn add_gauges(to: &mut Registry, figures: &Snapshot) {
    let (open, limit) = figures.connections;
    to.register("connections", "Connections that are open", gauge(open));
    to.register("connections_limit", "The setting max-connections", gauge(limit));
    let (running, waiting, computed) = figures.hashes;
    to.register("hashes_running", "Password hashes that are computed", gauge(running));
    to.register("hashes_waiting", "Password hashes that wait for a thread", gauge(waiting));
    to.register("hashes", "Password hashes computed", counter(computed));
    let (remembered, waiting) = figures.logins;
    to.register("passwords_remembered", "Right passwords in memory", gauge(remembered));
    to.register("logins_waiting", "Repeated logins that are not yet written", gauge(waiting));
    let (commits, writes) = figures.commits;
    to.register("commits", "Commits to the database, one sync each", counter(commits));
    to.register("writes", "Writes in those commits", counter(writes));
    let (name, help) = ("start_time", "When the daemon started, Unix time");
    to.register_with_unit(name, help, Unit::Seconds, gauge(figures.started_at));
    let up = gauge(u64::from(figures.database.is_some()));
    to.register("database_up", "Whether the database is there", up);
}

fn add_backup_gauges(to: &mut Registry, backups: &BackupFigures) {
    let help = "Time between two periodic backups";
    to.register_with_unit("backup_every", help, Unit::Seconds, gauge(backups.every));
    if let Some(at) = backups.last_at {
        let help = "When the newest periodic backup was written, Unix time";
        to.register_with_unit("backup_time", help, Unit::Seconds, gauge(at));
    }
    let failed = gauge(u64::from(backups.has_failed));
    to.register("backup_failed", "Whether the last periodic backup failed", failed);
}

fn add_database_gauges(to: &mut Registry, database: &DatabaseFigures) {
    let sizes = labelled("file", &database.bytes);
    to.register_with_unit("database_size", "Size of the database", Unit::Bytes, sizes);
    let head = gauge(database.audit_head);
    to.register("audit_head", "Number of the newest audit record", head);
    let (live, deleted) = database.users;
    let users = labelled("state", &[("live", live), ("deleted", deleted)]);
    to.register("users", "Accounts", users);
    to.register("sessions", "Sessions, expired ones included", gauge(database.sessions));
    to.register("login_records", "Rows of login attempts", gauge(database.login_records));
}

fn gauge(value: u64) -> Number {
    let gauge = Number::default();
    gauge.set(value);
    gauge
}

fn counter(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

fn labelled(name: &'static str, values: &[(&'static str, u64)]) -> Family<[Label; 1], Number> {
    let family = Family::<[Label; 1], Number>::default();
    for &(label, value) in values {
        family.get_or_create(&[(name, label)]).set(value);
    }
    family
}

#[cfg(test)]
mod tests {
    use photoprism_protocol::command::CommandName;
    use photoprism_protocol::error::ErrorCode;

    use super::super::grammar::parse;
    use super::*;

    fn text(database: Option<DatabaseFigures>) -> String {
        let metrics = Metrics::default();
        metrics.command(CommandName::UsersLs, None);
        metrics.command(CommandName::UsersLs, None);
        metrics.command(CommandName::UsersRm, Some(ErrorCode::NotFound));
        metrics.rejected(ErrorCode::BadRequest);
        metrics.accepted();
        metrics.refused(ErrorCode::Busy);
        metrics.login("wrong password");
        metrics.remembered();
        metrics.gathered();
        let figures = Snapshot {
            connections: (1, 256),
            hashes: (1, 2, 3),
            logins: (5, 6),
            commits: (4, 9),
            started_at: 1_795_515_571,
            backups: Some(BackupFigures {
                every: 86_400,
                last_at: Some(1_795_515_600),
                has_failed: true,
            }),
            database,
        };
        exposition(&metrics, &figures, "0.1.0").unwrap()
    }

    #[test]
    fn the_text_keeps_the_grammar_and_says_what_was_counted() {
        let database = DatabaseFigures {
            bytes: vec![("main", 4096), ("wal", 32)],
            audit_head: 17,
            users: (3, 1),
            sessions: 5,
            login_records: 6,
        };
        let text = text(Some(database));
        let samples = parse(&text).unwrap();
        let value = |sample: &str| samples.get(sample).copied();
        for (sample, expected) in [
            (r#"photoprismd_build_info{version="0.1.0"}"#, 1),
            (r#"photoprismd_commands_total{command="users.ls",code="ok"}"#, 2),
            (r#"photoprismd_commands_total{command="users.rm",code="not_found"}"#, 1),
            (r#"photoprismd_lines_rejected_total{code="bad_request"}"#, 1),
            ("photoprismd_connections_accepted_total", 1),
            (r#"photoprismd_connections_refused_total{code="busy"}"#, 1),
            (r#"photoprismd_logins_total{result="wrong password"}"#, 1),
            ("photoprismd_logins_remembered_total", 1),
            ("photoprismd_logins_gathered_total", 1),
            ("photoprismd_passwords_remembered", 5),
            ("photoprismd_logins_waiting", 6),
            ("photoprismd_connections", 1),
            ("photoprismd_connections_limit", 256),
            ("photoprismd_hashes_running", 1),
            ("photoprismd_hashes_waiting", 2),
            ("photoprismd_hashes_total", 3),
            ("photoprismd_commits_total", 4),
            ("photoprismd_writes_total", 9),
            ("photoprismd_start_time_seconds", 1_795_515_571),
            ("photoprismd_backup_every_seconds", 86_400),
            ("photoprismd_backup_time_seconds", 1_795_515_600),
            ("photoprismd_backup_failed", 1),
            ("photoprismd_database_up", 1),
            (r#"photoprismd_database_size_bytes{file="main"}"#, 4096),
            (r#"photoprismd_database_size_bytes{file="wal"}"#, 32),
            ("photoprismd_audit_head", 17),
            (r#"photoprismd_users{state="deleted"}"#, 1),
            ("photoprismd_sessions", 5),
            ("photoprismd_login_records", 6),
        ] {
            assert_eq!(value(sample), Some(expected), "{sample} in\n{text}");
        }
    }

    #[test]
    fn without_a_database_there_are_no_figures_of_it() {
        let text = text(None);
        let samples = parse(&text).unwrap();
        assert_eq!(samples["photoprismd_database_up"], 0);
        assert!(!text.contains("database_size") && !text.contains("audit_head"));
    }
}
