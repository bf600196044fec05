//! Keeps the release binary small: without the tables of unwinding, a seventh of it. A panic ends
//! the process in its hook (`src/fault.rs`), so nothing ever reads them.

fn main() {
    println!("cargo:rerun-if-changed=no-unwinding.ld");
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    // Elsewhere the tables have other names: the binary is larger there, and as good.
    let known = matches!(arch.as_str(), "x86_64" | "aarch64");
    if known && is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{folder}/no-unwinding.ld");
    }
}
