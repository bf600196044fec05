//! Words that read as if translated, and names that were replaced: neither comes back.

use crate::source::{Source, words};

/// What sources, tests and documents do not say, and what they say instead. A word is also found
/// inside a name (`is_told`), a phrase also across the end of a line.
const PHRASES: [(&str, &str); 33] = [
    ("folder", "directory"),
    ("folders", "directories"),
    ("sentence", "statement (SQL), message (text)"),
    ("sentences", "statements (SQL), messages (text)"),
    ("tell", "report, log, show"),
    ("tells", "reports, logs, replies"),
    ("telling", "reporting, logging"),
    ("told", "reported, logged, given"),
    ("ours", "own"),
    ("theirs", "photoprism"),
    ("beside", "next to, along with, in PhotoPrism's database"),
    ("besides", "also, in addition to"),
    ("stand in", "be in, contain; prevent"),
    ("stands in", "is in, contains; prevents"),
    ("standing in", "in"),
    ("stood in", "was in"),
    ("what it comes to", "the effective value"),
    ("what they come to", "the effective values"),
    ("make no sense", "be invalid"),
    ("makes no sense", "is invalid"),
    ("is no", "is not a"),
    ("are no", "are not"),
    ("look at", "check, read"),
    ("looks at", "checks, reads"),
    ("looked at", "checked, read"),
    ("patience", "timeout"),
    ("a trial", "a dry run"),
    ("they that", "those that"),
    ("whoever", "any peer that, anybody who"),
    ("there yet", "not exist yet"),
    ("mended", "fixed"),
    ("must not hold", "must not contain"),
    ("at work", "running"),
];

/// Next to these words `is no` and `are no` are plain English.
const BEFORE_NO: &str = "there";
const AFTER_NO: [&str; 3] = ["longer", "more", "other"];

/// Other programs read this in the ready line.
const READY_LINE: &str = "photoprism, not there yet";

/// Names of types, functions and constants that have better ones now.
const NAMES: [&str; 72] = [
    "ACCEPT_REST",
    "Absurd",
    "AccountState",
    "CutShort",
    "Desk",
    "EffectiveRights",
    "Emptied",
    "Entrance",
    "Entrant",
    "Facts",
    "FirstPassword",
    "ForeignAccount",
    "ForeignFault",
    "ForgiveSync",
    "GATHERED",
    "Glance",
    "HASTE",
    "InTheWay",
    "Judgement",
    "LIVE_NAMESAKE",
    "LooksUp",
    "MAKE_SEEN",
    "NewHash",
    "NewUser",
    "Outbox",
    "PATIENCE",
    "Preset",
    "REST",
    "Refusals",
    "SessionRow",
    "Staged",
    "Standing",
    "Surroundings",
    "Tally",
    "Ticket",
    "TooLate",
    "UserChange",
    "UserRow",
    "VOUCHED_SECONDS",
    "Verdict",
    "Vouches",
    "Worked",
    "better_hash",
    "carry_out",
    "come_back",
    "costs_places",
    "end_what_is_left",
    "finish_all",
    "give_back",
    "glance",
    "has_ended",
    "is_asked",
    "is_bearable",
    "is_big",
    "is_harmful",
    "is_master",
    "is_short",
    "last_words",
    "lets_through",
    "look_up_key",
    "looks_up",
    "matching_step",
    "no_nul",
    "not_before_the_floor",
    "now_shown",
    "overlay_seen",
    "refuse_all",
    "settle_replay",
    "still_one_super_admin",
    "surrounded",
    "try_out",
    "warning_of",
];

/// These lists are in this file. The other files keep the names of one design: replies wait in a
/// queue of their own until the commit, and a backup is copied while the database changes. A scope of
/// PhotoPrism's is called as it calls it.
const EXEMPT: [&str; 5] = [
    "daemon/tests/layering/retired.rs",
    "daemon/src/store/thread",
    "daemon/src/store/outbox",
    "daemon/src/store/backup/",
    "protocol/src/scope.rs",
];

fn is_exempt(path: &str) -> bool {
    EXEMPT.iter().any(|start| path.starts_with(start))
}

/// Every retired word of any text, and every retired name of a Rust source.
pub(crate) fn faults(source: &Source) -> Vec<String> {
    if is_exempt(&source.path) {
        return Vec::new();
    }
    let mut faults = phrases(source);
    if source.name().rsplit('.').next() == Some("rs") {
        faults.extend(names(source));
    }
    faults
}

fn names(source: &Source) -> Vec<String> {
    let lines = || (1..).zip(source.lines.iter().map(|line| line.split("//").next().unwrap()));
    let found = |name: &'static str| {
        lines()
            .filter(move |(_, line)| words(line, name).next().is_some())
            .map(move |it| (it, name))
    };
    let faults = NAMES.iter().flat_map(|name| found(name));
    faults.map(|((at, line), name)| source.fault(at, &format!("{name}: {}", line.trim()))).collect()
}

