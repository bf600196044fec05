//! Manual pages, one for each command: roff with the macros of `man(7)`.

use clap::builder::StyledStr;
use clap::{Arg, Command};

use super::{children, flags};

/// The name of a command's page, `photoprism-users-ls`.
pub(crate) fn name(path: &[String]) -> String {
    std::iter::once("photoprism")
        .chain(path.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("-")
}

/// The page of a command.
pub(crate) fn page(path: &[String], command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    let command = &*command;
    let name = name(path);
    let mut page = String::new();
    page.extend([".TH ", &name, " 1 \"\" photoprism photoprism-admin\n.SH NAME\n"]);
    page.extend([&escaped(&name), " \\- ", &text(command.get_about())]);
    page.push_str("\n.SH SYNOPSIS\n.nf\n");
    page.push_str(&escaped(usage.strip_prefix("Usage: ").unwrap_or(&usage)));
    page.push_str("\n.fi\n.SH DESCRIPTION\n");
    page.push_str(&text(command.get_long_about().or(command.get_about())));
    page.push('\n');
    for arg in command.get_positionals() {
        item(&mut page, &["\\fI", &escaped(arg.get_id().as_str()), "\\fR"].concat(), help(arg));
    }
    page.push_str(".SH OPTIONS\n");
    for flag in flags(command) {
        item(&mut page, &spelled(flag), help(flag));
    }
    let mut heading = ".SH COMMANDS\n";
    for child in children(command) {
        page.push_str(std::mem::take(&mut heading));
        item(&mut page, &bold(child.get_name()), child.get_about());
    }
    let more = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    sections(&mut page, &more, path.is_empty());
    see_also(&mut page, path, command);
    page
}

/// How a paragraph below the flags begins, and the section that it is here.
const SECTIONS: [(&str, &str); 3] =
    [("Exit codes:", "EXIT STATUS"), ("The socket is", "FILES"), ("Examples:", "EXAMPLES")];

const ENVIRONMENT: &str = "\
.SH ENVIRONMENT
.TP
\\fBPHOTOPRISM_ADMIN_SOCKET\\fR
Socket of the daemon, where \\fB\\-\\-socket\\fR does not name one.
.TP
\\fBPHOTOPRISM_CLI\\fR
With the value noninteractive nothing is asked, as with \\fB\\-\\-no\\-input\\fR.
.TP
\\fBPHOTOPRISM_FALLBACK\\fR
PhotoPrism's own program, to which other commands go.
.TP
\\fBNO_COLOR\\fR
Where it is set and not empty, nothing is bold, dim or coloured.
";

/// What stands below the flags in the help, each paragraph in its section.
fn sections(page: &mut String, help: &str, root: bool) {
    let known = |text: &str| SECTIONS.iter().find(|(start, _)| text.starts_with(start));
    let part = |page: &mut String, name: &str, wanted: &dyn Fn(&str) -> bool| {
        let found: Vec<&str> = help.split("\n\n").filter(|text| wanted(text)).collect();
        if found.is_empty() {
            return;
        }
        let text = escaped(&found.join("\n\n").replace('`', ""));
        // The name of the section says it.
        let text = text.strip_prefix("Examples:\n").unwrap_or(&text);
        page.extend([".SH ", name, "\n.nf\n", text, "\n.fi\n"]);
    };
    let [exit, files, examples] = SECTIONS;
    part(page, exit.1, &|text| text.starts_with(exit.0));
    page.push_str(if root { ENVIRONMENT } else { "" });
    part(page, files.1, &|text| text.starts_with(files.0));
    part(page, "NOTES", &|text| !text.is_empty() && known(text).is_none());
    part(page, examples.1, &|text| text.starts_with(examples.0));
}

/// A term with what it means.
fn item(page: &mut String, term: &str, meaning: Option<&StyledStr>) {
    page.extend([".TP\n", term, "\n", &text(meaning), "\n"]);
}

/// `-r, --role ROLE`, or `--webdav[=BOOL]` where the value may be left out.
fn spelled(flag: &Arg) -> String {
    let short = flag.get_short().map(|short| ["-", short.encode_utf8(&mut [0; 4])].concat());
    let long = flag.get_long().map(|long| ["--", long].concat());
    let words: Vec<String> = short.into_iter().chain(long).map(|word| bold(&word)).collect();
    let words = words.join(", ");
    let takes = flag.get_action().takes_values();
    match flag.get_value_names().and_then(|names| names.first()).filter(|_| takes) {
        None => words,
        Some(name) if flag.is_require_equals_set() => [&words, "[=\\fI", name, "\\fR]"].concat(),
        Some(name) => [&words, " \\fI", name, "\\fR"].concat(),
    }
}

fn bold(word: &str) -> String {
    ["\\fB", &escaped(word), "\\fR"].concat()
}

fn see_also(page: &mut String, path: &[String], command: &Command) {
    let above = path.split_last().map(|(_, above)| name(above));
    let here = name(path);
    let below = children(command).map(|child| [&here, "-", child.get_name()].concat());
    let pages: Vec<String> =
        above.into_iter().chain(below).map(|name| bold(&name) + "(1)").collect();
    page.extend([".SH SEE ALSO\n", &pages.join(",\n"), "\n"]);
}

fn help(arg: &Arg) -> Option<&StyledStr> {
    arg.get_long_help().or(arg.get_help())
}

fn text(help: Option<&StyledStr>) -> String {
    help.map(|help| escaped(&help.to_string().replace('`', ""))).unwrap_or_default()
}

/// Text in which roff finds nothing to do.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            safe.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            safe.push_str("\\&");
        }
        safe.push_str(&line.replace('\\', "\\e").replace('-', "\\-"));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roff_finds_nothing_to_do_in_a_text() {
        assert_eq!(escaped("a-b \\n\n.SH x\n'x\n\ny"), "a\\-b \\en\n\\&.SH x\n\\&'x\n\ny");
    }
}
