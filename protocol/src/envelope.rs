//! Request and reply lines.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::args::{ArgError, read_object, shorten, unknown_key};
use crate::command::CommandName;
use crate::error::{ErrorBody, ErrorCode, ReplyError};
use crate::precheck;

pub use crate::precheck::is_http;
use crate::suggest;

/// Most characters of an `id` that is a text.
pub const MAX_ID_CHARS: usize = 64;

/// What a reply has around its result, an error of a message or two included.
const ROOM: usize = 256;

const KEYS: [&str; 5] = ["id", "cmd", "args", "key", "confirm"];

/// What the client calls its request; echoed in the reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Id {
    /// Left out, or not readable.
    #[default]
    Null,
    /// A whole number.
    Number(i64),
    /// A text of up to [`MAX_ID_CHARS`] characters.
    Text(String),
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Id {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    /// In a request it is left out and never `null`.
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut types = vec!["integer", "string"];
        types.extend(generator.contract().is_serialize().then_some("null"));
        schemars::json_schema!({
            "type": types,
            "minimum": i64::MIN,
            "maximum": i64::MAX,
            "maxLength": MAX_ID_CHARS,
        })
    }
}

/// A request whose envelope is sound and whose command exists. Its arguments are not checked yet.
#[derive(Debug)]
pub struct Request<'a> {
    /// Echoed in the reply.
    pub id: Id,
    /// What to do.
    pub command: CommandName,
    /// The arguments' text, an object; `None`: left out.
    pub args: Option<&'a RawValue>,
    /// The idempotency key, its form not yet checked.
    pub key: Option<Cow<'a, str>>,
    /// `"confirm":true` was given.
    pub confirm: bool,
}

impl Request<'static> {
    /// A command without anything else, for what the daemon does by itself.
    pub const fn of(command: CommandName) -> Self {
        Self { id: Id::Null, command, args: None, key: None, confirm: false }
    }
}

/// A request that is refused because of its envelope.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The `id`, where the line got that far.
    pub id: Id,
    /// Always `bad_request`.
    pub error: ErrorBody,
}

/// Reads a line without its newline.
///
/// # Errors
/// A [`Refusal`] with `bad_request`; see the order of checks in `protocol/README.md`.
pub fn decode(line: &[u8]) -> Result<Request<'_>, Refusal> {
    let nameless = |message| Refusal { id: Id::Null, error: bad_request(message) };
    let text = precheck::check(line).map_err(|fault| nameless(fault.message()))?;
    let entries =
        read_object(text).ok_or_else(|| nameless("the line is JSON, but not an object"))?;
    let mut draft = Draft::default();
    for (key, value) in entries.into_inner() {
        draft.take(&key, value);
    }
    draft.finish()
}

fn bad_request(message: &'static str) -> ErrorBody {
    ErrorBody::new(ErrorCode::BadRequest, message)
}

/// The envelope's keys as they come in. The first fault is kept and reading goes on, because the
/// `id` may come later and must be echoed.
#[derive(Default)]
struct Draft<'a> {
    values: [Option<&'a RawValue>; KEYS.len()],
    seen: [bool; KEYS.len()],
    fault: Option<ErrorBody>,
}

impl<'a> Draft<'a> {
    fn take(&mut self, key: &str, value: &'a RawValue) {
        let Some(position) = KEYS.iter().position(|known| *known == key) else {
            self.fault.get_or_insert_with(|| unknown_key("unknown key", key, &KEYS));
            return;
        };
        if std::mem::replace(&mut self.seen[position], true) {
            self.fault.get_or_insert_with(|| ArgError::Duplicate(shorten(key)).into());
            // Which of the two was meant is unknown: a duplicated id is invalid.
            self.values[position] = None;
        } else {
            self.values[position] = Some(value);
        }
    }

