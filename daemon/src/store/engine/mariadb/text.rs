//! Texts of statements as MariaDB takes them.

/// The schemas that names are qualified with: MariaDB has the daemon's own tables in PhotoPrism's.
const SCHEMAS: [&str; 4] = ["admin.", "logins.", "main.", "own."];

/// A statement with a `?` for each use of a parameter, and which parameter each one is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) text: String,
    /// Numbers from 0, in the order of the uses.
    pub(super) parameters: Vec<usize>,
}

impl Text {
    /// From a statement with parameters `?1`, `?2` and so on.
    pub(super) fn of(statement: &str) -> Self {
        let mut found =
            Self { text: String::with_capacity(statement.len()), parameters: Vec::new() };
        let mut rest = statement;
        while let Some(next) = rest.chars().next() {
            rest = match next {
                '\'' | '`' => found.quoted(rest, next),
                '?' => found.parameter(&rest[1..]),
                letter if is_word(letter) => found.word(rest),
                _ => found.copy(rest, next.len_utf8()),
            };
        }
        found
    }

    fn copy<'a>(&mut self, rest: &'a str, length: usize) -> &'a str {
        let (part, rest) = rest.split_at(length);
        self.text.push_str(part);
        rest
    }

    /// A text or a name in quotes stays as it is; a quote in it is written twice.
    fn quoted<'a>(&mut self, rest: &'a str, quote: char) -> &'a str {
        let end = rest[1..].find(quote).map_or(rest.len(), |at| at + 2);
        self.copy(rest, end)
    }

    fn parameter<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        self.text.push('?');
        self.parameters.push(rest[..end].parse::<usize>().map_or(0, |number| number - 1));
        &rest[end..]
    }

    /// A word, or nothing where it is the name of a schema.
    fn word<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(rest) = SCHEMAS.iter().find_map(|schema| rest.strip_prefix(schema)) {
            return rest;
        }
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        self.copy(rest, end)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_of_a_parameter_is_one_of_its_own() {
        for (statement, text, parameters) in [
            ("SELECT 1", "SELECT 1", &[][..]),
            ("a = ?2 AND b = ?1 OR c > ?2", "a = ? AND b = ? OR c > ?", &[1, 0, 1]),
            ("a IN (?10,?1)", "a IN (?,?)", &[9, 0]),
            ("a = '?1' AND `?2` = ?1", "a = '?1' AND `?2` = ?", &[0]),
            ("a = 'it''s ?1' AND b = ?1", "a = 'it''s ?1' AND b = ?", &[0]),
        ] {
            let expected = Text { text: text.into(), parameters: parameters.to_vec() };
            assert_eq!(Text::of(statement), expected, "{statement}");
        }
    }

    #[test]
    fn names_of_schemas_are_left_out() {
        for (statement, text) in [
            ("FROM own.admin_meta m, logins.audit_logins", "FROM admin_meta m, audit_logins"),
            ("main.auth_sessions u, admin.admin_ended", "auth_sessions u, admin_ended"),
            ("u.id, domain.x, 'main.y', remain.z", "u.id, domain.x, 'main.y', remain.z"),
        ] {
            assert_eq!(Text::of(statement).text, text);
        }
    }
}
