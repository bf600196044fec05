//! A source file, without what the rules do not cover.

/// A file with its path from the workspace.
pub(crate) struct Source {
    pub(crate) path: String,
    /// Every line as it is.
    pub(crate) lines: Vec<String>,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), lines: text.lines().map(str::to_owned).collect() }
    }

    /// Files of tests alone.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.name();
        self.path.contains("/tests/") || name == "tests.rs" || name == "testing.rs"
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// Number and text of the lines that are compiled into the program, comments taken away.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test() { 0 } else { self.end_of_code() };
        let lines = self.lines[..end].iter().enumerate();
        lines.map(|(at, line)| (at + 1, line.split("//").next().unwrap()))
    }

    /// The tests next to the code are the last module of a file.
    fn end_of_code(&self) -> usize {
        let tests = self.lines.windows(2).position(|pair| {
            pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod tests {")
        });
        tests.unwrap_or(self.lines.len())
    }

    /// A fault of this file.
    pub(crate) fn fault(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Where `word` is in `line` as a word of its own.
pub(crate) fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
    line.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let (before, after) = (&line[..*at], &line[at + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

#[test]
fn comments_and_tests_are_left_out() {
    let text = "a // b\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod tests {\n    c\n}\n";
    let source = Source::new("daemon/src/x.rs", text);
    let code: Vec<_> = source.code().collect();
    assert_eq!(code, [(1, "a "), (2, "#[cfg(test)]"), (3, "mod tests;")]);
    assert_eq!(Source::new("daemon/src/x/tests/y.rs", text).code().count(), 0);
    assert_eq!(Source::new("daemon/src/x/testing.rs", text).code().count(), 0);
}

#[test]
fn a_word_is_not_a_part_of_one() {
    assert_eq!(
        words("unsafe { } unsafe_code not_unsafe unsafe", "unsafe").collect::<Vec<_>>(),
        [0, 34]
    );
}
