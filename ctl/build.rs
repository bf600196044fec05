//! The release binary of the client is linked without the tables for unwinding, a seventh of it: a
//! panic ends it from its hook (`src/panic.rs`), and nothing unwinds.

use std::env;

fn main() {
    const SCRIPT: &str = "no-unwinding.ld";
    println!("cargo::rerun-if-changed={SCRIPT}");
    let variable = |name| env::var(name).unwrap_or_default();
    // Where errors are looked for, a backtrace is of use.
    if variable("PROFILE") == "release" {
        let directory = variable("CARGO_MANIFEST_DIR");
        println!("cargo::rustc-link-arg-bin=photoprism=-Wl,-T,{directory}/{SCRIPT}");
    }
}
