//! The nearest known name to an unknown one.

/// The most similar of `known` by Jaro-Winkler; `None` only where there is none at all.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The cost grows with the square of the length; the beginning of a long name is enough.
    let name: String = name.chars().take(64).collect();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_wins() {
        assert_eq!(nearest("users.list", ["ping", "users.ls", "users.rm"]), Some("users.ls"));
        assert_eq!(nearest("x", []), None);
    }
}