    fn finish(mut self) -> Result<Request<'a>, Refusal> {
        let [id, cmd, args, key, confirm] = self.values;
        let id = self.typed(id, "id", read_id).unwrap_or_default();
        let key = self.typed(key, "key", read_text);
        let confirm = self.typed(confirm, "confirm", read_bool).unwrap_or_default();
        let args = self.typed(args, "args", |raw| raw.get().starts_with('{').then_some(raw));
        let name = self.typed(cmd, "cmd", read_text);
        if let Some(error) = self.fault {
            return Err(Refusal { id, error });
        }
        match command(name) {
            Ok(command) => Ok(Request { id, command, args, key, confirm }),
            Err(error) => Err(Refusal { id, error }),
        }
    }

    fn typed<T>(
        &mut self,
        value: Option<&'a RawValue>,
        key: &'static str,
        read: impl FnOnce(&'a RawValue) -> Option<T>,
    ) -> Option<T> {
        let raw = value?;
        let read = read(raw);
        if read.is_none() {
            let fault = || bad_request("a key has a value of the wrong type").at(key);
            self.fault.get_or_insert_with(fault);
        }
        read
    }
}

fn command(name: Option<Cow<'_, str>>) -> Result<CommandName, ErrorBody> {
    let name = name.ok_or_else(|| bad_request("the key cmd is missing").at("cmd"))?;
    CommandName::parse(&name).ok_or_else(|| {
        let error = bad_request("unknown command").at("cmd");
        let known = CommandName::all().map(CommandName::name);
        match suggest::nearest(&name, known) {
            Some(nearest) => error.hint(nearest),
            None => error,
        }
    })
}

fn read_id(raw: &RawValue) -> Option<Id> {
    if raw.get() == "-0" {
        // The parser reads it as a fraction, but it is a whole number.
        return Some(Id::Number(0));
    }
    if let Ok(number) = serde_json::from_str(raw.get()) {
        return Some(Id::Number(number));
    }
    let text = read_text(raw)?;
    (text.chars().count() <= MAX_ID_CHARS).then(|| Id::Text(text.into_owned()))
}

fn read_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0)
}

fn read_bool(raw: &RawValue) -> Option<bool> {
    serde_json::from_str(raw.get()).ok()
}

/// What a command that succeeded returns.
#[derive(Debug)]
pub struct Success {
    /// The `result` object, already JSON.
    pub result: Box<RawValue>,
    /// Messages for people about what was done.
    pub warnings: Vec<String>,
}

/// A reply line without its newline.
///
/// # Panics
/// Never: neither part can fail to serialise.
pub fn encode(id: &Id, outcome: &Result<Success, ErrorBody>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Line<'a> {
        id: &'a Id,
        ok: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        warnings: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a ErrorBody>,
    }
    let line = match outcome {
        Ok(Success { result, warnings }) => {
            Line { id, ok: true, result: Some(result), warnings, error: None }
        }
        Err(error) => Line { id, ok: false, result: None, warnings: &[], error: Some(error) },
    };
    // Nearly every reply fits: growing would copy it several times.
    let mut text = Vec::with_capacity(ROOM + line.result.map_or(0, |result| result.get().len()));
    serde_json::to_writer(&mut text, &line).expect("texts and numbers always serialise");
    text
}

/// A request as a client writes it.
#[derive(Debug, Serialize)]
pub struct Outgoing<'a, A: Serialize> {
    /// The command's name.
    pub cmd: &'a str,
    /// Its arguments.
    pub args: &'a A,
    /// The idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// Set for destructive commands, after the person confirmed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
}

/// A reply as a client reads it: keys of a newer daemon are ignored.
#[derive(Debug, Deserialize)]
pub struct Reply {
    /// Whether it was done.
    pub ok: bool,
    /// The command's result, where it was.
    #[serde(default)]
    pub result: Option<Box<RawValue>>,
    /// Messages for people.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The error, where it was not.
    #[serde(default)]
    pub error: Option<ReplyError>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> (Id, ErrorBody) {
        let refusal = decode(line.as_bytes()).expect_err(line);
        (refusal.id, refusal.error)
    }

