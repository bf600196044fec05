//! A stored password hash of any text: parsed or refused, never computed, never beyond the bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_daemon::hashing::{Costs, Stored, Target, is_hash, needs_rehash, parse};

fuzz_target!(|text: &str| {
    match parse(text) {
        Ok(Stored::Argon2(hash)) => assert!(hash.costs().within_limits(), "it would be computed"),
        Ok(Stored::Bcrypt(hash)) => {
            let target = Target::Bcrypt { cost: hash.cost() };
            assert!(target.within_limits(), "it would be computed");
        }
        Err(_) => assert!(!needs_rehash(text, Target::Argon2id(Costs::FLOOR))),
    }
    if parse(text).is_ok() {
        assert!(is_hash(text));
    }
});
