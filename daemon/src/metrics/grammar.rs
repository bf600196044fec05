//! A strict parser of OpenMetrics 1.0 text, for tests: the grammar of the specification for gauges,
//! counters and infos, written by hand from the specification alone.

use std::collections::{BTreeMap, BTreeSet};

/// The samples with their labels as written, and their values.
///
/// # Errors
/// The first line that breaks the grammar.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, u64>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with `# EOF`")?;
    if body.contains('\r') || !(body.is_empty() || body.ends_with('\n')) {
        return Err("a line does not end with a newline alone".into());
    }
    let mut families = Families::default();
    for line in body.lines() {
        families.line(line).map_err(|why| format!("{why}: {line}"))?;
    }
    Ok(families.samples)
}

/// What was parsed so far.
#[derive(Default)]
struct Families {
    seen: BTreeSet<String>,
    family: String,
    kind: String,
    metadata_seen: BTreeSet<String>,
    sampled: bool,
    samples: BTreeMap<String, u64>,
}

impl Families {
    fn line(&mut self, line: &str) -> Result<(), String> {
        match line.strip_prefix("# ") {
            Some(rest) => self.metadata(rest),
            None if line.is_empty() || line.starts_with('#') => Err("no line of the format".into()),
            None => self.sample(line),
        }
    }

    /// `TYPE name kind`, `HELP name text` or `UNIT name unit`: each once, before the samples.
    fn metadata(&mut self, rest: &str) -> Result<(), String> {
        let mut parts = rest.splitn(3, ' ');
        let mut part = || parts.next().ok_or("a word is missing");
        let (what, name, value) = (part()?, part()?, part()?);
        if !is_name(name) {
            return Err("a bad name".into());
        }
        if name != self.family {
            if !self.seen.insert(name.to_owned()) {
                return Err("a family that comes apart".into());
            }
            (self.family, self.kind) = (name.to_owned(), "unknown".into());
            (self.metadata_seen, self.sampled) = (BTreeSet::new(), false);
        }
        if self.sampled || !self.metadata_seen.insert(what.to_owned()) {
            return Err("metadata twice, or behind a sample".into());
        }
        match what {
            "TYPE" if ["gauge", "counter", "info"].contains(&value) => {
                value.clone_into(&mut self.kind);
                Ok(())
            }
            "HELP" if is_escaped(value) => Ok(()),
            "UNIT" if name.ends_with(&format!("_{value}")) => Ok(()),
            _ => Err("bad metadata".into()),
        }
    }

    /// `name{label="value"} number`, of the family before it.
    fn sample(&mut self, line: &str) -> Result<(), String> {
        let at = line.rfind(' ').ok_or("no value")?;
        let (sample, value) = (&line[..at], &line[at + 1..]);
        let (name, labels) = match sample.find('{') {
            Some(open) => (&sample[..open], Some(&sample[open..])),
            None => (sample, None),
        };
        let suffix = match self.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        if !self.metadata_seen.contains("TYPE") || name != format!("{}{suffix}", self.family) {
            return Err("not the name of its family".into());
        }
        if let Some(labels) = labels {
            check_labels(labels)?;
        }
        // All figures of the daemon are counts.
        let number: u64 = value.parse().map_err(|_| "no whole number")?;
        self.sampled = true;
        match self.samples.insert(sample.to_owned(), number) {
            None => Ok(()),
            Some(_) => Err("a sample twice".into()),
        }
    }
}

fn is_name(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// Whether every backslash precedes another, a quote or an `n`.
fn is_escaped(text: &str) -> bool {
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        if one == '\\' && !matches!(rest.next(), Some('\\' | '"' | 'n')) {
            return false;
        }
    }
    true
}

fn check_labels(text: &str) -> Result<(), String> {
    let mut rest = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or("no braces")?;
    let mut names = BTreeSet::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("no label")?;
        if !is_name(name) || name.contains(':') || !names.insert(name) {
            return Err("a bad label".into());
        }
        let end = closing_quote(after).ok_or("an open quote")?;
        if !is_escaped(&after[..end]) {
            return Err("a bad escape".into());
        }
        rest = &after[end + 1..];
        rest = match rest.strip_prefix(',') {
            Some("") => return Err("a comma too many".into()),
            Some(more) => more,
            None if rest.is_empty() => rest,
            None => return Err("no comma".into()),
        };
    }
    Ok(())
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, one)| {
        let ends = one == '"' && !escaped;
        escaped = one == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[test]
fn what_breaks_the_grammar_is_found() {
    assert!(parse("# EOF\n").is_ok());
    for text in ["", "# TYPE a gauge\na 1\n# EOF", "a 1\n# EOF\n"] {
        assert!(parse(text).is_err(), "{text}");
    }
    for (body, fine) in [
        ("# TYPE a gauge\na 1\n", true),
        ("# HELP a x \\\\ y.\n# TYPE a gauge\na{b=\"c\\\"d, e\",f=\"\"} 1\n", true),
        ("# TYPE a_bytes gauge\n# UNIT a_bytes bytes\na_bytes 1\n", true),
        ("# TYPE a info\na_info{x=\"1\"} 1\n", true),
        ("# TYPE a counter\na_total 1\n", true),
        ("# TYPE a counter\na 1\n", false),
        ("# TYPE a counter\na_total -1\n", false),
        ("# TYPE a gauge\na 1\na 2\n", false),
        ("# TYPE a gauge\n# TYPE a gauge\na 1\n", false),
        ("# TYPE a gauge\na 1\n# HELP a x\n", false),
        ("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n", false),
        ("# TYPE a gauge\na{b=\"c\"d=\"e\"} 1\n", false),
        ("# TYPE a gauge\na{b=\"c\",} 1\n", false),
        ("# TYPE a gauge\na{b=\"c\",b=\"d\"} 1\n", false),
        ("# TYPE a gauge\na{b:c=\"c\"} 1\n", false),
        ("# TYPE a gauge\na{b=\"\\x\"} 1\n", false),
        ("# TYPE a gauge\na one\n", false),
        ("# TYPE a gauge\n\na 1\n", false),
        ("# TYPE a gauge\r\na 1\n", false),
        ("#TYPE a gauge\na 1\n", false),
        ("# TYPE 1a gauge\n1a 1\n", false),
        ("# TYPE a seconds\na 1\n", false),
        ("# TYPE a gauge\n# UNIT a seconds\na 1\n", false),
        ("# TYPE a gauge\nb 1\n", false),
    ] {
        assert_eq!(parse(&format!("{body}# EOF\n")).is_ok(), fine, "{body}");
    }
}
