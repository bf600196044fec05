//! The READMEs, run as written: every `sh` block does what it says, and prints what the `text`
//! block after it shows.
//!
//! The first block of the top one is the first terminal, all others follow each other in a second
//! one, in a home of their own and never as root. Building and testing is left to `.ci/run`, which
//! runs those two blocks as they are: `cargo` does nothing here.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write, stderr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};
use regex::Regex;
use tempfile::TempDir;

const README: &str = include_str!("../../README.md");

const PROTOCOL: &str = include_str!("../../protocol/README.md");

/// The home folder that the README shows.
const HOME: &str = "/home/you";

/// Stands in for root, who has other default paths; nobody's account, and not the overflow uid.
const SOMEBODY: u32 = 12345;

/// Programs that a block may need beyond bash and coreutils, with how to see that they are there.
const EXTRAS: [(&str, &str); 2] =
    [("nc", "nc -h 2>&1 | grep -q -- -U"), ("python3", "python3 --version")];

/// What differs from run to run, and what stands for it. Widths and rules follow from those.
const VARYING: [(&str, &str); 12] = [
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\bu[0-9a-z]{15}\b", "UID"),
    (r"\b[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3}\b", "PASSWORD"),
    (r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", "ARGON2ID"),
    (r"\b\d{8}T\d{6}\.\d{3}Z", "MOMENT"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}Z|Z)?", "TIME"),
    (r"(TIME;)\d+;\d+;\d+;", "${1}PEER;"),
    (r#""uid":\d+,"gid":\d+,"pid":\d+"#, "PEER"),
    (r#""next":"[A-Za-z0-9_-]{30,}""#, "NEXT"),
    (r"(Process ID +\|) \d+|(Uptime +\|) \d+s", "$1$2 N"),
    (r"-{3,}", "---"),
    (r" {2,}", " "),
];

/// A block of commands, and what they print.
struct Block {
    script: String,
    shown: Option<String>,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Every other piece between fences is the inside of a block.
    for fenced in document.split("\n```").skip(1).step_by(2) {
        let (kind, text) = fenced.split_once('\n').expect("a block has a first line");
        match kind {
            "sh" => blocks.push(Block { script: text.to_owned(), shown: None }),
            "text" => blocks.last_mut().expect("commands come first").shown = Some(text.to_owned()),
            other => panic!("a block of the kind {other:?} is neither run nor compared"),
        }
    }
    blocks
}

/// A checkout with its binaries, and somebody's home.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let release = place.path("checkout/target/release");
        for folder in [&release, &place.path("bin"), &place.path("home")] {
            fs::create_dir_all(folder).unwrap();
        }
        let daemon = Path::new(env!("CARGO_BIN_EXE_photoprismd"));
        for name in ["photoprismd", "photoprism"] {
            let built = daemon.with_file_name(name);
            assert!(built.exists(), "{name} is not built: run cargo test --workspace");
            fs::copy(built, release.join(name)).unwrap();
        }
        fs::write(place.path("bin/cargo"), "#!/bin/sh\n").unwrap();
        let open = |path| fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        open(place.path("."));
        open(place.path("bin/cargo"));
        if Uid::effective().is_root() {
            for name in ["home", "checkout"] {
                chown(place.path(name), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            }
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// bash in the checkout, at home, with nothing else in its environment.
    fn bash(&self, script: &str) -> Command {
        let mut command = Command::new("bash");
        let [extra, built] = ["bin", "checkout/target/release"].map(|name| self.path(name));
        let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", extra.display(), built.display());
        command.args(["-c", script]).env_clear().current_dir(self.path("checkout"));
        command.env("HOME", self.path("home")).env("PATH", path).stdin(Stdio::null());
        if Uid::effective().is_root() {
            command.uid(SOMEBODY).gid(SOMEBODY);
        }
        command
    }

    /// Without what differs from run to run.
    fn settled(&self, text: &str) -> String {
        let text = text.replace(self.path("home").to_str().unwrap(), HOME);
        let settled = VARYING.iter().fold(text, |text, (pattern, name)| {
            Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
        });
        settled.trim().to_owned()
    }
}

/// The first terminal.
struct Daemon {
    shell: Child,
    log: BufReader<ChildStderr>,
}

impl Daemon {
    /// Starts it, and gives what it said until it was ready.
    fn start(place: &Place, script: &str) -> (Self, String) {
        let mut command = place.bash(script);
        command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        let mut log = BufReader::new(shell.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("\nready: ") {
            assert!(log.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        }
        (Self { shell, log }, said)
    }

    /// Ctrl-C; gives the rest of what it said.
    fn stop(mut self) -> String {
        self.interrupt();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        rest
    }

    fn interrupt(&mut self) {
        let group = Pid::from_raw(self.shell.id().try_into().unwrap());
        // It may have ended already, where a test failed.
        let _ = killpg(group, Signal::SIGINT);
        self.shell.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.interrupt();
    }
}

/// The extras that a block needs and this machine lacks.
fn lacking(place: &Place, block: &Block) -> Option<&'static str> {
    let missing = |(name, look): &(&str, &str)| {
        let needed = block.script.split_whitespace().any(|word| word == *name);
        needed && !place.bash(look).output().unwrap().status.success()
    };
    EXTRAS.iter().find(|extra| missing(extra)).map(|(name, _)| *name)
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
    let start = blocks(README).swap_remove(0);
    let (daemon, said) = Daemon::start(place, &start.script);
    assert_eq!(place.settled(&said), place.settled(start.shown.as_ref().unwrap()));

    let mut able = Vec::new();
    for block in all {
        match lacking(place, block) {
            // Past the test runner, which keeps what a good test prints to itself.
            Some(name) => {
                let told = writeln!(stderr(), "skipped: no {name} here to run\n{}", block.script);
                told.unwrap();
            }
            None => able.push(block),
        }
    }
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
fn the_wire_is_as_its_readme_shows() {
    check(&Place::new(), &blocks(PROTOCOL));
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
