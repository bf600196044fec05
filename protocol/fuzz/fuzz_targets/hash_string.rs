//! A stored password hash of any text: parsed and refused, never computed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_daemon::hashing::{is_hash, parse};

fuzz_target!(|text: &str| {
    let _ = parse(text);
    let _ = is_hash(text);
});
