//! `admin call`.

use std::io::{self, Read};

use clap::Args;
use photoprism_protocol::MAX_LINE_BYTES;
use photoprism_protocol::envelope::Outgoing;
use photoprism_protocol::error::ErrorCode;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::CliError;
use crate::flags::YesFlag;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  photoprism admin call ping
  photoprism admin call users.show '{\"user\":\"bob\"}'
  photoprism admin call users.rm '{\"user\":\"bob\"}' --yes
  photoprism admin call passwd.set - < arguments.json   keeps a password off the command line";

/// Send one command of the protocol, and print its result as JSON
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Call {
    /// Name of the command, as in users.show
    name: String,

    /// Its arguments, a JSON object; - reads it from standard input
    #[arg(value_name = "JSON")]
    args: Option<String>,

    /// With the same key the command is carried out once, however often it is sent
    #[arg(long)]
    key: Option<String>,

    #[command(flatten)]
    yes: YesFlag,
}

impl Call {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let text = Zeroizing::new(match self.args {
            None => "{}".into(),
            Some(args) if args == "-" => read()?,
            Some(args) => args,
        });
        let args = object(&text)?;
        let request = Outgoing {
            cmd: &self.name,
            args: &args,
            key: self.key.as_deref(),
            confirm: self.yes.yes,
        };
        match context.call_raw(&request) {
            Ok(result) => output::json(&result, None),
            Err(CliError::Refused(mut error))
                if error.code == ErrorCode::ConfirmRequired.name() =>
            {
                error.hint = Some("give --yes to confirm it".into());
                Err(CliError::Refused(error))
            }
            Err(error) => Err(error),
        }
    }
}

/// A line of the daemon holds no more; what is longer is cut, and not JSON then.
fn read() -> Result<String, CliError> {
    let mut text = String::new();
    let read = io::stdin().take(MAX_LINE_BYTES as u64).read_to_string(&mut text);
    read.map_err(|error| CliError::Usage(format!("cannot read standard input: {error}")))?;
    Ok(text)
}

/// The object as one line: a line break in JSON is white space between its parts.
fn object(text: &str) -> Result<Box<RawValue>, CliError> {
    let line = text.replace(['\n', '\r'], " ");
    RawValue::from_string(line).ok().filter(|raw| raw.get().starts_with('{')).ok_or_else(|| {
        CliError::Usage(
            "the arguments are not a JSON object, as '{\"user\":\"bob\"}' is one".into(),
        )
    })
}
