//! The reference implementation of Argon2, of the system's packages (`apt-get install argon2`).

use std::path::Path;
use std::process::Command;

use super::hash::ROUNDS;

/// The driver's source.
const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/argon2.c");

/// Hashes a second of so many threads; `None` without the library or a C compiler.
pub(crate) fn reference_hashes_per_second(directory: &Path, threads: u32) -> Option<f64> {
    let driver = directory.join("argon2");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-pthread", DRIVER, "-l:libargon2.so.1", "-o"]).arg(&driver);
    if !compiler.output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let output = Command::new(driver)
        .args([threads.to_string(), ROUNDS.to_string()])
        .output()
        .expect("the driver");
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number"))
}
