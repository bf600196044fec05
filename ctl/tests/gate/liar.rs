//! Replies that are wrong, late or none: nobody is let in, and the gate goes on.

use std::io::Write;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::common::{Gate, basic};
use crate::fake::{Fake, active, ok, refused};

const TOKEN: &str = "HY8fxO-8hvNqB-43UV4q-1AZ0vu";

/// The status of a token and of a password.
fn statuses(gate: &Gate) -> [u16; 2] {
    [gate.bearer("/", TOKEN).status, gate.get("/", &[&basic("bob", "mysecret")]).status]
}

#[test]
fn only_three_codes_are_an_answer() {
    for (code, status) in [
        ("invalid_credentials", 401),
        ("passcode_required", 401),
        ("rate_limited", 429),
        ("busy", 503),
        ("unavailable", 503),
        ("storage_full", 503),
        ("internal", 503),
        ("outcome_unknown", 503),
        ("forbidden", 503),
        ("bad_request", 503),
        ("invalid_argument", 503),
        ("not_found", 503),
        ("too_large", 503),
        ("a_code_of_tomorrow", 503),
    ] {
        let fake =
            Fake::new(move |request, stream| stream.write_all(&refused(request, code)).is_ok());
        let gate = Gate::start(&fake.socket(), &[]);
        let response = gate.get("/", &[&basic("bob", "mysecret")]);
        assert_eq!(response.status, status, "{code}");
        assert_eq!(response.header("Retry-After"), (status == 429).then_some("7"), "{code}");
        assert_eq!(response.header("WWW-Authenticate").is_some(), status == 401, "{code}");
    }
}

#[test]
fn what_is_not_a_whole_reply_lets_nobody_in() {
    for bytes in [
        &b"\n"[..],
        b"x\n",
        b"{}\n",
        b"[]\n",
        b"\xff\n",
        b"{\"ok\":true}\n",
        b"{\"id\":1,\"ok\":true,\"result\":{}}\n",
        b"{\"id\":1,\"ok\":true,\"result\":{\"active\":true}}\n",
        b"{\"id\":1,\"ok\":true,\"result\":{\"active\":\"true\"}}\n",
        b"{\"id\":1,\"ok\":true,\"result\":{\"active\":1}}\n",
        b"{\"id\":1,\"ok\":true,\"result\":[true]}\n",
        b"{\"id\":1,\"ok\":true,\"result\":null}\n",
        b"{\"id\":1,\"ok\":false,\"result\":{\"active\":true}}\n",
        b"{\"id\":1,\"ok\":true,\"error\":{\"code\":\"busy\",\"message\":\"\"},\"result\":{}}\n",
        b"{\"id\":1,\"ok\":true,\"result\":{\"user\":{\"name\":\"bob\"},\"session\":null}}\n",
    ] {
        let fake = Fake::writing(bytes);
        let gate = Gate::start(&fake.socket(), &[]);
        for status in statuses(&gate) {
            assert_eq!(status, 503, "{}", String::from_utf8_lossy(bytes));
        }
    }
}

#[test]
fn every_key_of_an_active_token_is_needed() {
    let whole = active();
    for key in whole.as_object().unwrap().keys() {
        let mut result = whole.clone();
        result.as_object_mut().unwrap().remove(key);
        let fake =
            Fake::new(move |request, stream| stream.write_all(&ok(request, &result)).is_ok());
        let gate = Gate::start(&fake.socket(), &[]);
        assert_eq!(gate.bearer("/", TOKEN).status, 503, "{key}");
    }
    let fake = Fake::new(|request, stream| stream.write_all(&ok(request, &active())).is_ok());
    let gate = Gate::start(&fake.socket(), &[]);
    assert_eq!(gate.bearer("/", TOKEN).status, 204);
}

#[test]
fn the_reply_to_another_request_lets_nobody_in() {
    let others: [fn(&Value) -> Value; 4] = [
        |id| (id.as_i64().unwrap() - 1).into(),
        |_| Value::Null,
        |id| id.to_string().into(),
        |_| 5000.into(),
    ];
    for other in others {
        let fake = Fake::new(move |request, stream| {
            let request = json!({"id": other(&request["id"])});
            stream.write_all(&ok(&request, &active())).is_ok()
        });
        let gate = Gate::start(&fake.socket(), &[]);
        assert_eq!(gate.bearer("/", TOKEN).status, 503);
    }
    // Two replies to one request: the second is not taken for that to the next.
    let fake = Fake::new(|request, stream| {
        let first = request["id"] == 1;
        let inactive = ok(request, &json!({"active": false}));
        let twice = [ok(request, &active()), ok(&json!({"id": 2}), &active())].concat();
        stream.write_all(if first { &twice } else { &inactive }).is_ok()
    });
    let gate = Gate::start(&fake.socket(), &[]);
    assert_eq!([gate.bearer("/", TOKEN).status, gate.bearer("/", TOKEN).status], [204, 401]);
}

#[test]
fn half_a_reply_and_none_let_nobody_in() {
    let halves: [fn(&Value) -> Vec<u8>; 3] = [
        |request| {
            let mut reply = ok(request, &active());
            reply.truncate(reply.len() / 2);
            reply
        },
        |_| Vec::new(),
        |_| b"{".to_vec(),
    ];
    for half in halves {
        let fake = Fake::new(move |request, stream| {
            stream.write_all(&half(request)).unwrap();
            false
        });
        let gate = Gate::start(&fake.socket(), &[]);
        assert_eq!(gate.bearer("/", TOKEN).status, 503);
        assert_eq!(gate.get("/healthz", &[]).status, 503);
        gate.running.wait_for_log("no answer from the daemon reason=");
        // It asks again only for as long as a daemon needs to start.
        let seen = fake.seen.lock().unwrap().len();
        assert!(seen < 400, "{seen} requests");
    }
}

#[test]
fn a_reply_without_an_end_is_not_read_for_ever() {
    let fake = Fake::new(|_, stream| {
        let chunk = vec![b'x'; 64 * 1024];
        (0..32).all(|_| stream.write_all(&chunk).is_ok())
    });
    let gate = Gate::start(&fake.socket(), &[]);
    assert_eq!(gate.bearer("/", TOKEN).status, 503);
}

#[test]
fn a_connection_is_kept() {
    let fake = Fake::new(|request, stream| stream.write_all(&ok(request, &active())).is_ok());
    let gate = Gate::start(&fake.socket(), &[]);
    for _ in 0..50 {
        assert_eq!(gate.bearer("/", TOKEN).status, 204);
    }
    assert_eq!(fake.connections.load(Ordering::SeqCst), 1);
}

/// Long: 35 s.
#[test]
#[ignore = "waits for 35 s"]
fn a_daemon_that_says_nothing_is_waited_for_35_s() {
    let fake = Fake::new(|_, _| true);
    let gate = Gate::start(&fake.socket(), &[]);
    let least = photoprism_ctl::clock::Deadline::after(std::time::Duration::from_secs(34));
    let most = photoprism_ctl::clock::Deadline::after(std::time::Duration::from_secs(40));
    assert_eq!(gate.bearer("/", TOKEN).status, 503);
    assert!(least.remaining().is_none() && most.remaining().is_some());
}
