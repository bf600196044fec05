//! Libraries between a daemon and the disk: built by the test, loaded before the C library.

use std::fs;
use std::process::Command;

use crate::common::outside::has_another_clock;
use crate::common::test_daemon::TestDaemon;

/// Builds the library of that C source, which the next start of the daemon loads.
pub(crate) fn preload(home: &mut TestDaemon, source: &str) {
    let (library, file) = (home.root().join("preload.so"), home.root().join("preload.c"));
    fs::write(&file, source).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-shared", "-fPIC", "-o"]).args([&library, &file]);
    assert!(compiler.status().expect("the C compiler cc is needed").success());
    let mut preloaded = library.into_os_string();
    if has_another_clock() {
        preloaded.push(":");
        preloaded.push(std::env::var_os("LD_PRELOAD").unwrap_or_default());
    }
    home.set_env("LD_PRELOAD", preloaded);
}
