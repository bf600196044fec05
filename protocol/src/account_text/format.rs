//! Which form a text has, by how it begins.

/// What an SQLite file begins with.
const SQLITE: &str = "SQLite format 3";

/// Characters of a password hash by `crypt` with DES, the oldest of what htpasswd files hold.
const DES_CHARS: usize = 13;

/// What a text is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    Nothing,
    Database,
    Objects,
    Array,
    Toml,
    Htpasswd,
    Separated,
    /// A form that is not taken.
    Other(&'static str),
}

impl Format {
    /// The text without its byte order mark, and what it is.
    pub(super) fn of(text: &str) -> (&str, Self) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let start = text.trim_start();
        let format = match start.chars().next() {
            None => Self::Nothing,
            Some('S') if start.starts_with(SQLITE) => Self::Database,
            Some('{') => Self::Objects,
            Some('[') if is_array(start) => Self::Array,
            Some('<') => Self::Other("XML or a web page"),
            Some(first) => by_line(first_line(start), first == '#'),
        };
        (text, format)
    }
}

/// By the first line that is not a comment; only TOML, YAML and htpasswd files have comments.
fn by_line(line: &str, has_comments: bool) -> Format {
    if separator(line).is_some() {
        Format::Separated
    } else if is_htpasswd(line) {
        Format::Htpasswd
    } else if is_yaml(line) {
        Format::Other("YAML")
    } else if has_comments || line.starts_with('[') || line.contains('=') {
        Format::Toml
    } else {
        Format::Separated
    }
}

/// The first line that is neither empty nor a comment; empty where there is none.
fn first_line(text: &str) -> &str {
    // A tab at the end may be the separator that is named.
    let mut lines = text.lines().map(|line| line.trim_matches([' ', '\r']));
    lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default()
}

/// TOML's tables begin with a bracket too, and a name or another bracket behind it.
fn is_array(start: &str) -> bool {
    start[1..].trim_start().is_empty() || start[1..].trim_start().starts_with(['{', ']'])
}

/// The separator in `sep=;`, which Excel writes and reads above the first line of a CSV.
pub(super) fn separator(line: &str) -> Option<u8> {
    match line.trim_matches([' ', '"', '\r']).as_bytes() {
        [s @ .., b'=', separator @ (b';' | b',' | b'\t')] if s.eq_ignore_ascii_case(b"sep") => {
            Some(*separator)
        }
        _ => None,
    }
}

/// `name:hash`.
fn is_htpasswd(line: &str) -> bool {
    let Some((name, hash)) = line.split_once(':') else { return false };
    let is_name = !name.is_empty() && !name.contains([' ', '"', '\'', '=', ',', ';', '[']);
    let is_des = |hash: &str| {
        hash.len() == DES_CHARS
            && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
    };
    is_name && (hash.starts_with(['$', '{']) || is_des(hash))
}

/// `---`, `- name: bob`, `accounts:` or `name: bob`.
fn is_yaml(line: &str) -> bool {
    let is_key = |key: &str| {
        !key.is_empty() && key.chars().all(|one| one.is_ascii_alphanumeric() || "_-".contains(one))
    };
    let item = line.strip_prefix("- ").map_or(line, str::trim_start);
    let key = item.strip_suffix(':').or_else(|| item.split_once(": ").map(|(key, _)| key));
    line == "---" || key.is_some_and(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_recognised_by_how_it_begins() {
        let of = |text: &str| Format::of(text).1;
        for (text, expected) in [
            ("", Format::Nothing),
            ("\u{feff} \n", Format::Nothing),
            ("SQLite format 3\0x", Format::Database),
            ("\n {\"name\":\"bob\"}\n", Format::Objects),
            ("[{\"name\":\"bob\"}]", Format::Array),
            ("[\n  {", Format::Array),
            ("[]\n", Format::Array),
            ("[", Format::Array),
            ("[[account]]\nname = 'bob'\n", Format::Toml),
            ("account = []\n", Format::Toml),
            ("# nobody yet\n", Format::Toml),
            ("# by hand\n[[account]]\n", Format::Toml),
            ("name;role\n", Format::Separated),
            ("sep=;\nname;role\n", Format::Separated),
            ("\"SEP=,\"\r\nname,role\n", Format::Separated),
            ("name\nbob\n", Format::Separated),
            ("name,note\nbob,a: b\n", Format::Separated),
            ("bob:$2y$05$abc\n", Format::Htpasswd),
            ("# of the proxy\n\nbob:{SHA}xyz=\n", Format::Htpasswd),
            ("bob:rqXexS6ZhobKA\n", Format::Htpasswd),
            ("---\nname: bob\n", Format::Other("YAML")),
            ("- name: bob\n", Format::Other("YAML")),
            ("# by hand\naccounts:\n  - name: bob\n", Format::Other("YAML")),
            ("name: bob\nrole: user\n", Format::Other("YAML")),
            ("<html>", Format::Other("XML or a web page")),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
