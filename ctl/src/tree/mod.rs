//! The tree of commands as text: completions and manual pages.
//!
//! Written here and not by `clap_complete` and `clap_mangen`, which would add 68 and 82 KB to a
//! binary that may have 1.4 MB (measured with opt-level z and LTO; this module is a tenth of it).

pub(crate) mod completions;
pub(crate) mod manual;

use clap::{Arg, ArgAction, Command};

/// Goes to every command, each before those below it, with the words that lead to it: the
/// program's name is left out, `["users", "ls"]`.
pub(crate) fn visit(mut root: Command, see: &mut dyn FnMut(&[String], &mut Command)) {
    root.build();
    walk(&mut Vec::new(), &mut root, see);
}

fn walk(
    path: &mut Vec<String>,
    command: &mut Command,
    see: &mut dyn FnMut(&[String], &mut Command),
) {
    see(path, command);
    for child in command.get_subcommands_mut().filter(|child| is_listed(child)) {
        path.push(child.get_name().to_owned());
        walk(path, child, see);
        path.pop();
    }
}

/// `help` repeats all the others.
fn is_listed(child: &Command) -> bool {
    child.get_name() != "help" && !child.is_hide_set()
}

/// The commands below one.
fn children(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|child| is_listed(child))
}

/// The flags of a command.
fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set())
}

/// Whether a flag takes the word after it.
fn takes_word(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::Set | ArgAction::Append) && !flag.is_require_equals_set()
}

/// The first line of a help text.
fn summary(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().replace('`', "")
}

/// Which names a command takes that only the daemon knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// None.
    No,
    /// Names of accounts.
    Live,
    /// Names of deleted accounts too.
    Deleted,
    /// Reference ids of sessions.
    Sessions,
    /// Files of backups.
    Backups,
}

/// The values of a flag or an argument where it has few, with blanks between them.
fn values(arg: &Arg) -> Option<&'static str> {
    match arg.get_id().as_str() {
        "role" => Some("admin user viewer guest"),
        "auth" => Some("default local oidc ldap none"),
        "shell" => Some("bash zsh fish"),
        _ => None,
    }
}

fn names(path: &[String], command: &Command) -> Names {
    let takes =
        |id: &str| command.get_positionals().any(|arg| arg.get_id().as_str().starts_with(id));
    let users = takes("username");
    match path.last().map(String::as_str) {
        // A new account has a name that nobody has yet.
        Some("add") if path[0] == "users" => Names::No,
        Some("restore") if users => Names::Deleted,
        _ if users => Names::Live,
        _ if takes("identifier") => Names::Sessions,
        _ if takes("file") && path.get(1).is_some_and(|noun| noun == "backup") => Names::Backups,
        _ => Names::No,
    }
}
