//! Which build this is, for `--version` and `status`: the target, and the commit where the builder of
//! a release names it. A checkout is not asked, or each commit would compile everything again.

use std::env;

/// Names the commit.
const COMMIT: &str = "PHOTOPRISM_ADMIN_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={COMMIT}");
    let variable = |name| env::var(name).unwrap_or_default();
    let (version, target, commit) =
        (variable("CARGO_PKG_VERSION"), variable("TARGET"), variable(COMMIT));
    let separator = if commit.is_empty() { "" } else { ", " };
    println!("cargo::rustc-env=BUILD_TARGET={target}");
    println!("cargo::rustc-env=BUILD_COMMIT={commit}");
    println!("cargo::rustc-env=BUILD_TEXT={version} ({commit}{separator}{target})");
}
