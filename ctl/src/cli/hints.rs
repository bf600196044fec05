//! What was probably meant by a command line that clap refused.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands and flags that delete or end something: no guess leads to them.
const DESTROYING: [&str; 13] = [
    "rm",
    "delete",
    "remove",
    "revoke",
    "reset",
    "clear",
    "prune",
    "restore",
    "disable",
    "disable-2fa",
    "force",
    "yes",
    "keep",
];

/// Nouns whose commands are looked for where a command line begins with one of them.
const NOUNS: [&str; 2] = ["admin", "users"];

/// Flags of other programs that choose a format.
const FORMAT_FLAGS: [&str; 4] = ["--format", "--output", "-o", "-f"];

/// The formats of this program, each a flag.
const FORMATS: [&str; 4] = ["json", "csv", "tsv", "md"];

/// Takes out clap's tips that destroy; all of them where the nearest one does, which is the last:
/// what is left would be further off.
pub(super) fn without_destroying(error: &mut clap::Error) {
    if text(error, ContextKind::SuggestedArg).is_some_and(destroys) {
        error.remove(ContextKind::SuggestedArg);
        // It has the flag in it.
        error.remove(ContextKind::Usage);
    }
    let Some(ContextValue::Strings(names)) = error.remove(ContextKind::SuggestedSubcommand) else {
        return;
    };
    if names.last().is_some_and(|nearest| !destroys(nearest)) {
        let names = names.into_iter().filter(|name| !destroys(name)).collect();
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(names));
    }
}

fn destroys(name: &str) -> bool {
    DESTROYING.contains(&name.trim_start_matches('-'))
}

