//! The READMEs, run as written: every `sh` block does what it says, and prints what the `text`
//! block after it shows.
//!
//! The first block of the top one is the first terminal, all others follow each other in a second
//! one, in a home of their own and never as root. Building and testing is left to `.ci/run`, which
//! runs those two blocks as they are: `cargo` does nothing here. The gate for a reverse proxy has
//! a test of its own, and so has what is deployed (`tests/deployed`).

mod blocks;
mod gate;
mod place;
mod settled;

use std::fs;
use std::io::{Write, stderr};

use blocks::{Block, DEPLOYED, GATE, README, blocks, section};
use place::{Place, Terminal};

/// The daemon's reference.
const DAEMON: &str = include_str!("../../README.md");

const PROTOCOL: &str = include_str!("../../../protocol/README.md");

/// Programs that a block may need beyond bash and coreutils, with how to see that they are there.
const EXTRAS: [(&str, &str); 4] = [
    ("nc", "nc -h 2>&1 | grep -q -- -U"),
    ("python3", "python3 --version"),
    ("oathtool", "oathtool --version"),
    ("curl", "curl --version"),
];

/// Whether this machine lacks a program that a script needs, which is then said aloud.
fn skipped(place: &Place, script: &str) -> bool {
    let missing = |(name, look): &&(&str, &str)| {
        let needed = script.split(|c: char| !c.is_alphanumeric()).any(|word| word == *name);
        needed && !place.bash(look).output().unwrap().status.success()
    };
    let Some((name, _)) = EXTRAS.iter().find(missing) else { return false };
    let why = format!("skipped: no {name} here to run\n{script}\n");
    // Past the test runner, which keeps what a good test prints to itself.
    stderr().write_all(why.as_bytes()).unwrap();
    true
}

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

    let able: Vec<_> = all.iter().filter(|block| !skipped(place, &block.script)).collect();
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
    let elsewhere = [GATE].iter().chain(&DEPLOYED);
    let here =
        elsewhere.fold(README.to_owned(), |text, title| text.replace(section(README, title), "\n"));
    check(&Place::new(), &blocks(&here)[1..]);
}

#[test]
fn the_wire_is_as_its_readme_shows() {
    let (place, all) = (Place::new(), blocks(PROTOCOL));
    // All of them ask with what the first one defines.
    if !skipped(&place, &all[0].script) {
        check(&place, &all);
    }
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
