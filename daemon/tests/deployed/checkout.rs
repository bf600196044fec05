//! A copy of this checkout, in which the commands of the documents are typed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::blocks::{Block, blocks, section};
use super::built;
use super::settled::settled;
use super::shell::{Done, run, succeed};

/// The page about containers.
pub(crate) const CONTAINERS: &str = include_str!("../../containers.md");

/// What a reader has checked out.
const FILES: [&str; 18] = [
    ".cargo",
    ".ci",
    ".dockerignore",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "README.md",
    "compose.accounts.yaml",
    "compose.nas.yaml",
    "compose.photoprism-mariadb.yaml",
    "compose.photoprism-url.yaml",
    "compose.photoprism.yaml",
    "compose.yaml",
    "ctl",
    "daemon",
    "install.md",
    "protocol",
    "systemd",
];

/// `docker compose` where it is a program of its own, and `exec -T` where there is no terminal.
const DOCKER: &str = r#"#!/bin/bash
real=REAL
if [ "$1" != compose ]; then exec "$real" "$@"; fi
shift
words=()
for word; do
  # Some versions take it twice for not at all.
  if [ "$word" = -T ]; then continue; fi
  words+=("$word")
  if [ "$word" = exec ] && [ ! -t 0 ]; then words+=(-T); fi
done
if "$real" compose version > /dev/null 2>&1; then exec "$real" compose "${words[@]}"; fi
exec docker-compose "${words[@]}"
"#;

/// Root needs none, and a small machine has none.
const SUDO: &str = "#!/bin/sh\nexec \"$@\"\n";

/// The blocks under a title of the page about containers, up to the next title: as many as its test
/// runs.
pub(crate) fn page<const COUNT: usize>(title: &str) -> [Block; COUNT] {
    let (_, from) = CONTAINERS.split_once(&format!("\n{title}\n")).expect(title);
    let here = from.split("\n#").next().unwrap();
    let found = blocks(here);
    found.try_into().unwrap_or_else(|_| panic!("{title} has other blocks than its test"))
}

pub(crate) struct Checkout {
    directory: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Checkout {
    /// With the static binaries as those that were built.
    pub(crate) fn new(binaries: &Path, variables: Vec<(&'static str, String)>) -> Self {
        let checkout = Self { directory: tempfile::tempdir().unwrap(), variables };
        let target = checkout.path("target/release");
        fs::create_dir_all(&target).unwrap();
        for name in ["photoprism", "photoprismd", "photoprism-gate"] {
            fs::copy(binaries.join(name), target.join(name)).unwrap();
        }
        let sources = FILES.iter().map(|name| built::root().join(name));
        succeed(Command::new("cp").arg("-a").args(sources).arg(checkout.directory.path()));
        fs::create_dir(checkout.path("bin")).unwrap();
        // By its path: a search would find this one again.
        let real = run(Command::new("bash").args(["-c", "command -v docker"])).text;
        let docker = DOCKER.replace("REAL", real.trim());
        for (name, text) in [("docker", docker.as_str()), ("sudo", SUDO)] {
            let path = checkout.path("bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(checkout.directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        checkout
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// bash in the checkout.
    pub(crate) fn bash(&self, script: &str) -> Command {
        let mut command = Command::new("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        command.args(["-c", script]).current_dir(self.directory.path());
        command.env("PATH", format!("{}:{path}", self.path("bin").display()));
        // Where Compose may be a plugin of the user's own.
        if let Some(home) = std::env::home_dir().filter(|home| home.join(".docker").exists()) {
            command.env("DOCKER_CONFIG", home.join(".docker"));
        }
        command.env("HOME", self.directory.path()).envs(self.variables.iter().map(|(a, b)| (a, b)));
        command
    }

    pub(crate) fn run(&self, script: &str) -> Done {
        run(&mut self.bash(script))
    }

    pub(crate) fn succeed(&self, script: &str) -> String {
        succeed(&mut self.bash(script))
    }
}

/// Each block of the section with what it shows, for `typed` to run. What is printed must
/// end as is shown, building has much to say before; through the engine the two streams come in
/// any order.
pub(crate) fn follow_in(document: &str, title: &str, mut typed: impl FnMut(&str) -> String) {
    for block in blocks(section(document, title)) {
        let printed = typed(&block.script);
        assert_shown(&block, &printed);
    }
}

/// What is printed ends as the block shows.
pub(crate) fn assert_shown(block: &Block, printed: &str) {
    if let Some(shown) = &block.shown {
        let shown = lines(shown, usize::MAX);
        assert_eq!(lines(printed, shown.len()), shown, "{}\n{printed}", block.script);
    }
}

/// The last lines, without what differs from run to run, in the order of the alphabet.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<_> = settled(text).lines().rev().take(most).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}
