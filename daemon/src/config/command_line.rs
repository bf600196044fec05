//! The command line, built from the table.

use std::ffi::OsString;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::error::ConfigError;
use super::table::{Form, Id, SETTINGS, Setting};
use super::values::span_range;

/// The flag that is not a setting.
pub(crate) const CHECK: &str = "check";

/// The other one.
pub(crate) const PRINT_SCHEMA: &str = "print-schema";

/// Prints the manual page, for those who package it.
pub(crate) const MAN: &str = "man";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A text for standard output, then exit: help or version.
    Print(String),
    Flags(ArgMatches),
}

/// Takes the arguments, the program's name first.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, ConfigError> {
    match command().try_get_matches_from(args) {
        Ok(matches) => Ok(Parsed::Flags(matches)),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ok(Parsed::Print(error.render().to_string()))
            }
            _ => Err(ConfigError::Usage(refusal(&error))),
        },
    }
}

/// The error message. It repeats an argument only where that has the form of a flag: anything else
/// may be a password, or a database address that contains one.
fn refusal(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    match (error.kind(), text(ContextKind::InvalidValue)) {
        (_, Some(_)) => format!("{argument} takes no such value; see --help"),
        (ErrorKind::UnknownArgument, None) if !is_flag(argument) => {
            "there is an argument that belongs to no flag; it is not repeated, as it may be a \
             secret; see --help"
                .into()
        }
        (_, None) => in_one_line(&error.render().to_string()),
    }
}

fn is_flag(argument: &str) -> bool {
    argument.starts_with('-') && argument.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The error and the tip, without the usage: a message of the daemon is one line.
fn in_one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let wrong = text.split("\n\nUsage:").next().unwrap_or(text);
    let lines: Vec<&str> = wrong.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{}; see --help", lines.join("; "))
}

pub(super) fn command() -> Command {
    let check = Arg::new(CHECK)
        .long(CHECK)
        .action(ArgAction::SetTrue)
        .help("Print what would be used and where it came from, touch nothing");
    let print_schema = Arg::new(PRINT_SCHEMA).long(PRINT_SCHEMA).action(ArgAction::SetTrue).help(
        "Print the tables that are made in PhotoPrism's MariaDB, for a user without CREATE there",
    );
    let man = Arg::new(MAN).long(MAN).action(ArgAction::SetTrue).hide(true);
    let flags = SETTINGS.iter().filter(|setting| setting.has_flag()).map(flag);
    Command::new("photoprismd")
        .bin_name("photoprismd")
        .version(photoprism_protocol::build::TEXT)
        .about("Owns the account database and answers on a Unix socket")
        // A setting is one line, which grep finds whole.
        .term_width(0)
        .override_usage("photoprismd [--check] [--SETTING VALUE]…")
        .after_help(after_help())
        .args([check, print_schema, man])
        .args(flags)
}

fn flag(setting: &'static Setting) -> Arg {
    let action = if setting.id == Id::Allow { ArgAction::Append } else { ArgAction::Set };
    let flag = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.argument)
        .value_parser(ValueParser::os_string())
        .allow_negative_numbers(matches!(setting.form, Form::Number { .. } | Form::Lifetime))
        .action(action)
        .help(help(setting));
    if setting.form == Form::Switch {
        flag.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        flag
    }
}

/// Meaning, range, variable and default.
fn help(setting: &Setting) -> String {
    let range = match setting.form {
        Form::Number { least, most } => format!(", {least} to {most}"),
        Form::OneOf(words) => format!(": {}", words.join(", ")),
        Form::Every { least, most } => format!(", {}", span_range(least, most)),
        Form::Switch => ": true, false".into(),
        Form::Text | Form::Path | Form::Lifetime => String::new(),
    };
    let (help, env, default) = (setting.help, setting.env, setting.default.description());
    format!("{help}{range} [env: {env}] [default: {default}]")
}

fn after_help() -> String {
    let mut text = String::from("In the environment and the file only:\n");
    for setting in SETTINGS.iter().filter(|setting| !setting.has_flag()) {
        text.push_str("  ");
        text.push_str(&help(setting));
        text.push('\n');
    }
    text.push_str(
        "\nA flag wins over the environment, that over the file of --config, that over the \
         default.\nExit codes: 0 stopped cleanly, 1 failed while running, 2 bad settings, 73 \
         another daemon owns the\nsocket or the database, 74 storage error, 78 database not \
         recognised or newer than known.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Parsed, ConfigError> {
        parse(std::iter::once("photoprismd").chain(args.iter().copied()).map(OsString::from))
    }

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn help_lists_flag_variable_and_default_of_every_setting() {
        for flag in ["-h", "--help"] {
            let Ok(Parsed::Print(text)) = run(&[flag]) else { panic!("{flag} prints") };
            for setting in &SETTINGS {
                let line = text
                    .lines()
                    .find(|line| line.contains(&format!("[env: {}]", setting.env)))
                    .unwrap_or_else(|| panic!("{} in {text}", setting.env));
                assert!(line.contains(&format!("[default: {}]", setting.default.description())));
                let flag = match setting.form {
                    Form::Switch => format!("--{}[=<{}>]", setting.name, setting.argument),
                    _ => format!("--{} <{}>", setting.name, setting.argument),
                };
                assert_eq!(line.contains(&flag), setting.has_flag(), "{line}");
            }
            assert!(text.contains("--check"));
        }
    }

    #[test]
    fn the_version_is_that_of_the_crate() {
        let Ok(Parsed::Print(text)) = run(&["--version"]) else { panic!("prints") };
        assert_eq!(text, format!("photoprismd {}\n", photoprism_protocol::build::TEXT));
    }

    #[test]
    fn a_mistyped_flag_is_reported_in_one_line_with_its_tip() {
        let message = run(&["--databse", "x"]).unwrap_err().to_string();
        assert_eq!(
            message,
            "unexpected argument '--databse' found; tip: a similar argument exists: '--database'; \
             see --help"
        );
    }

    #[test]
    fn what_is_not_a_flag_is_refused_without_repeating_a_password() {
        for args in [
            &["--admin-password", "hunter22"] as &[&str],
            &["--admin-password=hunter22"],
            &["--max-lines", "1"],
            &["--max-line"],
            &["--check", "--check"],
            &["--max-line", "1024", "--max-line", "2048"],
            &["start"],
            &["photoprism:hunter22@tcp(mariadb:3306)/photoprism"],
            &["--photoprism:hunter22@tcp(mariadb:3306)/photoprism"],
            &["--", "hunter22"],
            &["--check=hunter22"],
            &["--databse=photoprism:hunter22@tcp(mariadb:3306)/photoprism"],
            &["--database", "a", "--database", "photoprism:hunter22@tcp(mariadb)/x"],
            &["-p", "hunter22"],
            &["-phunter22"],
        ] {
            let error = run(args).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(!error.to_string().contains("hunter22"), "{error}");
            assert!(!error.to_string().starts_with("error:"), "{error}");
            assert!(!error.to_string().contains(['\n', '\t']), "{error}");
        }
    }
}