    #[test]
    fn a_whole_request_decodes_in_any_order() {
        let line =
            br#" {"args":{"user":"bob"},"key":"12345678","confirm":true,"cmd":"users.rm","id":7} "#;
        let request = decode(line).unwrap();
        assert_eq!(request.id, Id::Number(7));
        assert_eq!(request.command, CommandName::UsersRm);
        assert_eq!(request.args.unwrap().get(), r#"{"user":"bob"}"#);
        assert_eq!(request.key.as_deref(), Some("12345678"));
        assert!(request.confirm);
    }

    #[test]
    fn ids_are_whole_numbers_or_short_texts() {
        for (text, id) in [
            ("-9223372036854775808", Id::Number(i64::MIN)),
            ("9223372036854775807", Id::Number(i64::MAX)),
            ("-0", Id::Number(0)),
            (r#""a\u0000\n""#, Id::Text("a\0\n".into())),
            (r#""""#, Id::Text(String::new())),
        ] {
            let line = format!(r#"{{"cmd":"ping","id":{text}}}"#);
            assert_eq!(decode(line.as_bytes()).unwrap().id, id);
        }
        let long = format!("\"{}\"", "ä".repeat(65));
        for text in ["9223372036854775808", "1.0", "1e3", "null", "true", "[]", "{}", &long] {
            let (id, error) = refused(&format!(r#"{{"cmd":"ping","id":{text}}}"#));
            assert_eq!((id, error.field.as_deref()), (Id::Null, Some("id")), "{text}");
        }
    }

    #[test]
    fn the_id_is_echoed_whatever_else_is_wrong() {
        for (line, field) in [
            (r#"{"nope":1,"id":7,"cmd":"ping"}"#, "nope"),
            (r#"{"cmd":"ping","cmd":"ping","id":7}"#, "cmd"),
            (r#"{"cmd":"pong","id":7}"#, "cmd"),
            (r#"{"id":7}"#, "cmd"),
            (r#"{"cmd":null,"id":7}"#, "cmd"),
            (r#"{"cmd":"ping","args":null,"id":7}"#, "args"),
            (r#"{"cmd":"ping","args":[],"id":7}"#, "args"),
            (r#"{"cmd":"ping","key":12345678,"id":7}"#, "key"),
            (r#"{"cmd":"ping","confirm":"true","id":7}"#, "confirm"),
        ] {
            let (id, error) = refused(line);
            assert_eq!(id, Id::Number(7), "{line}");
            assert_eq!(error.field.as_deref(), Some(field), "{line}");
            assert_eq!(error.code, ErrorCode::BadRequest);
        }
        assert_eq!(refused(r#"{"id":7,"id":7,"cmd":"ping"}"#).0, Id::Null);
        assert_eq!(refused(r#"{"id":7,"id":7,"id":7,"cmd":"ping"}"#).0, Id::Null);
        assert_eq!(refused(r#"{"id":7,"cmd":"ping"} x"#).0, Id::Null);
        assert_eq!(refused("7").0, Id::Null);
    }

    #[test]
    fn hints_name_the_nearest() {
        assert_eq!(refused(r#"{"cmd":"users.list"}"#).1.hint.as_deref(), Some("users.ls"));
        assert_eq!(refused(r#"{"command":"ping"}"#).1.hint.as_deref(), Some("cmd"));
    }

    #[test]
    fn replies_are_one_line() {
        let result = RawValue::from_string(r#"{"pong":true}"#.into()).unwrap();
        let success = Success { result, warnings: vec![] };
        assert_eq!(
            encode(&Id::Number(7), &Ok(success)),
            br#"{"id":7,"ok":true,"result":{"pong":true}}"#
        );
        let error = ErrorBody::new(ErrorCode::Busy, "try again").retry_after(1);
        assert_eq!(
            encode(&Id::Null, &Err(error)),
            br#"{"id":null,"ok":false,"error":{"code":"busy","message":"try again","retry_after_s":1}}"#
        );
    }
}
