//! Paths of this machine as people write them: in settings, in the environment, on command lines.
//!
//! A value with something behind it (the carriage return of a file with Windows line ends, a blank,
//! the options of another program's address) is still a path, but of a file that nobody meant.

use std::borrow::Cow;
use std::ffi::OsStr;

use crate::rule::RuleError;
use crate::text::{is_control, is_joiner, is_misleading, is_white_space};

/// Prefixes by which other programs distinguish a database from a path.
const SCHEMES: [&str; 9] = [
    "file:",
    "sqlite:",
    "sqlite3:",
    "mysql:",
    "mariadb:",
    "postgres:",
    "postgresql:",
    "jdbc:",
    ":memory:",
];

/// Keys of addresses of the form `host=… password=…`, or `Server=…;Pwd=…`.
const KEYS: [&str; 3] = ["password=", "passwd=", "pwd="];

/// Refuses a path that cannot be meant as it is written. The message continues after the setting's
/// name and does not repeat the path.
pub fn check_path(path: &OsStr) -> Result<(), RuleError> {
    let text = path.to_string_lossy();
    check_line_ends(&text)?;
    let control = |c: char| is_control(c) || matches!(c, '\u{2028}' | '\u{2029}');
    if let Some(found) = text.chars().find(|c| control(*c)) {
        let how = if text.ends_with(control) { "ends in" } else { "contains" };
        let what = match found {
            '\n' => "a line feed".into(),
            '\t' => "a tab".into(),
            other => format!("a control character (U+{:04X})", u32::from(other)),
        };
        return Err(RuleError::new(format!("{how} {what}: leave it out")));
    }
    if text.starts_with(is_blank) {
        return Err(blank("begins with", text.chars().next()));
    }
    if text.ends_with(is_blank) {
        return Err(blank("ends in", text.chars().next_back()));
    }
    if text.len() > 1 && ['"', '\''].iter().any(|q| text.starts_with(*q) && text.ends_with(*q)) {
        return Err(RuleError::new("is in quotes, which belong to the value here: leave them out"));
    }
    Ok(())
}

/// Refuses a carriage return in a value of any kind.
pub fn check_line_ends(text: &str) -> Result<(), RuleError> {
    let how = match text.contains('\r') {
        false => return Ok(()),
        true if text.ends_with('\r') => "ends in",
        true => "contains",
    };
    Err(RuleError::new(format!(
        "{how} a carriage return, as in a file with Windows line ends: save the file with Unix \
         line ends (LF)"
    )))
}

/// White space, and characters that cannot be seen: a path copied from a web page may have them.
fn is_blank(c: char) -> bool {
    // The table of all format characters would add 40 KB to the control binary.
    is_white_space(c) || is_joiner(c) || is_misleading(c) && !is_control(c)
}

fn blank(how: &str, c: Option<char>) -> RuleError {
    let what = match c {
        None | Some(' ') => Cow::Borrowed("a blank"),
        Some(other) => {
            let kind = if is_white_space(other) { "a blank" } else { "an invisible character" };
            format!("{kind} (U+{:04X})", u32::from(other)).into()
        }
    };
    RuleError::new(format!("{how} {what}: leave it out"))
}

/// Whether a text is rather the address of a database for another program than a path: a data
/// source name of PhotoPrism's (`user:password@tcp(host:3306)/name`, `index.db?_busy_timeout=5000`)
/// or a URL. There may be a password in it, so such a text is not repeated.
pub fn looks_like_address(path: &OsStr) -> bool {
    let text = path.to_string_lossy().to_lowercase();
    let text = text.trim_matches(|c| is_blank(c) || is_control(c) || c == '"' || c == '\'');
    let relative = !text.starts_with(['/', '.', '~']);
    // `user:password@…`, of whatever follows; an absolute path may hold both characters.
    let with_user = relative && text.split_once('@').is_some_and(|(user, _)| user.contains(':'));
    with_user
        || is_in_go(text)
        || text.contains("://")
        || has_options(text)
        || SCHEMES.iter().any(|scheme| text.starts_with(scheme))
        || (relative && KEYS.iter().any(|key| text.contains(key)))
}

/// A `?` behind a file; directories may have one in their names.
fn has_options(text: &str) -> bool {
    text.contains(".db?") || text.rsplit('/').next().is_some_and(|name| name.contains('?'))
}

/// `@tcp(`, `@unix(`, and the rest of the networks of Go's driver, `@(` and `@/` included.
fn is_in_go(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        rest.starts_with('(')
            || (!text.starts_with(['/', '.', '~']) && text[at..].starts_with("@/"))
    })
}

