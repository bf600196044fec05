//! Where PhotoPrism cannot be asked in spite of its address, replies say how long it may honour what
//! has ended, and what is too much for a reply to wait for is not waited for.

use serde_json::json;

use crate::common::json::Ask;
use crate::setup::{Both, PHONE, WEB, add_session, has_row, wait_until};
use crate::simulator::{Misbehavior, Moment};

/// bob's web session ends as it does without an address.
fn ends_as_without_address(both: &mut Both, session: &str) {
    let result = both.home.ok("auth.rm", json!({"session": session}));
    assert_eq!(result["removed"], 1, "{result}");
    assert_eq!(result["effective_within_s"], 900, "{result}");
    assert!(!both.is_active(WEB.1));
    assert!(both.simulator.lets_in(WEB.1), "PhotoPrism has it in memory");
    assert_eq!(both.deletes(), [""; 0]);
}

#[test]
fn app_passwords_are_disabled() {
    let mut both = Both::start();
    both.restart_with("PHOTOPRISM_DISABLE_FEATURES", "app-passwords");
    assert!(both.simulator.lets_in(WEB.1));
    ends_as_without_address(&mut both, WEB.0);
    assert!(!has_row(&both.conn, WEB.0), "its row goes at once");
    assert_eq!(both.simulator.requests(), []);
}

#[test]
fn app_passwords_were_disabled_while_photoprism_was_still_to_be_asked() {
    let mut both = Both::start();
    assert!(both.simulator.lets_in(WEB.1));
    both.simulator.misbehave(Misbehavior::Status(503));
    let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
    assert_eq!(result["pending"], 1, "{result}");
    both.home.stop();
    let asked = both.simulator.requests().len();
    both.simulator.misbehave(None);
    both.home.set_env("PHOTOPRISM_DISABLE_FEATURES", "app-passwords");
    both.home.start();
    let other = both.home.ok("auth.rm", json!({"session": PHONE.0}));
    assert_eq!(other["effective_within_s"], 900, "{other}");
    assert!(!both.is_active(WEB.1));
    assert_eq!(both.simulator.requests().len(), asked);
}

#[test]
fn no_super_admin_may_log_in() {
    let none = "UPDATE auth_users SET super_admin = 0 WHERE id > 0";
    let mut both = Both::altered(none);
    assert!(both.simulator.lets_in(WEB.1));
    ends_as_without_address(&mut both, WEB.0);
    assert_eq!(both.simulator.requests(), []);
}

#[test]
fn a_reference_id_that_photoprism_does_not_take() {
    let odd = "UPDATE auth_sessions SET ref_id = 'odd-id' WHERE ref_id = 'sessqf0mn4tk'";
    let mut both = Both::altered(odd);
    assert!(both.simulator.lets_in(WEB.1));
    ends_as_without_address(&mut both, WEB.1);
}

#[test]
fn more_than_a_thousand_are_not_waited_for() {
    let mut both = Both::start();
    both.conn.execute_batch("BEGIN").unwrap();
    let sessions: Vec<_> = (0..1100).map(|_| add_session(&both.conn, "bob", "*")).collect();
    let used = "UPDATE auth_sessions SET last_active = unixepoch() WHERE user_name = 'bob'";
    both.conn.execute(used, []).unwrap();
    both.conn.execute_batch("COMMIT").unwrap();
    for (_, token) in &sessions[..3] {
        assert!(both.simulator.lets_in(token));
    }
    // Nothing is answered until the reply is there.
    both.simulator.hold("DELETE /api/v1/sessions/", Moment::Before);
    let result = both.home.ok("users.rm", json!({"user": "bob"}));
    assert!(result["pending"].as_u64().unwrap() > 1000, "{result}");
    assert_eq!(result["effective_within_s"], 900, "{result}");
    both.simulator.wait_until_held();
    both.simulator.let_go();
    for (ref_id, token) in &sessions[..3] {
        both.wait_until_forgotten((ref_id, token));
    }
    let bob = "SELECT count(*) FROM auth_sessions WHERE user_name = 'bob'";
    wait_until("every row goes", || {
        both.conn.query_row(bob, [], |row| row.get::<_, i64>(0)).unwrap() == 0
    });
    both.wait_until_no_token();
}
