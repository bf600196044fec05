//! Texts that mislead a terminal, a reader, a spreadsheet or a parser.

use photoprism_protocol::text::is_misleading;

const SEEDS: [&str; 25] = [
    "\u{1b}[31m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://x\u{1b}\\",
    "\u{9b}2J",
    "\u{202e}txt.exe",
    "\u{2066}x\u{2069}",
    "\u{61c}",
    "\u{200f}",
    "\u{2028}",
    "\n",
    "\r\nready: socket=x",
    "\t",
    "\0",
    "\u{8}\u{8}",
    "\u{7f}",
    "=HYPERLINK(\"http://x\")",
    "+1",
    "-1",
    "@SUM(A1)",
    "|",
    "\\|",
    "\"",
    "';--",
    ";,\t;",
    "\u{feff}",
];

/// A hundred of them, all different.
pub(crate) fn all() -> Vec<String> {
    let around = |seed: &&str| {
        [seed.to_string(), format!("a{seed}"), format!("{seed}b"), format!("a{seed}{seed}b")]
    };
    SEEDS.iter().flat_map(around).collect()
}

/// The first line of a text that misleads.
pub(crate) fn misleading_line(text: &str) -> Option<&str> {
    text.split('\n').find(|line| line.contains(is_misleading))
}

#[test]
fn there_are_a_hundred_and_the_check_finds_what_misleads() {
    let all = all();
    let different: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!((all.len(), different.len()), (100, 100));
    let unsafe_ones = all.iter().filter(|text| text.contains(is_misleading)).count();
    assert_eq!(unsafe_ones, 68);
    assert_eq!(misleading_line("a\nb\u{1b}[m\n"), Some("b\u{1b}[m"));
    assert_eq!(misleading_line("a\n|b|\n"), None);
}
