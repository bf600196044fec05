//! The list of bounds in the reference: every test that it names is there.

use std::fs;
use std::path::Path;

/// Every named test that is missing, and every row without one.
fn faults(list: &str, daemon: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for row in list.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let tests = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let mut file = "";
        for name in tests.split('`').filter(|part| part.contains("::")) {
            let (before, test) = name.split_once("::").unwrap();
            file = if before.is_empty() { file } else { before };
            let source = fs::read_to_string(daemon.join(file)).unwrap_or_default();
            if !source.contains(&format!("fn {test}(")) {
                faults.push(format!("{file} has no test {test}"));
            }
        }
        if file.is_empty() {
            faults.push(format!("no test: {row}"));
        }
    }
    faults
}

fn reference() -> (String, std::path::PathBuf) {
    let daemon = Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    let text = fs::read_to_string(daemon.join("design.md")).unwrap();
    let list = text.split_once("\n## Bounds\n").unwrap().1.split("\n## ").next().unwrap();
    (list.to_owned(), daemon)
}

#[test]
fn every_bound_has_a_test_that_is_there() {
    let (list, daemon) = reference();
    assert!(list.lines().count() > 30);
    assert_eq!(faults(&list, &daemon), Vec::<String>::new());
}

#[test]
fn a_row_without_a_test_and_a_test_that_is_gone_are_found() {
    let (_, daemon) = reference();
    let list = "| what | bound | at the bound | test |\n|---|---|---|---|\n| a | 1 | it goes | |\n\
         | b | 1 | | `tests/layering/bounds.rs::nowhere`, `::faults` |\n";
    assert_eq!(
        faults(list, &daemon),
        ["no test: | a | 1 | it goes | |", "tests/layering/bounds.rs has no test nowhere"]
    );
}
