//! `photoprismd(8)`, from the command line that `--help` shows: roff with the macros of `man(7)`.

use clap::{Arg, Command};

/// The page.
pub(super) fn page(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = String::from(".TH photoprismd 8 \"\" photoprism photoprism-admin\n.SH NAME\n");
    page.extend(["photoprismd \\- ", &escaped(&about), "\n.SH SYNOPSIS\n"]);
    page.push_str(
        "\\fBphotoprismd\\fR [\\fB\\-\\-check\\fR] [\\fB\\-\\-SETTING\\fR \\fIVALUE\\fR]...\n",
    );
    page.extend([".SH DESCRIPTION\n", &escaped(DESCRIPTION), "\n.SH OPTIONS\n"]);
    for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
        item(&mut page, flag);
    }
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (notes, codes) = after.split_once("Exit codes: ").unwrap_or((&after, ""));
    page.extend([".SH ENVIRONMENT\n.nf\n", &escaped(notes.trim_end()), "\n.fi\n"]);
    page.extend([".SH EXIT STATUS\n", &escaped(codes), "\n.SH FILES\n.nf\n", &escaped(FILES)]);
    page.push_str("\n.fi\n.SH SEE ALSO\n\\fBphotoprism\\fR(1)\n");
    page
}

const DESCRIPTION: &str = "\
Keeps accounts, passwords and sessions, and answers the client photoprism on a Unix socket. Without
options it has a database of its own, which PhotoPrism does not read; with --database it uses that
of a PhotoPrism.";

const FILES: &str = "\
/run/photoprism/admin.sock      socket, as root or as a service
/var/lib/photoprism/admin.db    database, as root or as a service
~/.local/share/photoprism       both, for anybody else
$XDG_RUNTIME_DIR/photoprism     the socket, where that variable is set";

/// A flag with what it means.
fn item(page: &mut String, flag: &Arg) {
    let name = flag.get_long().unwrap_or_default();
    page.extend([".TP\n\\fB\\-\\-", &escaped(name), "\\fR"]);
    let takes = flag.get_action().takes_values();
    if let Some(value) = flag.get_value_names().and_then(<[_]>::first).filter(|_| takes) {
        page.extend([" \\fI", &escaped(value), "\\fR"]);
    }
    let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
    page.extend(["\n", &escaped(&help), "\n"]);
}

/// Text in which roff finds nothing to do.
fn escaped(text: &str) -> String {
    let line = |line: &str| {
        let safe = line.replace('\\', "\\e").replace('-', "\\-");
        if safe.starts_with(['.', '\'']) { ["\\&", &safe].concat() } else { safe }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::command_line::command;
    use super::*;

    #[test]
    fn every_flag_and_every_section_is_there() {
        let page = page(&command());
        for setting in super::super::table::SETTINGS.iter().filter(|setting| setting.has_flag()) {
            let flag = format!("\n.TP\n\\fB\\-\\-{}\\fR", escaped(setting.name));
            assert!(page.contains(&flag), "{flag} in\n{page}");
        }
        for name in ["NAME", "OPTIONS", "ENVIRONMENT", "EXIT STATUS", "FILES", "SEE ALSO"] {
            assert_eq!(page.matches(&format!("\n.SH {name}\n")).count(), 1, "{name}\n{page}");
        }
        assert!(page.contains("78 database not"), "{page}");
        assert!(!page.contains("\\-\\-man"), "{page}");
    }
}
