//! Requests and replies, shortly.

use serde_json::{Value, json};

use super::client::Client;
use super::test_daemon::TestDaemon;

/// Who takes a line and answers it.
pub(crate) trait Ask {
    /// The reply to a line.
    fn reply_to(&mut self, line: &str) -> Value;

    /// The reply to a command.
    fn call(&mut self, cmd: &str, args: Value) -> Value {
        self.reply_to(&json!({"cmd": cmd, "args": args}).to_string())
    }

    /// The reply to a command that destroys.
    fn confirmed(&mut self, cmd: &str, args: Value) -> Value {
        self.reply_to(&json!({"cmd": cmd, "args": args, "confirm": true}).to_string())
    }

    /// The result of a command that must succeed; confirmed, which is allowed everywhere.
    fn ok(&mut self, cmd: &str, args: Value) -> Value {
        let reply = self.confirmed(cmd, args.clone());
        assert_eq!(reply["ok"], true, "{cmd} {args}: {reply}");
        assert!(reply.get("error").is_none(), "{reply}");
        reply["result"].clone()
    }

    /// The error of a command that must be refused; confirmed too.
    fn refused(&mut self, cmd: &str, args: Value) -> Value {
        let reply = self.confirmed(cmd, args.clone());
        assert_eq!(reply["ok"], false, "{cmd} {args}: {reply}");
        assert!(reply.get("result").is_none(), "{reply}");
        reply["error"].clone()
    }

    /// Code and field of the error; the field is empty where there is none.
    fn fault(&mut self, cmd: &str, args: Value) -> (String, String) {
        fault(&self.refused(cmd, args))
    }
}

/// Code and field of an error object.
pub(crate) fn fault(error: &Value) -> (String, String) {
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    assert!(!text("message").is_empty(), "{error}");
    (text("code"), text("field"))
}

impl Ask for Client {
    fn reply_to(&mut self, line: &str) -> Value {
        self.ask(line)
    }
}

impl Ask for TestDaemon {
    fn reply_to(&mut self, line: &str) -> Value {
        self.ask(line)
    }
}
