//! Every command with the golden reply of the protocol, and with that reply damaged.

mod common;

use std::path::Path;

use common::{Daemon, Output, ok};
use photoprism_protocol::command::CommandName;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The command line that sends a command.
struct Case {
    line: &'static str,
    /// The exit code after the golden reply.
    code: i32,
    printed: Printed,
}

/// What is printed as JSON.
#[derive(Clone, Copy)]
enum Printed {
    /// The result, with `--json`.
    Whole,
    /// The items of the list, with `--json`.
    Items,
    /// An item on each line, always.
    Lines,
    /// The value of that key, with `--json`.
    Part(&'static str),
    /// The checks behind those of the client, with `--json`.
    Checks,
    /// Counts and items, with `--json`.
    Outcomes,
    /// Nothing.
    Nothing,
}

fn case(command: CommandName) -> Option<Case> {
    use CommandName as C;
    use Printed::{Checks, Items, Lines, Nothing, Outcomes, Part, Whole};
    let (line, code, printed) = match command {
        // For other programs, which talk to the daemon themselves; `backup.send` is a part of `admin
        // backup restore`.
        C::Ping
        | C::LoginsRecord
        | C::AuthLogin
        | C::AuthVerify
        | C::AuthLogout
        | C::BackupSend => return None,
        C::Status => ("admin status", 0, Whole),
        C::UsersLs => ("users ls -n 1", 0, Items),
        C::UsersLegacy => ("users legacy -n 1", 0, Items),
        C::UsersShow => ("users show bob", 0, Part("user")),
        C::UsersAdd => ("users add -A none bob", 0, Whole),
        C::UsersMod => ("users mod -r guest bob", 0, Whole),
        C::UsersRm => ("users rm -y bob", 0, Whole),
        C::UsersRestore => ("users restore bob", 0, Whole),
        C::UsersReset => ("users reset -y", 0, Whole),
        C::PasswdSet => ("passwd -s -p mysecret bob", 0, Whole),
        C::PasswdRemove => ("passwd --remove -y bob", 0, Whole),
        C::LoginsLs => ("logins ls", 0, Items),
        C::LoginsClear => ("logins clear -y", 0, Whole),
        C::AuthLs => ("auth ls -n 1", 0, Items),
        C::AuthAdd => ("auth add -n Sync -s webdav bob", 0, Whole),
        C::AuthShow => ("auth show sessxipuw5k0", 0, Part("session")),
        C::AuthRm => ("auth rm -y sessxipuw5k0", 0, Whole),
        C::AuthReset => ("auth reset -y", 0, Whole),
        C::UsersWhy => ("users why bob", 1, Whole),
        C::Users2faShow => ("users 2fa show bob", 0, Whole),
        C::Users2faEnroll => ("users 2fa enroll bob", 0, Whole),
        C::Users2faConfirm => ("users 2fa confirm bob 123456", 0, Whole),
        C::Users2faDisable => ("users 2fa disable -y bob", 0, Whole),
        C::Users2faRecovery => ("users 2fa recovery bob", 0, Whole),
        C::UsersRename => ("users rename bob robert", 0, Whole),
        C::UsersAdopt => ("users adopt --all", 3, Whole),
        C::UsersImport => ("users import -", 0, Outcomes),
        C::UsersExport => ("users export --with-secrets", 0, Lines),
        C::BackupCreate => ("admin backup create", 0, Whole),
        C::BackupLs => ("admin backup ls", 0, Items),
        C::BackupVerify => ("admin backup verify", 0, Whole),
        C::BackupRestore => ("admin backup restore -y x.db", 0, Whole),
        C::BackupRm => ("admin backup rm -y x.db", 0, Whole),
        C::BackupPrune => ("admin backup prune -y --keep 7", 0, Whole),
        C::BackupFetch => ("admin backup fetch -o - x.db", 0, Nothing),
        C::Doctor => ("admin doctor", 1, Checks),
        C::Metrics => ("admin metrics", 0, Nothing),
        C::AuditLs => ("admin audit ls -n 2", 0, Items),
        C::AuditVerify => ("admin audit verify", 1, Whole),
        C::ClockShow => ("admin clock", 0, Whole),
        C::ClockReset => ("admin clock --reset -y", 0, Whole),
    };
    Some(Case { line, code, printed })
}

fn cases() -> impl Iterator<Item = (CommandName, Case)> {
    CommandName::all().filter_map(|command| Some((command, case(command)?)))
}

/// Keys that a result may leave out.
fn is_optional(command: CommandName, key: &str) -> bool {
    match command {
        CommandName::PasswdSet => key == "hash",
        // What an account does not have, its row does not name.
        CommandName::UsersExport => !matches!(key, "items" | "next" | "name"),
        // An older daemon does not know these, and its replies are wanted during an upgrade too.
        CommandName::AuditLs => key == "host",
        CommandName::Status => {
            matches!(key, "commit" | "target" | "engine" | "server" | "daemons" | "backups")
        }
        _ => false,
    }
}

/// The golden reply on one line, otherwise as it is in its file.
fn golden_line(command: CommandName) -> String {
    let file = format!("../protocol/tests/golden/{}.reply.json", command.name());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap().lines().map(str::trim).collect()
}

fn golden_result(command: CommandName) -> Value {
    serde_json::from_str::<Value>(&golden_line(command)).unwrap()["result"].take()
}

/// Runs the command line against that reply.
fn run(command: CommandName, case: &Case, reply: String, json: bool) -> Output {
    let mut script = vec![reply];
    if command == CommandName::UsersImport {
        // The text has arrived; what was asked for then is done at once.
        let done = script[0].replace(r#""done": false"#, r#""done": true"#);
        script.push(done.replace(r#""done":false"#, r#""done":true"#));
    }
    let daemon = Daemon::playing(script);
    let json = json && !matches!(case.printed, Printed::Lines | Printed::Nothing);
    let output = daemon.run(&[case.line, if json { " --json" } else { "" }].concat());
    assert_eq!(daemon.requests()[0]["cmd"], command.name());
    output
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Parts<'a> {
    #[serde(borrow, alias = "checks")]
    items: Vec<&'a RawValue>,
    #[serde(borrow)]
    counts: Option<&'a RawValue>,
}

/// What a reply has to be printed as; for [`Printed::Checks`] the end of it.
fn expected(printed: Printed, reply: &str) -> String {
    let result = serde_json::from_str::<Line<'_>>(reply).unwrap().result.get();
    let parts = || serde_json::from_str::<Parts<'_>>(result).unwrap();
    let items = |separator| {
        let items: Vec<&str> = parts().items.iter().map(|item| item.get()).collect();
        items.join(separator)
    };
    match printed {
        Printed::Whole => format!("{result}\n"),
        Printed::Items => format!("[{}]\n", items(",")),
        Printed::Lines => format!("{}\n", items("\n")),
        Printed::Part(key) => {
            let inner = result.strip_prefix(&format!("{{\"{key}\":")).unwrap();
            format!("{}\n", inner.strip_suffix('}').unwrap().trim())
        }
        Printed::Checks => format!(",{}]}}\n", items(",")),
        Printed::Outcomes => {
            format!("{{\"counts\":{},\"items\":[{}]}}\n", parts().counts.unwrap(), items(","))
        }
        Printed::Nothing => String::new(),
    }
}

#[test]
fn every_golden_reply_is_accepted_and_printed_byte_for_byte() {
    for (command, case) in cases() {
        let reply = golden_line(command);
        for json in [false, true] {
            let output = run(command, &case, reply.clone(), json);
            assert_eq!(output.code, Some(case.code), "{}: {output:?}", case.line);
            let json = json || matches!(case.printed, Printed::Lines);
            if json && !matches!(case.printed, Printed::Nothing) {
                let expected = expected(case.printed, &reply);
                assert!(output.out.ends_with(&expected), "{expected} in {}", output.out);
                let checks = matches!(case.printed, Printed::Checks);
                assert!(checks || output.out == expected, "{}", output.out);
            }
        }
    }
}

/// A command that is not for the command line is used by no command line, each other one is.
#[test]
fn no_command_of_the_control_binary_is_forgotten() {
    let mut sources = String::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                sources += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    for command in CommandName::all() {
        // `call::<UsersRm>`, `call::<wire::Status>`, `fetch::<UsersLs, _>`.
        let used = ["<", "<wire::"].iter().any(|before| {
            [">", ", _>"]
                .iter()
                .any(|after| sources.contains(&format!("{before}{command:?}{after}")))
        });
        // It is a step of a restore: `backup.rs`.
        let is_tried = case(command).is_some() || command == CommandName::BackupSend;
        assert_eq!(used, is_tried, "{}", command.name());
    }
}

/// Adds a key to each object.
fn add_keys(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(add_keys);
            map.insert("of_tomorrow".into(), json!({"list": [1.5, null]}));
        }
        Value::Array(items) => items.iter_mut().for_each(add_keys),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn keys_of_a_newer_daemon_are_accepted_and_printed() {
    for (command, case) in cases() {
        let mut result = golden_result(command);
        add_keys(&mut result);
        let reply = ok(&result);
        let output = run(command, &case, reply.clone(), false);
        assert_eq!(output.code, Some(case.code), "{}: {output:?}", case.line);
        let output = run(command, &case, reply, true);
        assert_eq!(output.code, Some(case.code), "{}: {output:?}", case.line);
        let shown = output.out.contains("of_tomorrow");
        let empty = matches!(case.printed, Printed::Nothing);
        assert_eq!(shown, !empty, "{}: {}", case.line, output.out);
    }
}

/// Values of other kinds, and those of the same kind that are wrong too. A golden `null` may be of
/// several types, but never a list, nor an object without keys.
fn wrong_values(value: &Value) -> Vec<Value> {
    let kinds = [json!(true), json!(5), json!("5"), json!([]), json!({})];
    let kind = std::mem::discriminant(value);
    let others = kinds.into_iter().filter(|other| std::mem::discriminant(other) != kind);
    match value {
        Value::Null => vec![json!([]), json!({})],
        Value::Bool(_) | Value::String(_) => others.collect(),
        Value::Number(_) => others.chain([json!(1.5), json!(1e300)]).collect(),
        Value::Array(_) => others.chain([json!([null])]).collect(),
        Value::Object(_) => others.chain([json!({})]).collect(),
    }
}

/// The pointers of all keys below a value.
fn keys(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut inner = |key: &str, value: &Value| {
        let pointer = format!("{at}/{key}");
        keys(value, &pointer, found);
        pointer
    };
    match value {
        Value::Object(map) => {
            let pointers: Vec<_> = map.iter().map(|(key, value)| inner(key, value)).collect();
            found.extend(pointers);
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                inner(&at.to_string(), item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The object that a pointer leads into, and its last key.
fn split<'a>(result: &'a mut Value, pointer: &str) -> (&'a mut Value, String) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    (result.pointer_mut(parent).unwrap(), key.into())
}

fn refuses(command: CommandName, case: &Case, result: &Value) {
    for json in [false, true] {
        let output = run(command, case, ok(result), json);
        assert_eq!(output.code, Some(70), "{} {result}: {output:?}", case.line);
        let expected = "unexpected result from the daemon";
        assert!(output.err.contains(expected), "{} {result}: {}", case.line, output.err);
        if json && !matches!(case.printed, Printed::Lines | Printed::Nothing) {
            assert_eq!(output.error()["code"], "bad_reply", "{}", case.line);
        }
    }
}

#[test]
fn a_key_that_is_missing_is_a_fault() {
    for (command, case) in cases() {
        let golden = golden_result(command);
        let mut pointers = Vec::new();
        keys(&golden, "", &mut pointers);
        for pointer in pointers {
            let mut result = golden.clone();
            let (object, key) = split(&mut result, &pointer);
            object.as_object_mut().unwrap().remove(&key);
            if is_optional(command, &key) {
                let output = run(command, &case, ok(&result), true);
                assert_eq!(output.code, Some(case.code), "{pointer}: {output:?}");
            } else {
                refuses(command, &case, &result);
            }
        }
    }
}

#[test]
fn a_value_of_another_type_is_a_fault() {
    for (command, case) in cases() {
        let golden = golden_result(command);
        refuses(command, &case, &json!([golden]));
        refuses(command, &case, &json!("x"));
        let mut pointers = Vec::new();
        keys(&golden, "", &mut pointers);
        for pointer in pointers {
            let mut values = wrong_values(golden.pointer(&pointer).unwrap());
            // Below the top one will do: the types of the fields are the same everywhere.
            if pointer.matches('/').count() > 1 {
                values.drain(..values.len() - 1);
            }
            for value in values {
                let mut result = golden.clone();
                let (object, key) = split(&mut result, &pointer);
                object[key] = value;
                refuses(command, &case, &result);
            }
        }
    }
}

#[test]
fn a_key_that_comes_twice_is_a_fault() {
    let reply = r#"{"ok":true,"result":{"removed":1,"removed":2}}"#;
    let output = Daemon::playing([reply]).run("logins clear -y");
    assert_eq!(output.code, Some(70), "{output:?}");
}

#[test]
fn a_message_names_the_key_and_never_repeats_a_value() {
    let mut result = golden_result(CommandName::UsersShow);
    result["user"]["role"] = json!(["mysecret"]);
    let output = Daemon::done(&result).run("users show bob");
    assert_eq!(
        output.err,
        "error: unexpected result from the daemon: \"role\" is missing or of another type\n"
    );
    let output = Daemon::done(&json!("mysecret")).run("users show bob");
    assert_eq!(output.err, "error: unexpected result from the daemon\n");
    let output = Daemon::playing([r#"{"result":"mysecret"}"#]).run("users show bob");
    assert_eq!(
        output.err,
        "error: unexpected reply from the daemon: \"ok\" is missing or of another type\n"
    );
}
