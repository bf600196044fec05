//! Who may use whom, and how long a file or a function may be, read from the sources.

mod imports;
mod sizes;
mod source;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use self::source::Source;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust source below a folder of the workspace, without what cargo builds beside the fuzz
/// targets.
fn sources(folder: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![workspace().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(workspace()).unwrap().to_str().unwrap();
                sources.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

#[track_caller]
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn modules_of_the_daemon_use_only_those_they_may() {
    let sources = sources("daemon/src");
    assert!(sources.len() > 50);
    assert_none(&sources.iter().flat_map(imports::faults).collect::<Vec<_>>());
}

#[test]
fn words_stand_only_where_they_belong() {
    let all = ["daemon/src", "ctl/src", "protocol/src"].map(sources);
    assert_none(&all.iter().flatten().flat_map(words::faults).collect::<Vec<_>>());
}

#[test]
fn files_and_functions_are_short() {
    let all = ["daemon", "ctl", "protocol"].map(sources);
    assert_none(&all.iter().flatten().flat_map(sizes::faults).collect::<Vec<_>>());
}

#[test]
fn crates_depend_on_the_protocol_and_not_on_each_other() {
    for name in ["daemon", "ctl", "protocol"] {
        let text = fs::read_to_string(workspace().join(name).join("Cargo.toml")).unwrap();
        assert_none(&imports::crate_faults(name, &text));
    }
}