fn phrases(source: &Source) -> Vec<String> {
    let all: Vec<_> = (1..).zip(&source.lines).flat_map(|(at, line)| split(at, line)).collect();
    let mut faults = Vec::new();
    for (phrase, instead) in PHRASES {
        let wanted: Vec<&str> = phrase.split(' ').collect();
        for at in 0..(all.len() + 1).saturating_sub(wanted.len()) {
            let found = &all[at..at + wanted.len()];
            let is_it = found.iter().zip(&wanted).all(|(found, wanted)| found.text == *wanted)
                && found[1..].iter().all(|word| word.follows);
            let before = at.checked_sub(1).map(|at| all[at].text.as_str());
            let after = all.get(at + wanted.len()).map(|word| word.text.as_str());
            let line = source.lines[found[0].line - 1].trim();
            let is_plain = phrase.ends_with(" no") && is_plain_no(before, after);
            if is_it && !is_plain && !line.contains(READY_LINE) {
                faults.push(
                    source.fault(found[0].line, &format!("\"{phrase}\" ({instead}): {line}")),
                );
            }
        }
    }
    faults
}

fn is_plain_no(before: Option<&str>, after: Option<&str>) -> bool {
    before == Some(BEFORE_NO) || after.is_some_and(|after| AFTER_NO.contains(&after))
}

struct Word {
    line: usize,
    text: String,
    /// Nothing but blanks, `_` and the marks of comments lies between it and the word before.
    follows: bool,
}

/// The words of a line, small; a name is several.
fn split(at: usize, line: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut follows = true;
    let mut is_inside = false;
    for letter in line.chars() {
        if letter.is_alphanumeric() {
            match found.last_mut().filter(|_| is_inside) {
                Some(word) => word.text.extend(letter.to_lowercase()),
                None => {
                    found.push(Word { line: at, text: letter.to_lowercase().collect(), follows });
                }
            }
            follows = true;
        } else {
            follows &= " \t_/!*#>\\".contains(letter);
        }
        is_inside = letter.is_alphanumeric();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        faults(&Source::new(path, text)).len()
    }

    #[test]
    fn every_phrase_is_found_in_text_in_comments_and_in_names() {
        for (phrase, _) in PHRASES {
            let title = phrase[..1].to_uppercase() + &phrase[1..];
            assert_eq!(found("README.md", &format!("{title} it.")), 1, "{phrase}");
            assert_eq!(found("ctl/src/a.rs", &format!("let s = \"{phrase}\";")), 1, "{phrase}");
            let name = phrase.replace(' ', "_");
            assert_eq!(found("ctl/tests/a.rs", &format!("fn x_{name}_y() {{}}")), 1, "{phrase}");
            let broken = format!("    /// It {}\n", phrase.replace(' ', "\n    /// "));
            assert_eq!(found("protocol/src/a.rs", &broken), 1, "{broken}");
        }
    }

    #[test]
    fn every_name_is_found_in_code_and_not_in_comments() {
        for name in NAMES.iter().filter(|name| **name != "PATIENCE") {
            assert_eq!(
                found("daemon/src/a.rs", &format!("    let x = {name}::new();")),
                1,
                "{name}"
            );
            assert_eq!(found("daemon/src/a.rs", &format!("    // As with {name}.")), 0, "{name}");
            assert_eq!(found("daemon/README.md", name), 0, "{name}");
            assert_eq!(found("daemon/src/a.rs", &format!("let x{name} = {name}2;")), 0, "{name}");
        }
    }

    #[test]
    fn what_only_looks_like_one_passes() {
        for line in [
            "the subfolder's presentences, untold",
            "hours of courses",
            "a stand-in for root",
            "where it stands. In the end",
            "there is no daemon, there are no rows",
            "it is no longer than that",
            "a trailing newline",
            "compatience",
        ] {
            assert_eq!(found("README.md", line), 0, "{line}");
        }
        assert_eq!(found("README.md", "it is no daemon"), 1);
        assert_eq!(found("README.md", "there it is, no daemon"), 0);
    }

    #[test]
    fn only_the_exempt_files_are_left_out() {
        for (path, count) in [
            ("daemon/src/store/thread.rs", 0),
            ("daemon/src/store/thread/commit.rs", 0),
            ("daemon/src/store/outbox.rs", 0),
            ("daemon/src/store/backup/copy.rs", 0),
            ("daemon/tests/layering/retired.rs", 0),
            ("daemon/src/store/open.rs", 1),
            ("daemon/tests/layering/words.rs", 1),
        ] {
            assert_eq!(found(path, "struct Outbox;"), count, "{path}");
        }
    }
}
