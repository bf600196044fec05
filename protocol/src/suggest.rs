//! The nearest known name to an unknown one.

/// The most similar of `known` by Jaro-Winkler, of those that could be meant: with one letter in
/// three wrong at most, or an abbreviation or a part of each other. A guess that is far off would
/// only mislead.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The cost grows with the square of the length; the beginning of a long name is enough.
    let name: String = name.chars().take(64).flat_map(char::to_lowercase).collect();
    known
        .into_iter()
        .filter(|candidate| is_near(&name, candidate))
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn is_near(name: &str, candidate: &str) -> bool {
    let (shorter, longer) =
        if name.len() < candidate.len() { (name, candidate) } else { (candidate, name) };
    let wrong = strsim::osa_distance(name, candidate);
    wrong <= (longer.chars().count() / 3).max(1)
        || (shorter.len() >= 4 && longer.contains(shorter))
        || (shorter.len() >= 3 && is_abbreviation(shorter, longer))
}

/// `cmd` of `command`.
fn is_abbreviation(short: &str, long: &str) -> bool {
    let mut letters = long.chars();
    short.chars().next() == long.chars().next()
        && short.chars().all(|one| letters.any(|c| c == one))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 9] = [
        "name",
        "role",
        "email",
        "provider",
        "totp_url",
        "webdav",
        "expires_at",
        "password",
        "cmd",
    ];

    #[test]
    fn the_most_similar_wins() {
        assert_eq!(nearest("users.list", ["ping", "users.ls", "users.rm"]), Some("users.ls"));
        for (name, expected) in [
            ("nmae", "name"),
            ("Name", "name"),
            ("username", "name"),
            ("mail", "email"),
            ("roles", "role"),
            ("expires", "expires_at"),
            ("passwd", "password"),
            ("webdva", "webdav"),
            ("command", "cmd"),
        ] {
            assert_eq!(nearest(name, KEYS), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_far_off_is_not_meant() {
        for name in ["x", "colour", "phone", "quota", "", "note", &"x".repeat(100_000)] {
            assert_eq!(nearest(name, KEYS), None, "{name}");
        }
        assert_eq!(nearest("x", []), None);
    }
}
