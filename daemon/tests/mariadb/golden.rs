//! What PhotoPrism's own commands print of this database, `photoprism` prints as well.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::test_daemon::TestDaemon;
use crate::server::shared;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mariadb/golden");

/// The one difference: PhotoPrism prints an expiry of -1 as a time.
const FOREVER: &str = "1969-12-31 23:59:59";

fn printed(home: &TestDaemon, words: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_photoprismd")).with_file_name("photoprism");
    let mut command = Command::new(binary);
    command.args(words.split(' ')).arg("--socket").arg(home.socket());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{words}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_list_has_the_bytes_of_photoprism_s() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("golden");
    let home = schema.started();
    for (file, words) in [
        ("auth-ls-bob.txt", "auth ls bob"),
        ("auth-ls.csv", "auth ls -c"),
        ("auth-ls.md", "auth ls -m"),
        ("auth-ls.tsv", "auth ls -t"),
        ("auth-ls.txt", "auth ls"),
        ("users-legacy-bob.txt", "users legacy bob"),
        ("users-legacy.csv", "users legacy -c"),
        ("users-legacy.txt", "users legacy"),
        ("users-ls-all.txt", "users ls all"),
        ("users-ls-bob.txt", "users ls bob"),
        ("users-ls-l-a-r.csv", "users ls -l -a -r -c"),
        ("users-ls-l-a-r.md", "users ls -l -a -r -m"),
        ("users-ls-l-a-r.tsv", "users ls -l -a -r -t"),
        ("users-ls-l-a-r.txt", "users ls -l -a -r"),
        ("users-ls-n-2.txt", "users ls -n 2"),
        ("users-ls.txt", "users ls"),
    ] {
        let golden = fs::read_to_string(Path::new(GOLDEN).join(file)).unwrap();
        let never = if file.ends_with("sv") { "never" } else { "never              " };
        let golden = golden.replace(FOREVER, never);
        assert_eq!(printed(&home, words).trim_end(), golden.trim_end(), "{words}");
    }
    let count = fs::read_dir(GOLDEN).unwrap().count();
    assert_eq!(count, 16, "each file is compared");
}
