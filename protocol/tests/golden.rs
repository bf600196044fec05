//! A request and a reply of every command, written by hand: they must go on decoding, and what
//! was decoded must say the same.

use std::collections::BTreeSet;
use std::fs;

use photoprism_protocol::args::{Entries, decode, decode_pair};
use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::envelope::{self, Id, Outgoing, Reply, Request};
use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::list::{Page, Search};
use photoprism_protocol::status::{NoArgs, Pong, Status};
use photoprism_protocol::users::{
    Add, AddTarget, Adopt, AdoptResult, Fields, Legacy, Ls, Mod, ModResult, ModTarget, OneUser,
    Rename, RenameResult, ResetResult, RmResult, Target, User,
};
use photoprism_protocol::{
    audit, auth, backup, doctor, logins, metrics, passwd, transfer, twofa, why,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");

fn golden(file: &str) -> String {
    fs::read_to_string(format!("{DIRECTORY}/{file}.json")).expect(file)
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

/// The arguments of a request, decoded and encoded again.
type Arguments = fn(Entries<'_>) -> Value;

/// The result of a reply, decoded and encoded again.
type Outcome = fn(&str) -> Value;

fn one<T: for<'a> Deserialize<'a> + Serialize>(entries: Entries<'_>) -> Value {
    json!(decode::<T>(entries).expect("the arguments decode"))
}

fn add(entries: Entries<'_>) -> Value {
    let (target, fields) = decode_pair::<AddTarget, Fields>(entries).expect("they decode");
    json!(Add { target, fields })
}

fn modify(entries: Entries<'_>) -> Value {
    let (target, fields) = decode_pair::<ModTarget, Fields>(entries).expect("they decode");
    json!(Mod { target, fields })
}

fn result<T: DeserializeOwned + Serialize>(text: &str) -> Value {
    json!(serde_json::from_str::<T>(text).expect(text))
}

fn page<T: DeserializeOwned + Serialize>(text: &str) -> Value {
    let page: Page<T> = serde_json::from_str(text).expect(text);
    json!({"items": page.items, "next": page.next})
}

const TABLE: [(C, Arguments, Outcome); 41] = [
    (C::Ping, one::<NoArgs>, result::<Pong>),
    (C::Status, one::<NoArgs>, result::<Status>),
    (C::UsersLs, one::<Ls>, page::<User>),
    (C::UsersLegacy, one::<Search>, page::<Legacy>),
    (C::UsersShow, one::<Target>, result::<OneUser>),
    (C::UsersAdd, add, result::<OneUser>),
    (C::UsersMod, modify, result::<ModResult>),
    (C::UsersRm, one::<Target>, result::<RmResult>),
    (C::UsersRestore, one::<Target>, result::<OneUser>),
    (C::UsersAdopt, one::<Adopt>, result::<AdoptResult>),
    (C::UsersRename, one::<Rename>, result::<RenameResult>),
    (C::UsersReset, one::<NoArgs>, result::<ResetResult>),
    (C::PasswdSet, one::<passwd::Set>, result::<passwd::SetResult>),
    (C::PasswdRemove, one::<passwd::Remove>, result::<passwd::RemoveResult>),
    (C::AuditLs, one::<audit::Ls>, page::<audit::Record>),
    (C::AuditVerify, one::<audit::Verify>, result::<audit::VerifyResult>),
    (C::AuthAdd, one::<auth::Add>, result::<auth::AddResult>),
    (C::AuthLs, one::<Search>, page::<auth::Session>),
    (C::AuthShow, one::<auth::Target>, result::<auth::OneSession>),
    (C::AuthRm, one::<auth::Target>, result::<auth::RmResult>),
    (C::AuthReset, one::<NoArgs>, result::<auth::ResetResult>),
    (C::AuthLogin, one::<auth::Login>, result::<auth::LoginResult>),
    (C::AuthVerify, one::<auth::Verify>, result::<auth::Introspection>),
    (C::AuthLogout, one::<auth::Logout>, result::<auth::LogoutResult>),
    (C::LoginsLs, one::<logins::Ls>, page::<logins::Entry>),
    (C::LoginsRecord, one::<logins::Record>, result::<logins::RecordResult>),
    (C::LoginsClear, one::<logins::Clear>, result::<logins::ClearResult>),
    (C::Doctor, one::<NoArgs>, result::<doctor::Report>),
    (C::Metrics, one::<NoArgs>, result::<metrics::Exposition>),
    (C::BackupCreate, one::<NoArgs>, result::<backup::CreateResult>),
    (C::BackupLs, one::<backup::Ls>, page::<backup::Entry>),
    (C::BackupVerify, one::<backup::Verify>, result::<backup::VerifyResult>),
    (C::BackupRestore, one::<backup::Restore>, result::<backup::RestoreResult>),
    (C::UsersExport, one::<transfer::Export>, page::<transfer::Row>),
    (C::UsersImport, one::<transfer::Import>, result::<transfer::ImportResult>),
    (C::UsersWhy, one::<Target>, result::<why::WhyResult>),
    (C::Users2faShow, one::<Target>, result::<twofa::Show>),
    (C::Users2faEnroll, one::<Target>, result::<twofa::EnrollResult>),
    (C::Users2faConfirm, one::<twofa::Confirm>, result::<twofa::RecoveryResult>),
    (C::Users2faDisable, one::<Target>, result::<twofa::DisableResult>),
    (C::Users2faRecovery, one::<Target>, result::<twofa::RecoveryResult>),
];

#[test]
fn requests_decode_and_say_the_same_again() {
    for (command, arguments, _) in TABLE {
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
    for (command, _, outcome) in TABLE {
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
    for command in C::ALL {
        let row = TABLE.iter().any(|(name, ..)| *name == command);
        assert!(row, "{} has no golden files", command.name());
        expected.insert(format!("{}.request.json", command.name()));
        expected.insert(format!("{}.reply.json", command.name()));
    }
    let found = fs::read_dir(DIRECTORY).unwrap().map(|entry| entry.unwrap().file_name());
    let found: BTreeSet<String> = found.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(found, expected);
}
