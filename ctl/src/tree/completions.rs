//! Scripts that complete a command line. What is in the tree is written into them; names of
//! accounts are requested at each completion, with a short timeout and no messages.

use clap::{Arg, Command};

use super::{Names, children, flags, names, summary, takes_word, values, visit};

/// A shell that there is a script for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    /// bash 4 or later.
    Bash,
    /// zsh 5 or later.
    Zsh,
    /// fish 3 or later.
    Fish,
}

const BASH: &str = include_str!("completions.bash");
const ZSH: &str = include_str!("completions.zsh");
const FISH: &str = include_str!("completions.fish");

pub(crate) fn script(shell: Shell, root: Command) -> String {
    let (mut ways, mut words) = (String::new(), String::new());
    visit(root, &mut |path, command| {
        way(&mut ways, shell, path, command);
        let place = Place { at: quoted(&path.join(" ")), names: names(path, command), command };
        match shell {
            Shell::Bash | Shell::Zsh => offer(&mut words, shell, &place),
            Shell::Fish => fish(&mut words, &place),
        }
    });
    let frame = match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
    };
    frame.replace("@WAYS@\n", &ways).replace("@WORDS@\n", &words)
}

/// A command, where words are offered behind it.
struct Place<'a> {
    /// Its words, in quotes.
    at: String,
    /// Which names of accounts are offered.
    names: Names,
    command: &'a Command,
}

/// How a word leads on from a command, and which flags take the word after them.
fn way(to: &mut String, shell: Shell, path: &[String], command: &Command) {
    let path = path.join(" ");
    let mut lead = |word: &str, variable: &str, value: &str| {
        let (word, value) = (quoted(&[&path, "/", word].concat()), quoted(value));
        match shell {
            Shell::Bash | Shell::Zsh => {
                to.extend(["    ", &word, ") ", variable, "=", &value, " ;;\n"]);
            }
            Shell::Fish => to.extend(["case ", &word, "\n set ", variable, " ", &value, "\n"]),
        }
    };
    for child in children(command) {
        let name = child.get_name();
        let below = [&path, " ", name].concat();
        for word in std::iter::once(name).chain(child.get_visible_aliases()) {
            lead(word, "at", below.trim_start());
        }
    }
    for flag in flags(command).filter(|flag| takes_word(flag)) {
        for spelling in spelled(flag) {
            lead(&spelling, "skip", values(flag).unwrap_or("1"));
        }
    }
}

/// `-l` and `--login`.
fn spelled(flag: &Arg) -> Vec<String> {
    let short = flag.get_short().map(|short| ["-", short.encode_utf8(&mut [0; 4])].concat());
    let long = flag.get_long().map(|long| ["--", long].concat());
    short.into_iter().chain(long).collect()
}

/// What bash and zsh offer at a command; zsh with what it means, as `_describe` takes it.
fn offer(to: &mut String, shell: Shell, place: &Place<'_>) {
    let word = |word: &str, about: String| match shell {
        Shell::Zsh => quoted(&[word, ":", &about.replace(':', "\\:")].concat()),
        Shell::Bash | Shell::Fish => word.to_owned(),
    };
    to.extend(["    ", &place.at, ")\n      commands=("]);
    for child in children(place.command) {
        to.extend([&word(child.get_name(), summary(child.get_about())), " "]);
    }
    for value in fixed(place.command) {
        to.extend([&word(value, String::new()), " "]);
    }
    to.push_str(")\n      flags=(");
    for flag in flags(place.command) {
        for spelling in spelled(flag) {
            to.extend([&word(&spelling, summary(flag.get_help())), " "]);
        }
    }
    let names = match place.names {
        Names::No => "",
        Names::Live => "live",
        Names::Deleted => "deleted",
        Names::Sessions => "sessions",
        Names::Backups => "backups",
    };
    to.extend([")\n      names='", names, "' ;;\n"]);
}

fn fish(to: &mut String, place: &Place<'_>) {
    let condition = quoted(&["__photoprism_at ", &place.at].concat());
    let at = ["complete -c photoprism -n ", &condition].concat();
    for child in children(place.command) {
        let about = quoted(&summary(child.get_about()));
        to.extend([&at, " -f -a ", child.get_name(), " -d ", &about, "\n"]);
    }
    for flag in flags(place.command) {
        to.push_str(&at);
        for spelling in spelled(flag) {
            let (kind, word) = match spelling.strip_prefix("--") {
                Some(long) => (" -l ", long),
                None => (" -s ", &spelling[1..]),
            };
            to.extend([kind, word]);
        }
        match (takes_word(flag), values(flag)) {
            (true, Some(values)) => to.extend([" -x -a ", &quoted(values)]),
            (true, None) => to.push_str(" -r"),
            (false, _) => {}
        }
        to.extend([" -d ", &quoted(&summary(flag.get_help())), "\n"]);
    }
    for value in fixed(place.command) {
        to.extend([&at, " -f -a ", value, "\n"]);
    }
    let source = match place.names {
        Names::No => return,
        Names::Live => "2 users ls --csv -n 200 -- (commandline -ct)",
        Names::Deleted => "2 users ls -r --csv -n 200 -- (commandline -ct)",
        Names::Sessions => "1 auth ls --csv -n 200",
        Names::Backups => "1 admin backup ls --csv -n 200",
    };
    to.extend([&at, " -f -a '(__photoprism_names ", source, ")'\n"]);
}

/// The values of an argument that has few.
fn fixed(command: &Command) -> impl Iterator<Item = &'static str> {
    command.get_positionals().filter_map(values).flat_map(str::split_ascii_whitespace)
}

/// A text in single quotes, as all three shells read it.
fn quoted(text: &str) -> String {
    ["'", &text.replace('\'', "'\\''"), "'"].concat()
}
