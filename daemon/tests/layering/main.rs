//! Who may use whom, how long a file or a function may be, which parameters it may have, and which
//! programs tests start, read from the sources.

mod bounds;
mod cycles;
mod imports;
mod links;
mod parameters;
mod paths;
mod programs;
mod retired;
mod sizes;
mod source;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use self::source::Source;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every Rust source below a directory of the workspace.
fn sources(directory: &str) -> Vec<Source> {
    files(directory, |path| path.extension().is_some_and(|end| end == "rs"))
}

/// The files below a directory of the workspace that are `wanted`, without what cargo builds and
/// what git keeps.
fn files(directory: &str, wanted: fn(&Path) -> bool) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut directories = vec![workspace().join(directory)];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                let is_built = path.ends_with("target") || path.ends_with(".git");
                directories.extend((!is_built).then_some(path));
            } else if wanted(&path) {
                let name = path.strip_prefix(workspace()).unwrap().to_str().unwrap();
                sources.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

/// Sources, documents, what is deployed, and the scripts of the continuous integration.
fn is_text(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let inner = path.strip_prefix(workspace()).unwrap();
    let is_inside = |name: &str| inner.components().any(|part| part.as_os_str() == name);
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    is_inside("systemd")
        || is_inside(".ci")
        || name == "Dockerfile"
        || ["rs", "md", "yaml", "toml", "sh"].contains(&end)
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
fn modules_use_each_other_in_one_direction_only() {
    let all = ["daemon/src", "ctl/src", "protocol/src"].map(sources);
    assert_none(&all.iter().flat_map(|sources| cycles::faults(sources)).collect::<Vec<_>>());
}

#[test]
fn names_are_used_only_where_they_belong() {
    let all = ["daemon/src", "ctl/src", "protocol/src"].map(sources);
    assert_none(&all.iter().flatten().flat_map(words::faults).collect::<Vec<_>>());
}

#[test]
fn retired_words_and_names_do_not_come_back() {
    let all = files("", is_text);
    for name in ["README.md", "compose.yaml", "Dockerfile", "systemd/photoprismd.service"] {
        assert!(all.iter().any(|source| source.path == name), "{name}");
    }
    let faults = all.iter().flat_map(retired::faults);
    assert_none(&faults.collect::<Vec<_>>());
}

/// Those of the wire, of the client's flags and its table, of the model with what changes, of
/// arguments and replies, of the columns. Introspection answers this one too.
#[test]
fn a_property_of_an_account_is_named_in_seven_files() {
    let all = ["daemon/src", "ctl/src", "protocol/src"].map(sources);
    let names = |source: &&Source| {
        source.code().any(|(_, line)| source::words(line, "base_path").next().is_some())
    };
    let asks = |source: &&Source| {
        let at = ["ctl/src/gate/", "daemon/src/model/introspect.rs", "daemon/src/session_index/"];
        at.iter().any(|start| source.path.starts_with(start)) || source.path.ends_with("/auth.rs")
    };
    let found = all.iter().flatten().filter(names).filter(|source| !asks(source));
    let files: Vec<_> = found.map(|source| &source.path).collect();
    assert_eq!(files.len(), 7, "{files:?}");
}

#[test]
fn files_and_functions_are_short() {
    let all = ["daemon", "ctl", "protocol"].map(sources);
    assert_none(&all.iter().flatten().flat_map(sizes::faults).collect::<Vec<_>>());
}

#[test]
fn parameters_are_not_tuple_patterns() {
    let all = ["daemon/src", "ctl/src", "protocol/src"].map(sources);
    assert_none(&all.iter().flatten().flat_map(parameters::faults).collect::<Vec<_>>());
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = files("", |path| path.extension().is_some_and(|end| end == "md"));
    assert!(documents.len() > 8);
    let faults = documents.iter().flat_map(|document| links::faults(document, &workspace()));
    assert_none(&faults.collect::<Vec<_>>());
}

#[test]
fn programs_that_tests_start_are_listed() {
    let read = |name: &str| fs::read_to_string(workspace().join(name)).unwrap();
    // What is deployed runs elsewhere.
    let pages = ["README.md", "ctl/tour.md", "protocol/README.md"].map(read);
    let in_blocks = pages.iter().flat_map(|page| programs::in_blocks(page));
    let in_blocks = in_blocks.map(|name| (name, "readme".to_owned()));
    let all = ["daemon/src", "daemon/tests", "ctl/src", "ctl/tests", "protocol"].map(sources);
    let list = read(".ci/programs");
    let known = programs::listed(&list);
    let known: Vec<&str> = known.keys().map(String::as_str).collect();
    // This test's own examples are started by nobody.
    let others = all.iter().flatten().filter(|source| !source.path.ends_with("/programs.rs"));
    let started = others.flat_map(|source| programs::started(source, &known));
    assert_none(&programs::faults(&list, &started.chain(in_blocks).collect::<Vec<_>>()));
}

#[test]
fn tests_clear_the_environment_in_one_place() {
    let clears = |source: &&Source| source.lines.iter().any(|line| line.contains(".env_clear()"));
    let all = ["daemon/src", "daemon/tests", "ctl"].map(sources);
    let found: Vec<_> = all.iter().flatten().filter(clears).map(|source| &source.path).collect();
    // And this one, which names it.
    assert_eq!(found, ["daemon/tests/common/outside.rs", "daemon/tests/layering/main.rs"]);
}

#[test]
fn crates_depend_on_the_protocol_and_not_on_each_other() {
    for name in ["daemon", "ctl", "protocol"] {
        let text = fs::read_to_string(workspace().join(name).join("Cargo.toml")).unwrap();
        assert_none(&imports::crate_faults(name, &text));
    }
}
