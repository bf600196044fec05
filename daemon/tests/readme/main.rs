//! The READMEs and the tour, run as written: every `sh` block does what it says, and prints what the `text`
//! block after it shows.
//!
//! The first block of the top one is the first terminal, all others follow each other in a second
//! one, in a home of their own and never as root. A block whose programs are missing here is left
//! out, and so is what needs the variables that it sets. Building and testing is left to `.ci/run`, which
//! runs those two blocks as they are: `cargo` does nothing here. What is
//! deployed has tests of its own (`tests/deployed`), and so have the gate and its page.

mod blocks;
mod gate;
mod needs;
#[path = "../common/outside.rs"]
#[expect(dead_code, reason = "other test binaries use the rest of it")]
mod outside;
mod place;
mod settled;

use std::fs;

use blocks::{Block, README, TOUR, blocks, fenced, section};
use needs::able;
use place::{Place, Terminal};
use regex::Regex;
use settled::settled;

const PROTOCOL: &str = include_str!("../../../protocol/README.md");

/// Runs the blocks one after the other in one shell, which puts the output and the exit code of
/// each into files of its home.
fn run_all(place: &Place, blocks: &[&Block]) {
    let step = |(number, block): (usize, &&Block)| {
        let inside = &block.script;
        format!("{{\n{inside}\n}} > \"$out/{number}\" 2>&1\necho $? > \"$out/{number}.code\"\n")
    };
    let steps: Vec<String> = blocks.iter().enumerate().map(step).collect();
    let script = format!("out=$HOME/.out; mkdir \"$out\"\n{}", steps.concat());
    assert!(place.bash(&script).status().unwrap().success());
}

/// Runs `all` against a daemon that the first block of the README starts.
fn check(place: &Place, all: &[Block]) {
    let start = blocks(section(README, "\n## Start\n")).swap_remove(0);
    let (daemon, said) = Terminal::start(place, &start.script, "ready: ");
    assert_eq!(place.settled(&said), place.settled(start.shown.as_ref().unwrap()));

    let able = able(place, all);
    run_all(place, &able);
    for (number, block) in able.iter().enumerate() {
        let file = |end: &str| place.path(&format!("home/.out/{number}{end}"));
        let printed = fs::read_to_string(file("")).unwrap();
        assert_eq!(
            fs::read_to_string(file(".code")).unwrap(),
            "0\n",
            "{}\n{printed}",
            block.script
        );
        if let Some(shown) = &block.shown {
            assert_eq!(
                place.settled(&printed),
                place.settled(shown),
                "{}\n{printed}",
                block.script
            );
        }
    }
    assert!(daemon.stop().ends_with("INFO stopped\n"));
}

#[test]
fn the_readme_does_what_it_says() {
    check(&Place::new(), &blocks(README)[1..]);
}

#[test]
fn the_tour_shows_what_comes_out() {
    check(&Place::new(), &blocks(TOUR));
}

#[test]
fn the_wire_is_as_its_readme_shows() {
    check(&Place::new(), &blocks(PROTOCOL));
}

/// Parts of UIDs and of times that are left of a text without what differs from run to run.
fn parts_of_what_differs(text: &str) -> Vec<String> {
    // The first characters of a UID are the time at which it was created.
    let uids = Regex::new(r"\b(u[0-9a-z]{2})[0-9a-z]{13}\b").unwrap();
    let documents = [README, TOUR, PROTOCOL].concat();
    let begins = uids.captures_iter(&documents).map(|found| found[1].to_owned());
    let years = (2026..2040).map(|year: u32| year.to_string());
    let text = settled(text);
    begins.chain(years).filter(|part| text.contains(part)).collect()
}

#[test]
fn what_is_shown_holds_no_part_of_what_differs() {
    for (kind, shown) in [README, TOUR, PROTOCOL].into_iter().flat_map(fenced) {
        if kind == "text" {
            assert_eq!(parts_of_what_differs(shown), [""; 0], "{shown}");
        }
    }
    let cut = r#"{"id":null,"ok":true,"result":{"user":{"uid":"utp0"#;
    assert!(!parts_of_what_differs(cut).is_empty());
    assert!(!parts_of_what_differs("| 2026-11-24 10:1").is_empty());
}

#[test]
fn another_output_is_noticed() {
    let place = Place::new();
    let same = |one: &str, other: &str| place.settled(one) == place.settled(other);
    let row = "| utp00noc6k3jrp85 | bob   | 2026-11-24 08:52:36 |";
    assert!(same(row, "| utp00nonns0mda2b | bob | 2027-01-01 00:00:00 |"));
    assert!(!same(row, "| utp00nonns0mda2b | rob | 2027-01-01 00:00:00 |"));
    assert!(!same(row, "| utp00nonns0mda2b | bob | |"));
    assert!(same("4mWx8-8JntM-C4gbG-utGnG", "aaaaa-bbbbb-ccccc-ddddd"));
    assert!(!same("found 2 users", "found 3 users"));
    assert!(same(&format!("{}/x", place.path("home").display()), "/home/you/x"));
}
