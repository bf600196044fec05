//! The command line: which commands and flags are this program's own, and clap's errors.

mod hints;

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use photoprism_protocol::build;
use photoprism_protocol::setting_path::looks_like_address;
use photoprism_protocol::token::SessionRef;

use crate::commands::Noun;
use crate::error::CliError;
use crate::flags::Global;
use crate::output;

/// First arguments that are commands of this program, `help` and the aliases included.
pub(crate) const COMMANDS: [&str; 9] =
    ["passwd", "users", "user", "logins", "audit", "auth", "sess", "admin", "help"];

/// Flags that may come first.
pub(crate) const FLAGS: [&str; 7] =
    ["--socket", "--timeout", "--no-input", "-h", "--help", "-V", "--version"];

const EXAMPLES: &str = "\
Examples:
  photoprism users ls                      list the accounts
  photoprism users add -n \"Bob\" bob        add one, its password is asked for
  photoprism passwd admin                  change a password
  photoprism admin status                  show the daemon's status

The socket is the one of --socket, of PHOTOPRISM_ADMIN_SOCKET, or the first that exists of
  $XDG_RUNTIME_DIR/photoprism/admin.sock             (not for root)
  ~/.local/share/photoprism/run/admin.sock           (not for root)
  /run/photoprism/admin.sock

In a PhotoPrism container everything else (index, backup, start, …) goes to PhotoPrism's own
program: PHOTOPRISM_FALLBACK, or /opt/photoprism/bin/photoprism.

Exit codes:
    0  done; an empty list is done
    1  failed or declined
    2  usage: bad flags or values, or input needed and no terminal
    3  no such user, session or record
    4  refused: no right to it, or wrong credentials
    5  exists already, or in conflict
    6  rate limited
   10  a dry run found something to do
   69  no daemon
   70  fault of the daemon, or a reply that was lost
   75  try again: busy, locked, shutting down or timed out
   77  no permission on the socket
  130  interrupted";

/// Manages the accounts, passwords and sessions of PhotoPrism through the daemon photoprismd
#[derive(Debug, Parser)]
#[command(
    name = "photoprism",
    version = build::TEXT,
    disable_version_flag = true,
    subcommand_required = true,
    after_long_help = EXAMPLES
)]
pub(crate) struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub noun: Noun,
}

/// The tree of commands, for completions and manual pages.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Whether the first argument is a command or a flag of this program.
pub(crate) fn is_own(first: &OsStr) -> bool {
    COMMANDS.iter().any(|word| first == *word) || FLAGS.iter().any(|flag| is_flag(first, flag))
}

/// Whether `argument` is the flag `name`, alone or as `name=value`.
fn is_flag(argument: &OsStr, name: &str) -> bool {
    argument
        .as_encoded_bytes()
        .strip_prefix(name.as_bytes())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
}

/// Whether JSON is asked for anywhere on a command line, a bad one included.
pub(crate) fn wants_json(arguments: &[OsString]) -> bool {
    let given = |argument: &OsString| {
        argument.to_str().is_some_and(|text| text == "--json" || is_short_cluster_with_j(text))
    };
    arguments.iter().skip(1).take_while(|argument| *argument != "--").any(given)
}

/// `-j` alone or among the short switches of the reports, as in `-larj`.
fn is_short_cluster_with_j(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|letters| {
        letters.contains('j') && letters.chars().all(|letter| "larmctjswlfyq".contains(letter))
    })
}

/// Prints help and version; anything else is a failure.
///
/// # Errors
/// [`CliError::CommandLine`] for a bad command line, or why printing failed.
pub(crate) fn help_or_failure(error: clap::Error, arguments: &[OsString]) -> Result<(), CliError> {
    let kind = error.kind();
    let text = failure_of(error, arguments);
    match kind {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output::data(&text),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Err(CliError::CommandLine("a command is missing; --help lists them".into(), text))
        }
        _ => Err(CliError::CommandLine(first_paragraph(&text).into(), text)),
    }
}

