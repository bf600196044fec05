//! Which build this is.

/// The version of the project.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The target that it was compiled for, as rustc names it.
pub const TARGET: &str = env!("BUILD_TARGET");

/// Version, commit and target, as `--version` prints them: `0.2.0 (0123456789ab, x86_64-…)`.
pub const TEXT: &str = env!("BUILD_TEXT");

/// The commit, where the build was given one.
pub const fn commit() -> Option<&'static str> {
    let commit = env!("BUILD_COMMIT");
    if commit.is_empty() { None } else { Some(commit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_all_that_is_known() {
        let commit = commit().map_or_else(String::new, |commit| format!("{commit}, "));
        assert_eq!(TEXT, format!("{VERSION} ({commit}{TARGET})"));
        assert!(TARGET.contains("linux"), "{TARGET}");
    }
}
