//! A request line of any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_protocol::args::Entries;
use photoprism_protocol::envelope::decode;

fuzz_target!(|line: &[u8]| {
    if let Ok(request) = decode(line) {
        // What is wrong inside shows here.
        let _ = Entries::read(request.args);
    }
});
