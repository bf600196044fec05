//! Who may run what: every command and what each kind of peer gets, written by hand from the
//! documentation. The only such table: the tests of the policy and those with real processes of
//! other users read it.

/// Below the right that the command needs.
pub(crate) const NO: &str = "forbidden";

/// The column of every peer of the auth socket.
pub(crate) const AUTH_SOCKET: usize = 4;

/// Command, arguments, and the outcome for the rights verify, read, write and admin on the admin
/// socket, and for any peer of the auth socket: `ok` or the code of the error. What would change
/// something is asked in a way that is refused after the right was checked.
#[rustfmt::skip]
pub(crate) const TABLE: [(&str, &str, [&str; 5]); 47] = [
    ("ping", "{}", ["ok", "ok", "ok", "ok", "ok"]),
    ("status", "{}", [NO, "ok", "ok", "ok", NO]),
    ("users.ls", "{}", [NO, "ok", "ok", "ok", NO]),
    ("users.legacy", "{}", [NO, "ok", "ok", "ok", NO]),
    ("users.show", r#"{"user":"admin"}"#, [NO, "ok", "ok", "ok", NO]),
    ("users.add", r#"{"name":"a b"}"#, [NO, NO, "invalid_argument", "invalid_argument", NO]),
    ("users.mod", r#"{"user":"admin"}"#, [NO, NO, "ok", "ok", NO]),
    ("users.rm", r#"{"user":"nobody"}"#, [NO, NO, "confirm_required", "confirm_required", NO]),
    ("users.restore", r#"{"user":"nobody"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.reset", "{}", [NO, NO, NO, "confirm_required", NO]),
    ("passwd.set", r#"{"user":"x","password":"s"}"#, [NO, NO, "invalid_argument", "invalid_argument", NO]),
    ("passwd.remove", r#"{"user":"x"}"#, [NO, NO, "confirm_required", "confirm_required", NO]),
    ("logins.ls", "{}", [NO, "ok", "ok", "ok", NO]),
    ("logins.record", "{}", ["bad_request", "bad_request", "bad_request", "bad_request", "bad_request"]),
    ("logins.clear", "{}", [NO, NO, NO, "confirm_required", NO]),
    ("auth.ls", "{}", [NO, "ok", "ok", "ok", NO]),
    ("auth.add", r#"{"name":" ","scope":"*"}"#, [NO, NO, "invalid_argument", "invalid_argument", NO]),
    ("auth.show", r#"{"session":"sessxxxxxxxx"}"#, [NO, "not_found", "not_found", "not_found", NO]),
    ("auth.rm", r#"{"session":"sessxxxxxxxx"}"#, [NO, NO, "confirm_required", "confirm_required", NO]),
    ("auth.reset", "{}", [NO, NO, NO, "confirm_required", NO]),
    ("auth.login", r#"{"name":"x"}"#, ["bad_request", "bad_request", "bad_request", "bad_request", "bad_request"]),
    ("auth.verify", r#"{"token":"x"}"#, ["ok", "ok", "ok", "ok", "ok"]),
    ("auth.logout", r#"{"token":"x"}"#, ["ok", "ok", "ok", "ok", "ok"]),
    ("users.why", r#"{"user":"nobody"}"#, [NO, "not_found", "not_found", "not_found", NO]),
    ("users.2fa.show", r#"{"user":"nobody"}"#, [NO, "not_found", "not_found", "not_found", NO]),
    ("users.2fa.enroll", r#"{"user":"nobody"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.2fa.confirm", r#"{"user":"nobody","passcode":"123456"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.2fa.disable", r#"{"user":"nobody"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.2fa.recovery", r#"{"user":"nobody"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.rename", r#"{"user":"nobody","name":"new"}"#, [NO, NO, "not_found", "not_found", NO]),
    ("users.adopt", "{}", [NO, NO, NO, "invalid_argument", NO]),
    ("users.import", "{}", [NO, NO, NO, "invalid_argument", NO]),
    ("users.export", "{}", [NO, NO, NO, "ok", NO]),
    ("backup.create", r#"{"x":1}"#, [NO, NO, NO, "bad_request", NO]),
    ("backup.ls", "{}", [NO, NO, NO, "ok", NO]),
    ("backup.verify", r#"{"file":"x.db"}"#, [NO, NO, NO, "not_found", NO]),
    ("backup.restore", r#"{"file":"x.db"}"#, [NO, NO, NO, "confirm_required", NO]),
    ("backup.rm", r#"{"backup":"x.db"}"#, [NO, NO, NO, "confirm_required", NO]),
    ("backup.prune", r#"{"keep":1}"#, [NO, NO, NO, "confirm_required", NO]),
    ("backup.fetch", r#"{"file":"x.db"}"#, [NO, NO, NO, "not_found", NO]),
    ("backup.send", "{}", [NO, NO, NO, "invalid_argument", NO]),
    ("doctor", "{}", [NO, "ok", "ok", "ok", NO]),
    ("metrics", "{}", [NO, "ok", "ok", "ok", NO]),
    ("audit.ls", "{}", [NO, "ok", "ok", "ok", NO]),
    ("audit.verify", "{}", [NO, "ok", "ok", "ok", NO]),
    ("clock.show", "{}", [NO, "ok", "ok", "ok", NO]),
    ("clock.reset", "{}", [NO, NO, NO, "confirm_required", NO]),
];