/// What to write in its place, where that can be guessed. Of the command line nothing is repeated
/// but names that this program knows.
pub(super) fn hint(
    error: &clap::Error,
    arguments: &[OsString],
    tree: &mut Command,
) -> Option<String> {
    tree.build();
    let words: Vec<&str> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let command = reached(tree, &words);
    match error.kind() {
        ErrorKind::InvalidSubcommand if command.get_name() == tree.get_name() => {
            below_a_noun(tree, text(error, ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::UnknownArgument => {
            let unknown = text(error, ContextKind::InvalidArg)?;
            if FORMAT_FLAGS.contains(&unknown) {
                format_flag(command, &words, unknown)
            } else {
                stray_switch(command, &words)
            }
        }
        _ => None,
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// The last command that the words name.
fn reached<'a>(tree: &'a Command, words: &[&str]) -> &'a Command {
    words.iter().fold(tree, |at, word| at.find_subcommand(word).unwrap_or(at))
}

fn below_a_noun(tree: &Command, word: &str) -> Option<String> {
    let below = |noun: &&str| tree.find_subcommand(noun)?.find_subcommand(word);
    let noun = NOUNS.iter().find(|noun| below(noun).is_some())?;
    let name = below(noun)?.get_name();
    (!destroys(name)).then(|| ["did you mean: photoprism ", noun, " ", name].concat())
}

/// `--format json`, `-o json`, `--output=csv`.
fn format_flag(command: &Command, words: &[&str], flag: &str) -> Option<String> {
    let taken =
        |format: &&str| command.get_arguments().any(|argument| argument.get_long() == Some(format));
    let at = words.iter().position(|word| word.starts_with(flag))?;
    let value = words[at][flag.len()..].trim_start_matches('=');
    let value = if value.is_empty() { words.get(at + 1).copied()? } else { value };
    let meant = FORMATS.iter().find(|format| value.eq_ignore_ascii_case(format));
    if let Some(format) = meant.filter(|format| taken(format)) {
        return Some(["use --", format].concat());
    }
    let formats: Vec<&str> = FORMATS.into_iter().filter(|format| taken(format)).collect();
    (!formats.is_empty()).then(|| ["use --", &formats.join(", --")].concat())
}

/// `--superadmin true`: the value of a switch stands by itself.
fn stray_switch(command: &Command, words: &[&str]) -> Option<String> {
    words.windows(2).find_map(|pair| {
        let (flag, value) = (pair[0], pair[1].to_ascii_lowercase());
        if !matches!(&*value, "true" | "false" | "yes" | "no" | "on" | "off" | "1" | "0") {
            return None;
        }
        let argument = command.get_arguments().find(|argument| match flag.strip_prefix("--") {
            Some(long) => argument.get_long() == Some(long),
            None => flag.starts_with('-') && argument.get_short() == flag.chars().next_back(),
        })?;
        let long = argument.get_long()?;
        if argument.is_require_equals_set() {
            Some(["use --", long, "=", &value].concat())
        } else if argument.get_action().takes_values() {
            None
        } else {
            Some(["--", long, " takes no value"].concat())
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, command, failure_of};
    use super::*;
    use crate::tree::visit;

    /// The message that a command line gets.
    fn refused(line: &str) -> String {
        let arguments: Vec<OsString> =
            std::iter::once("photoprism").chain(line.split(' ')).map(OsString::from).collect();
        failure_of(Cli::try_parse_from(&arguments).expect_err(line), &arguments)
    }

    #[test]
    fn no_tip_leads_to_what_destroys() {
        let mut lines = vec![];
        visit(command(), &mut |path, command| {
            for child in command.get_subcommands() {
                for name in std::iter::once(child.get_name()).chain(child.get_all_aliases()) {
                    for cut in 0..name.len() {
                        let typo = [&name[..cut], &name[cut + 1..]].concat();
                        lines.push([path, &[typo]].concat().join(" "));
                    }
                    lines.push([path, &[format!("{name}x")]].concat().join(" "));
                }
            }
            for long in command.get_arguments().filter_map(|argument| argument.get_long()) {
                lines.push([path, &[format!("--{long}x")]].concat().join(" "));
            }
        });
        assert!(lines.len() > 500, "{}", lines.len());
        for line in lines.into_iter().filter(|line| !line.ends_with(' ')) {
            let arguments: Vec<OsString> =
                std::iter::once("photoprism").chain(line.split(' ')).map(OsString::from).collect();
            let Err(error) = Cli::try_parse_from(&arguments) else { continue };
            let text = failure_of(error, &arguments);
            let tips =
                text.lines().filter(|line| line.contains("tip:") || line.contains("did you mean"));
            for tip in tips {
                for word in tip.split(['\'', ' ']) {
                    assert!(!destroys(word), "{line}: {tip}");
                }
            }
        }
        for line in ["users delte bob", "users reste", "users mod --disable-2f bob"] {
            let text = refused(line);
            assert!(!text.contains("tip:") && !text.contains("2fa"), "{text}");
        }
        assert!(refused("users shw").contains("tip: a similar subcommand exists: 'show'"));
        // `create` is next to `restore`.
        assert!(refused("users creat bob").contains("exist: 'rename', 'create'"));
        assert!(refused("users delte bob").contains("\n\nUsage: photoprism users "));
    }

    #[test]
    fn a_command_of_admin_or_users_is_found() {
        for (line, meant) in [
            ("status", "admin status"),
            ("doctor --json", "admin doctor"),
            ("backup ls", "admin backup"),
            ("metrics", "admin metrics"),
            ("completions bash", "admin completions"),
            ("ls", "users ls"),
            ("list", "users ls"),
            ("2fa show bob", "users 2fa"),
        ] {
            let text = refused(line);
            let first = text.lines().next().unwrap();
            assert!(first.ends_with(&format!("; did you mean: photoprism {meant}")), "{text}");
        }
        for line in ["rm bob", "delete bob", "reset", "restore bob", "index", "users status"] {
            assert!(!refused(line).contains("did you mean"), "{line}");
        }
    }

    #[test]
    fn formats_are_flags_here() {
        for (line, expected) in [
            ("users ls --format json", "; use --json"),
            ("users ls --format=csv", "; use --csv"),
            ("users ls --output JSON", "; use --json"),
            ("users ls -o json", "; use --json"),
            ("users ls -o=json", "; use --json"),
            ("users ls -ojson", "; use --json"),
            ("users ls --format table", "; use --json, --csv, --tsv, --md"),
            ("users show bob --format yaml", "; use --json, --csv, --tsv, --md"),
            ("users rm bob --format json", "; use --json"),
            ("users rm bob --format csv", "; use --json"),
        ] {
            let text = refused(line);
            assert!(text.lines().next().unwrap().ends_with(expected), "{line}: {text}");
        }
        assert!(!refused("admin man x --format json").contains("; use"));
        assert!(!refused("users ls --format").contains("; use"));
    }

    #[test]
    fn a_word_after_a_switch_is_its_value() {
        for (line, expected) in [
            ("users add --superadmin true bob", "; use --superadmin=true"),
            ("users add -s true bob", "; use --superadmin=true"),
            ("users mod bob --webdav false", "; use --webdav=false"),
            ("users mod bob -lw OFF", "; use --webdav=off"),
            ("users mod bob --no-login 0", "; use --no-login=0"),
            ("users show bob --json true", "; --json takes no value"),
            ("passwd bob --show yes", "; --show takes no value"),
        ] {
            let text = refused(line);
            assert!(text.lines().next().unwrap().ends_with(expected), "{line}: {text}");
        }
        for line in ["users add bob hunter2", "users add -n true bob hunter2", "passwd bob true"] {
            let text = refused(line);
            assert!(!text.contains(';') && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn values_of_unknown_flags_are_not_repeated() {
        for line in ["users add --passwrd=hunter2 bob", "users add bob --secret hunter2"] {
            let text = refused(line);
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
