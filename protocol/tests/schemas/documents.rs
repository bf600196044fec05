//! Every line of the wire in the documents, against the schema of its command.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use photoprism_protocol::command::CommandName;
use serde_json::{Deserializer, Value};

use super::table;
use super::validator::Validator;

/// The directories whose documents may have such lines.
const DIRECTORIES: [&str; 5] = ["", "ctl", "daemon", "protocol", "systemd"];

/// How a line begins. One that goes on with `…` is a part of one, and passed over.
const BEGINNINGS: [&str; 5] =
    [r#"{"cmd":""#, r#"{"id":"#, r#"{"key":""#, r#"{"args":"#, r#"{"confirm":"#];

/// What is refused by form, so that the schema refuses it too.
const BY_FORM: [&str; 2] = ["bad_request", "confirm_required"];

/// Those of request and reply, by the name of the command.
fn validators() -> BTreeMap<&'static str, (Validator, Validator)> {
    let both = |row: super::Row| {
        let pair = (Validator::new(row.request), Validator::new(row.reply));
        (row.command.name(), pair)
    };
    table().into_iter().map(both).collect()
}

fn documents() -> Vec<(String, String)> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = |directory: &&str| {
        let entries = fs::read_dir(workspace.join(directory)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect::<Vec<_>>()
    };
    let read = |path: std::path::PathBuf| {
        let name = path.strip_prefix(workspace).unwrap().display().to_string();
        (name, fs::read_to_string(&path).unwrap())
    };
    DIRECTORIES.iter().flat_map(files).map(read).collect()
}

/// The text with the variables of a shell inside the quotes of JSON: `'"$NAME"'` as `$NAME`.
fn without_shell(text: &str) -> String {
    text.replace("'\"$", "$").replace("\"'", "")
}

/// The requests and replies in a text, in their order.
fn lines(text: &str) -> Vec<Value> {
    let text = without_shell(text);
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = BEGINNINGS.iter().filter_map(|begin| rest.find(begin)).min() {
        rest = &rest[at..];
        let mut values = Deserializer::from_str(rest).into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            rest = &rest[values.byte_offset()..];
            // Not what is inside of one that is cut.
            found
                .extend((value.get("cmd").is_some() || value.get("ok").is_some()).then_some(value));
        } else {
            let line = rest.lines().next().unwrap();
            assert!(line.contains('…'), "neither JSON nor a part of it: {line}");
            rest = &rest[1..];
        }
    }
    found
}

/// What is sent, and shown to be answered, by a block of a shell: each quoted argument of `ask` and of
/// `printf '%s\n'`, a line of the wire or not. What goes into a variable or nowhere is not shown.
fn asked(script: &str) -> Vec<String> {
    let script = without_shell(script).replace("\\\n", " ");
    let statements =
        script.lines().filter(|line| !line.contains("=$(") && !line.contains("> /dev"));
    let sends = |line: &&str| line.starts_with("ask '") || line.starts_with("printf '%s\\n' '{");
    let arguments = |line: &str| {
        let sent = line.split(" | ").next().unwrap();
        let quoted = sent.split('\'').skip(1).step_by(2).filter(|quoted| *quoted != "%s\\n");
        quoted.map(str::to_owned).collect::<Vec<_>>()
    };
    statements.filter(sends).flat_map(arguments).collect()
}

/// The kind and the text of each block between fences.
fn blocks(document: &str) -> impl Iterator<Item = (&str, &str)> {
    let inside = document.split("\n```").skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').expect("a block has a first line"))
}

/// What is sent with the line that is shown as its reply.
fn exchanges(document: &str) -> Vec<(String, String)> {
    let mut sent: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for (kind, text) in blocks(document) {
        if kind == "sh" {
            sent = asked(text);
            continue;
        }
        let shown = text.lines().filter(|line| line.starts_with(r#"{"id":"#)).map(str::to_owned);
        let shown: Vec<String> = shown.collect();
        if !shown.is_empty() {
            assert_eq!(sent.len(), shown.len(), "{sent:#?} is answered with {shown:#?}");
            all.extend(std::mem::take(&mut sent).into_iter().zip(shown));
        }
    }
    all
}

fn command(request: &Value) -> Option<CommandName> {
    CommandName::parse(request["cmd"].as_str()?)
}

#[test]
fn lines_in_documents_satisfy_their_schemas() {
    let validators = validators();
    let (mut requests, mut replies) = (0, 0);
    for (name, document) in documents() {
        let exchanges = exchanges(&document);
        let refused: Vec<Value> = exchanges
            .iter()
            .filter(|(_, reply)| is_refused(reply))
            .flat_map(|(line, _)| lines(line))
            .collect();
        for line in lines(&document).iter().filter(|line| line.get("cmd").is_some()) {
            let accepts = command(line).is_some_and(|it| validators[it.name()].0.accepts(line));
            assert_eq!(accepts, !refused.contains(line), "{name}: {line}");
            requests += 1;
        }
        for (sent, shown) in &exchanges {
            // What is not a request at all is refused as any command is.
            let request = lines(sent).pop().unwrap_or_default();
            let command = command(&request).unwrap_or(CommandName::Ping);
            for reply in lines(shown) {
                validators[command.name()].1.check(&reply);
                replies += 1;
            }
        }
        let all = lines(&document).iter().filter(|line| line.get("ok").is_some()).count();
        let paired = exchanges.iter().map(|(_, shown)| lines(shown).len()).sum::<usize>();
        assert_eq!(all, paired, "{name}: a reply is shown of nothing");
    }
    assert!(requests >= 40 && replies >= 30, "{requests} requests, {replies} replies");
}

fn is_refused(reply: &str) -> bool {
    let code = |reply: &Value| BY_FORM.iter().any(|code| reply["error"]["code"] == *code);
    lines(reply).iter().any(code)
}

#[test]
fn lines_are_found_in_a_shell_and_paired_with_their_replies() {
    let document = r#"
```sh
ask '{"cmd":"ping"}' \
    'no json'
ask '{"cmd":"auth.rm","args":{"session":"'"$TOKEN"'"}}' > /dev/null
X=$(ask '{"key":"12345678","cmd":"users.rm"}' | sed 's/a/b/')
```

```text
{"id":null,"ok":true,"result":{"a":…
{"id":null,"ok":false,"error":{"code":"bad_request","message":"x"}}
```
"#;
    let exchanges = exchanges(document);
    assert_eq!(exchanges[0].0, r#"{"cmd":"ping"}"#);
    assert!(exchanges[0].1.ends_with('…') && !is_refused(&exchanges[0].1));
    assert!(exchanges[1].0 == "no json" && is_refused(&exchanges[1].1));
    let lines = lines(document);
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1]["args"]["session"], "$TOKEN");
}
