//! A request line of any bytes: decoded or refused, and a refusal is itself a line of JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_protocol::args::{ArgError, Entries, decode as args, decode_pair};
use photoprism_protocol::envelope::{Id, decode, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use photoprism_protocol::users::{Fields, ModTarget};
use photoprism_protocol::{auth, list, logins};

fuzz_target!(|line: &[u8]| {
    match decode(line) {
        Err(refusal) => refused(&refusal.id, refusal.error),
        Ok(request) => {
            // Whatever the command is: the arguments of those that take the most.
            let entries = || Entries::read(request.args);
            let faults = [
                entries().and_then(decode_pair::<ModTarget, Fields>).err(),
                entries().and_then(args::<auth::Login>).err(),
                entries().and_then(args::<list::Search>).err(),
                entries().and_then(args::<logins::Record>).err(),
            ];
            faults.into_iter().flatten().for_each(|fault| of_arguments(&request.id, fault));
        }
    }
});

fn of_arguments(id: &Id, fault: ArgError) {
    refused(id, fault.into());
}

fn refused(id: &Id, error: ErrorBody) {
    assert_eq!(error.code, ErrorCode::BadRequest);
    let reply = encode(id, &Err(error));
    assert!(!reply.contains(&b'\n'), "a reply is one line");
    let reply: serde_json::Value = serde_json::from_slice(&reply).expect("a reply is JSON");
    assert_eq!(reply["ok"], false);
}
