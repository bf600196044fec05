//! Links from one document of the repository to another, or to a heading.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use super::source::Source;

/// Links of a document that lead nowhere: no such file, or no such heading in it.
pub(crate) fn faults(document: &Source, workspace: &Path) -> Vec<String> {
    let links = Regex::new(r"\]\(([^)\s]*)\)").unwrap();
    let mut faults = Vec::new();
    for (at, line) in document.lines.iter().enumerate() {
        for link in links.captures_iter(line).map(|found| found.get(1).unwrap().as_str()) {
            if !link.contains("://") && !leads_somewhere(document, link, workspace) {
                faults.push(document.fault(at + 1, &format!("nothing is at {link}")));
            }
        }
    }
    faults
}

fn leads_somewhere(document: &Source, link: &str, workspace: &Path) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    if file.is_empty() {
        return anchors(&document.lines.join("\n")).contains(heading);
    }
    let from = workspace.join(&document.path);
    let path = from.parent().unwrap().join(file);
    heading.is_empty() && path.exists()
        || fs::read_to_string(path).is_ok_and(|text| anchors(&text).contains(heading))
}

/// What the headings of a document are linked by: lower case, without punctuation, dashes for
/// blanks.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut is_block = false;
    let headings = text.lines().filter(|line| {
        is_block ^= line.starts_with("```");
        !is_block && line.starts_with('#')
    });
    let named = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        text.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(named).collect()
}

#[test]
fn a_link_to_nothing_is_found() {
    let text = "# It's `a` b-c!\n[x](#its-a-b-c) [y](#other) [z](https://x/#y)\n```sh\n# no\n```\n\
         [v](#no) [w](../README.md) [u](none.md) [t](../README.md#no-such-heading)";
    let document = Source::new("daemon/x.md", text);
    let workspace = super::workspace();
    let found = faults(&document, &workspace);
    let nothing = |line: u8, link: &str| format!("daemon/x.md:{line}: nothing is at {link}");
    let expected = [
        nothing(2, "#other"),
        nothing(6, "#no"),
        nothing(6, "none.md"),
        nothing(6, "../README.md#no-such-heading"),
    ];
    assert_eq!(found, expected);
}
