//! A fault of the program itself: one message, one exit code, nothing of what it was about.

use std::process::Command;

use photoprism_ctl::panic;
use serde_json::Value;

/// Set for the run that panics.
const VICTIM: &str = "FAULT_TEST_VICTIM";

#[test]
fn a_fault_names_its_place_and_nothing_else() {
    if std::env::var_os(VICTIM).is_some() {
        panic::on_panic(true, || {
            std::fs::write(std::env::var_os(VICTIM).unwrap(), "put right").unwrap();
        });
        panic!("mysecret");
    }
    let mark = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_fault_names_its_place_and_nothing_else", "--nocapture"])
        .env(VICTIM, mark.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "failed");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("tests/fault.rs:") && !message.contains("mysecret"), "{message}");
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "put right");
}
