//! Parses the text of a search on accounts.

use std::borrow::Cow;

use photoprism_protocol::name::UserName;
use photoprism_protocol::uid::is_user_uid_shape;

use crate::store::{AccountSearch, Db, LegacyRow, StoreError, account_by_uid, legacy_page};

/// Parses the text of a search.
pub(super) fn parse(text: &str) -> AccountSearch {
    if text.is_empty() {
        AccountSearch::People
    } else if text == "all" {
        AccountSearch::Everybody
    } else if let Some(number) = whole_number(text) {
        AccountSearch::Number(number, text.to_owned())
    } else if is_user_uid_shape(text) {
        AccountSearch::Uid(text.to_owned())
    } else {
        prefix(text)
    }
}

fn prefix(text: &str) -> AccountSearch {
    AccountSearch::Prefix { lower: lower(text), display: text.to_owned() }
}

/// The search in a database: what only has the form of a UID is the beginning of a name, as
/// `uschipartenkirch` is.
pub(super) fn resolve<'a>(
    db: &Db,
    search: &'a AccountSearch,
) -> Result<Cow<'a, AccountSearch>, StoreError> {
    Ok(match search {
        AccountSearch::Uid(uid) if account_by_uid(db, uid)?.is_none() => Cow::Owned(prefix(uid)),
        _ => Cow::Borrowed(search),
    })
}

/// The same over the legacy table.
pub(super) fn resolve_legacy<'a>(
    db: &Db,
    search: &'a AccountSearch,
) -> Result<Cow<'a, AccountSearch>, StoreError> {
    Ok(match search {
        AccountSearch::Uid(uid) if legacy_page(db, 0, 1, |row| row.uid == *uid)?.is_empty() => {
            Cow::Owned(prefix(uid))
        }
        _ => Cow::Borrowed(search),
    })
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
pub(super) fn matches_legacy(search: &AccountSearch, row: &LegacyRow) -> bool {
    match search {
        AccountSearch::People | AccountSearch::Everybody => true,
        AccountSearch::Number(id, name) => row.id == *id || row.user_name == *name,
        AccountSearch::Uid(uid) => row.uid == *uid,
        AccountSearch::Prefix { lower, display } => {
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

    fn prefix(lower: &str, display: &str) -> AccountSearch {
        AccountSearch::Prefix { lower: lower.into(), display: display.into() }
    }

    #[test]
    fn each_form_is_distinguished() {
        assert_eq!(parse(""), AccountSearch::People);
        assert_eq!(parse("all"), AccountSearch::Everybody);
        assert_eq!(parse("007"), AccountSearch::Number(7, "007".into()));
        assert_eq!(parse("-2"), AccountSearch::Number(-2, "-2".into()));
        assert_eq!(parse("+7"), prefix("+7", "+7"));
        assert_eq!(parse("-"), prefix("-", "-"));
        assert_eq!(
            parse("99999999999999999999"),
            prefix("99999999999999999999", "99999999999999999999")
        );
        assert_eq!(parse("u000000000000001"), AccountSearch::Uid("u000000000000001".into()));
        assert_eq!(parse("Bob"), prefix("bob", "Bob"));
        assert_eq!(parse("All"), prefix("all", "All"));
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
            created_at: None,
            disabled: false,
            webdav: true,
        };
        for text in ["", "all", "6", "uqz1r5w1rstuvwxy", "BO", "bob@ex", "old b"] {
            assert!(matches_legacy(&parse(text), &row), "{text}");
        }
        for text in ["7", "bobby", "b%", "_ob", "Bobo"] {
            assert!(!matches_legacy(&parse(text), &row), "{text}");
        }
    }
}
