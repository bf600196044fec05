//! A request and a reply of every command, written by hand: they must go on decoding, and what
//! was decoded must say the same.

use std::collections::BTreeSet;
use std::fs;

use photoprism_protocol::args::Entries;
use photoprism_protocol::audit::{AuditLs, AuditVerify};
use photoprism_protocol::auth::{
    AuthAdd, AuthLogin, AuthLogout, AuthLs, AuthReset, AuthRm, AuthShow, AuthVerify,
};
use photoprism_protocol::backup::{
    BackupCreate, BackupFetch, BackupLs, BackupPrune, BackupRestore, BackupRm, BackupSend,
    BackupVerify,
};
use photoprism_protocol::clock::{ClockReset, ClockShow};
use photoprism_protocol::command::{Arguments, Command, CommandName as C};
use photoprism_protocol::doctor::Doctor;
use photoprism_protocol::envelope::{self, Id, Outgoing, Reply, Request};
use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::logins::{LoginsClear, LoginsLs, LoginsRecord};
use photoprism_protocol::metrics::Metrics;
use photoprism_protocol::passwd::{PasswdRemove, PasswdSet};
use photoprism_protocol::status::{Ping, Status};
use photoprism_protocol::transfer::{UsersExport, UsersImport};
use photoprism_protocol::twofa::{
    Users2faConfirm, Users2faDisable, Users2faEnroll, Users2faRecovery, Users2faShow,
};
use photoprism_protocol::users::{
    UsersAdd, UsersAdopt, UsersLegacy, UsersLs, UsersMod, UsersRename, UsersReset, UsersRestore,
    UsersRm, UsersShow,
};
use photoprism_protocol::why::UsersWhy;
use serde_json::{Value, json};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

fn golden(file: &str) -> String {
    fs::read_to_string(format!("{DIRECTORY}/{file}.json")).expect(file)
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

/// A command with its arguments, and with the result of its reply, decoded and encoded again.
type Row = (C, fn(Entries<'_>) -> Value, fn(&str) -> Value);

fn row<T: Command>() -> Row {
    let arguments = |entries: Entries<'_>| json!(T::Args::decode(entries).expect("they decode"));
    let reply = |text: &str| json!(serde_json::from_str::<T::Reply>(text).expect(text));
    (T::NAME, arguments, reply)
}

fn table() -> [Row; 47] {
    [
        row::<Ping>(),
        row::<Status>(),
        row::<UsersLs>(),
        row::<UsersLegacy>(),
        row::<UsersShow>(),
        row::<UsersAdd>(),
        row::<UsersMod>(),
        row::<UsersRm>(),
        row::<UsersRestore>(),
        row::<UsersAdopt>(),
        row::<UsersRename>(),
        row::<UsersReset>(),
        row::<PasswdSet>(),
        row::<PasswdRemove>(),
        row::<AuditLs>(),
        row::<AuditVerify>(),
        row::<AuthAdd>(),
        row::<AuthLs>(),
        row::<AuthShow>(),
        row::<AuthRm>(),
        row::<AuthReset>(),
        row::<AuthLogin>(),
        row::<AuthVerify>(),
        row::<AuthLogout>(),
        row::<LoginsLs>(),
        row::<LoginsRecord>(),
        row::<LoginsClear>(),
        row::<Doctor>(),
        row::<Metrics>(),
        row::<BackupCreate>(),
        row::<BackupLs>(),
        row::<BackupVerify>(),
        row::<BackupRestore>(),
        row::<BackupRm>(),
        row::<BackupPrune>(),
        row::<BackupFetch>(),
        row::<BackupSend>(),
        row::<ClockShow>(),
        row::<ClockReset>(),
        row::<UsersExport>(),
        row::<UsersImport>(),
        row::<UsersWhy>(),
        row::<Users2faShow>(),
        row::<Users2faEnroll>(),
        row::<Users2faConfirm>(),
        row::<Users2faDisable>(),
        row::<Users2faRecovery>(),
    ]
}

#[test]
fn requests_decode_and_say_the_same_again() {
    for (command, arguments, _) in table() {
        let text = golden(&format!("{}.request", command.name()));
        let written = value(&text);
        let Request { id, command: name, args, key, confirm } =
            envelope::decode(text.trim_end().as_bytes()).unwrap();
        assert_eq!(name, command);
        assert_eq!(json!(id), written["id"]);
        let args = arguments(Entries::read(args).expect("an object"));
        let sent = Outgoing { cmd: name.name(), args: &args, key: key.as_deref(), confirm };
        let mut again = json!(sent);
        again["id"] = json!(id);
        let mut expected = written.clone();
        if expected.get("args").is_none() {
            expected["args"] = json!({});
        }
        assert_eq!(again, expected, "{}", command.name());
        assert_eq!(command.needs_confirm(), confirm, "{}", command.name());
    }
}

#[test]
fn replies_decode_and_say_the_same_again() {
    for (command, _, outcome) in table() {
        let text = golden(&format!("{}.reply", command.name()));
        let written = value(&text);
        let reply: Reply = serde_json::from_str(&text).unwrap();
        assert!(reply.ok && reply.error.is_none(), "{}", command.name());
        let result = reply.result.expect("a result");
        assert_eq!(outcome(result.get()), written["result"], "{}", command.name());
        let warnings = written.get("warnings").cloned().unwrap_or(json!([]));
        assert_eq!(json!(reply.warnings), warnings, "{}", command.name());
    }
}

#[test]
fn an_error_decodes_and_says_the_same_again() {
    let text = golden("error.reply");
    let reply: Reply = serde_json::from_str(&text).unwrap();
    assert!(!reply.ok && reply.result.is_none() && reply.warnings.is_empty());
    let error = reply.error.unwrap();
    assert_eq!(json!(error), value(&text)["error"]);
    let code = ErrorCode::parse(&error.code).unwrap();
    assert_eq!(code, ErrorCode::Exists);
    // What the daemon writes for it is the same object.
    let body = photoprism_protocol::error::ErrorBody::new(code, error.message)
        .at(error.field.unwrap())
        .retry_after(error.retry_after_s.unwrap())
        .hint(error.hint.unwrap());
    let line = envelope::encode(&Id::Null, &Err(body));
    assert_eq!(value(std::str::from_utf8(&line).unwrap()), value(&text));
}

#[test]
fn every_command_has_its_two_files_and_no_file_is_without_a_command() {
    let mut expected = BTreeSet::from(["error.reply.json".to_owned()]);
    for command in C::all() {
        let row = table().iter().any(|(name, ..)| *name == command);
        assert!(row, "{} has no golden files", command.name());
        expected.insert(format!("{}.request.json", command.name()));
        expected.insert(format!("{}.reply.json", command.name()));
    }
    let found = fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().file_name());
    let found: BTreeSet<String> = found.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(found, expected);
}