/// clap's page, with what was probably meant at the end of its first paragraph.
fn failure_of(mut error: clap::Error, arguments: &[OsString]) -> String {
    hints::without_destroying(&mut error);
    let is_wrong = error.use_stderr();
    let hint = is_wrong.then(|| hints::hint(&error, arguments, &mut command())).flatten();
    if hint.is_some() {
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Suggested);
    }
    // A tip that was taken out leaves its line.
    let text = without_misplaced(&error).replace("\n\n\n", "\n\n");
    let mut text = without_secrets(text, arguments);
    if let Some(hint) = hint {
        let end = text.find("\n\n").unwrap_or(text.len());
        text.insert_str(end, &["; ", &hint].concat());
    }
    text
}

/// A message without a value that nothing takes: behind a user name, or behind the `=` of a switch,
/// that is most likely a password. The names of flags stay, so that a slip can be seen.
fn without_misplaced(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let at = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::TooManyValues => ContextKind::InvalidValue,
        _ => return text,
    };
    match error.get(at) {
        Some(ContextValue::String(value)) if !value.starts_with('-') => {
            text.replace(&format!("'{value}'"), "'…'")
        }
        _ => text,
    }
}

/// A message without what names a session by its secret, and without addresses of databases, which
/// may have a password in them: clap repeats what it does not take.
fn without_secrets(mut text: String, arguments: &[OsString]) -> String {
    for argument in arguments.iter().filter_map(|argument| argument.to_str()) {
        if looks_like_address(argument.as_ref()) {
            text = text.replace(argument, "…");
        }
        for part in argument.split('=').map(|part| part.trim_start_matches('-')) {
            match SessionRef::classify(part) {
                None | Some(SessionRef::RefId(_)) => {}
                Some(_) => text = text.replace(part, "…"),
            }
        }
    }
    text
}

/// clap's message before the usage, without its `error: `.
fn first_paragraph(text: &str) -> &str {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    text.split("\n\n").next().unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(arguments: &[&str]) -> Vec<OsString> {
        arguments.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_tree_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_commands_are_those_of_the_tree() {
        let mut names: Vec<String> = vec!["help".into()];
        for noun in command().get_subcommands() {
            names.push(noun.get_name().into());
            names.extend(noun.get_all_aliases().map(String::from));
        }
        names.sort();
        let mut own = COMMANDS.map(String::from);
        own.sort();
        assert_eq!(names, own);
    }

    #[test]
    fn the_flags_are_those_of_the_tree() {
        let mut tree = command();
        tree.build();
        let mut flags = vec![];
        for argument in tree.get_arguments() {
            flags.extend(argument.get_long().map(|long| format!("--{long}")));
            flags.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        flags.sort();
        let mut own = FLAGS.map(String::from);
        own.sort();
        assert_eq!(flags, own);
    }

    #[test]
    fn only_the_first_argument_decides() {
        for own in ["users", "help", "sess", "--socket=/x", "--help", "-h", "-V"] {
            assert!(is_own(OsStr::new(own)), "{own}");
        }
        for other in ["index", "user s", "", "--", "-v", "--config-path", "Users", "--sockets"] {
            assert!(!is_own(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    fn flags_may_carry_a_value() {
        assert!(is_flag(OsStr::new("--socket"), "--socket"));
        assert!(is_flag(OsStr::new("--socket=/x"), "--socket"));
        assert!(!is_flag(OsStr::new("--socket-x"), "--socket"));
        assert!(!is_flag(OsStr::new("--sock"), "--socket"));
    }

    #[test]
    fn of_a_bad_command_line_json_has_the_first_message() {
        assert_eq!(first_paragraph("error: unexpected\n\nUsage: x\n"), "unexpected");
    }

    #[test]
    fn json_is_recognised_anywhere() {
        assert!(wants_json(&os(&["photoprism", "--json", "users"])));
        assert!(wants_json(&os(&["photoprism", "users", "ls", "-larj"])));
        assert!(!wants_json(&os(&["photoprism", "users", "ls", "-n", "2", "--", "--json"])));
        assert!(!wants_json(&os(&["--json", "users", "ls", "j", "-x"])));
    }
}