/// Whether such an address names a database server.
pub fn looks_like_server(path: &OsStr) -> bool {
    let text = path.to_string_lossy().to_lowercase();
    let text = text.trim_start_matches(|c| is_blank(c) || c == '"' || c == '\'');
    text.contains('@') || ["mysql:", "mariadb:"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn blanks_are_these_and_white_space() {
        let found = ('\0'..=char::MAX).filter(|c| is_blank(*c) && !is_white_space(*c));
        let mut expected = vec!['\u{ad}', '\u{61c}', '\u{180e}'];
        expected.extend('\u{200b}'..='\u{200f}');
        expected.extend('\u{202a}'..='\u{202e}');
        expected.extend('\u{2060}'..='\u{206f}');
        expected.extend(['\u{feff}', '\u{fff9}', '\u{fffa}', '\u{fffb}']);
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    fn fault(text: &str) -> String {
        check_path(OsStr::new(text)).expect_err(text).to_string()
    }

    #[test]
    fn bad_characters_are_named_with_what_to_do() {
        for (text, expected) in [
            ("/srv/a\r", "ends in a carriage return, as in a file with Windows line ends: save"),
            ("/srv/a\n", "ends in a line feed: leave it out"),
            ("/srv/a\r\n", "contains a carriage return, as in"),
            ("/srv/a\t", "ends in a tab"),
            ("\t/srv/a", "contains a tab"),
            ("\r/srv/a", "contains a carriage return"),
            ("/srv\r/a", "contains a carriage return"),
            ("/srv/a\u{1b}[0m", "contains a control character (U+001B)"),
            ("/srv/a\u{85}", "ends in a control character (U+0085)"),
            ("/srv/a\u{7f}", "ends in a control character (U+007F)"),
            ("/srv/a\u{2028}", "ends in a control character (U+2028)"),
            ("/srv/a ", "ends in a blank: leave it out"),
            (" /srv/a", "begins with a blank: leave it out"),
            ("/srv/a\u{a0}", "ends in a blank (U+00A0)"),
            ("\u{a0}/srv/a", "begins with a blank (U+00A0)"),
            ("\u{3000}/srv/a", "begins with a blank (U+3000)"),
            ("\u{feff}/srv/a", "begins with an invisible character (U+FEFF)"),
            ("/srv/a\u{200b}", "ends in an invisible character (U+200B)"),
            ("\"/srv/a\"", "is in quotes"),
            ("'a.db'", "is in quotes"),
            ("\r", "ends in a carriage return"),
            (" ", "begins with a blank"),
        ] {
            let message = fault(text);
            assert!(message.contains(expected), "{text:?}: {message}");
            assert!(!message.contains("srv") && !message.contains(is_control), "{message}");
        }
    }

    #[test]
    fn ordinary_paths_pass() {
        for text in [
            "",
            "/srv/photo storage/index.db",
            "admin.db",
            "/srv/Käthe/東京.db",
            "/srv/it's",
            "\"",
            "/srv/a\u{a0}b",
        ] {
            assert_eq!(check_path(OsStr::new(text)), Ok(()), "{text:?}");
        }
        // A path need not be UTF-8.
        assert_eq!(check_path(OsStr::from_bytes(b"/srv/k\xe4the.db")), Ok(()));
        assert!(check_path(OsStr::from_bytes(b"/srv/k\xe4the.db\r")).is_err());
    }

    #[test]
    fn addresses_of_other_programs_are_distinguished_from_paths() {
        for text in [
            "photoprism:insecure@tcp(mariadb:3306)/photoprism?charset=utf8mb4,utf8&parseTime=true",
            "root@unix(/run/mysqld/mysqld.sock)/photoprism",
            "photoprism:insecure@/photoprism",
            "root@/photoprism",
            "photoprism:in/secure@mariadb/photoprism",
            "user:p@ss@tcp6([::1]:3306)/x",
            "u:p@(localhost)/x",
            "/photoprism/storage/index.db?_busy_timeout=5000",
            "index.db?",
            "file:/x/index.db",
            "FILE:index.db",
            "sqlite:index.db",
            "sqlite3://x",
            "mysql://u:p@h/d",
            " mysql://u:p@h/d",
            "\"mysql://u:p@h/d\"",
            "postgres://u:p@h/d",
            "https://example.com/index.db",
            "jdbc:mariadb:x",
            ":memory:",
            "host=db user=x password=y",
            "Server=db;Uid=x;Pwd=y",
        ] {
            assert!(looks_like_address(OsStr::new(text)), "{text}");
        }
        for text in [
            "/srv/photos/index.db",
            "admin.db",
            "./a@b/c.db",
            "/srv/user@host/a.db",
            "/srv/a:b@c/d.db",
            "/srv/me@/a.db",
            "/srv/(old)/a.db",
            "/srv/password=x/a.db",
            "/srv/100%/a;b.db",
            "/srv/who?/a.db",
            "",
        ] {
            assert!(!looks_like_address(OsStr::new(text)), "{text}");
        }
    }

    #[test]
    fn servers_are_distinguished_from_files() {
        for text in ["u:p@tcp(h)/d", "mysql://h/d", "MariaDB:h", " mysql://h"] {
            assert!(looks_like_server(OsStr::new(text)), "{text}");
        }
        for text in ["/x/index.db?_busy_timeout=5000", "file:/x", "sqlite:x"] {
            assert!(!looks_like_server(OsStr::new(text)), "{text}");
        }
    }
}
