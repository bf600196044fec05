//! The control binary and what it prints.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::outside::clear_env;
use crate::common::test_daemon::TestDaemon;

/// Runs the real `photoprism`; standard output and error.
pub(crate) fn run(home: &TestDaemon, arguments: &[&str]) -> (String, String) {
    let daemon = Path::new(env!("CARGO_BIN_EXE_photoprismd"));
    let binary = daemon.with_file_name("photoprism");
    assert!(binary.exists(), "photoprism is not built: run cargo test --workspace");
    let mut command = Command::new(binary);
    command.args(arguments);
    clear_env(&mut command).env("PHOTOPRISM_ADMIN_SOCKET", home.socket());
    let output = command.stdin(Stdio::null()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The rows of CSV or TSV, the header first; all are as long as it.
pub(crate) fn rows(text: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(separator).has_headers(false);
    let records = reader.from_reader(text.as_bytes()).into_records();
    records.map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Cells of each line of a Markdown table.
pub(crate) fn cells(text: &str) -> Vec<usize> {
    let count = |line: &str| {
        let mut escaped = false;
        let mut bars = 0;
        for c in line.chars() {
            bars += usize::from(c == '|' && !escaped);
            escaped = c == '\\' && !escaped;
        }
        bars
    };
    text.lines().map(count).collect()
}

/// A text as a spreadsheet must get it.
pub(crate) fn without_formula(text: &str) -> String {
    let begins = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if begins { format!("'{text}") } else { text.to_owned() }
}

/// One text of each object.
pub(crate) fn texts(items: &Value, key: &str) -> Vec<String> {
    let items = items.as_array().unwrap();
    items.iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}
