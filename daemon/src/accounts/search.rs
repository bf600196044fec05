//! Parses the text of a search on accounts.

use photoprism_protocol::name::UserName;
use photoprism_protocol::uid::is_user_uid_shape;

use crate::store::{LegacyRow, UserSearch};

/// Parses the text of a search.
pub fn read(text: &str) -> UserSearch {
    if text.is_empty() {
        UserSearch::People
    } else if text == "all" {
        UserSearch::Everybody
    } else if let Some(number) = whole_number(text) {
        UserSearch::Number(number, text.to_owned())
    } else if is_user_uid_shape(text) {
        UserSearch::Uid(text.to_owned())
    } else {
        UserSearch::Prefix { lower: lower(text), display: text.to_owned() }
    }
}

/// Lower case and composed as names are stored. White space at the ends is part of the text.
fn lower(text: &str) -> String {
    if text.trim() == text { UserName::lookup_form(text) } else { text.to_lowercase() }
}

fn whole_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// Whether a row of the legacy table matches; unlike the accounts, it has no system rows to add.
pub fn matches_legacy(search: &UserSearch, row: &LegacyRow) -> bool {
    match search {
        UserSearch::People | UserSearch::Everybody => true,
        UserSearch::Number(id, name) => row.id == *id || row.user_name == *name,
        UserSearch::Uid(uid) => row.uid == *uid,
        UserSearch::Prefix { lower, display } => {
            row.user_name.starts_with(lower)
                || row.email.starts_with(lower)
                || starts_with_ignoring_ascii_case(&row.name, display)
        }
    }
}

fn starts_with_ignoring_ascii_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(lower: &str, display: &str) -> UserSearch {
        UserSearch::Prefix { lower: lower.into(), display: display.into() }
    }

    #[test]
    fn each_form_is_distinguished() {
        assert_eq!(read(""), UserSearch::People);
        assert_eq!(read("all"), UserSearch::Everybody);
        assert_eq!(read("007"), UserSearch::Number(7, "007".into()));
        assert_eq!(read("-2"), UserSearch::Number(-2, "-2".into()));
        assert_eq!(read("+7"), prefix("+7", "+7"));
        assert_eq!(read("-"), prefix("-", "-"));
        assert_eq!(
            read("99999999999999999999"),
            prefix("99999999999999999999", "99999999999999999999")
        );
        assert_eq!(read("u000000000000001"), UserSearch::Uid("u000000000000001".into()));
        assert_eq!(read("Bob"), prefix("bob", "Bob"));
        assert_eq!(read("All"), prefix("all", "All"));
    }

    #[test]
    fn legacy_rows_match_by_name_email_and_full_name() {
        let row = LegacyRow {
            id: 6,
            uid: "uqz1r5w1rstuvwxy".into(),
            name: "Old Bob".into(),
            user_name: "bob".into(),
            email: "bob@example.org".into(),
            admin: true,
            created_at: String::new(),
            disabled: false,
            webdav: true,
        };
        for text in ["", "all", "6", "uqz1r5w1rstuvwxy", "BO", "bob@ex", "old b"] {
            assert!(matches_legacy(&read(text), &row), "{text}");
        }
        for text in ["7", "bobby", "b%", "_ob", "Bobo"] {
            assert!(!matches_legacy(&read(text), &row), "{text}");
        }
    }
}
