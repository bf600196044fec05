//! Keeps the release binary small: without the tables of unwinding, a seventh of it. A panic ends
//! the process in its hook (`src/fault.rs`), so nothing ever reads them.

fn main() {
    println!("cargo:rerun-if-changed=no-unwinding.ld");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/no-unwinding.ld");
    }
}
