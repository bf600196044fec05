//! kill -9 of the daemon at each step between the commit and the last DELETE: in the end PhotoPrism
//! has forgotten everything, no row is left, and no app password that was to live on is lost.

use serde_json::{Value, json};

use crate::setup::{Both, PHONE, WEB, wait_until};
use crate::simulator::{Misbehavior, Moment};

/// A step of a notification: which request, and whether PhotoPrism has carried it out.
const STEPS: [(&str, Moment); 4] = [
    ("DELETE /api/v1/sessions/", Moment::Before),
    ("DELETE /api/v1/sessions/", Moment::After),
    ("DELETE /api/v1/session", Moment::Before),
    ("DELETE /api/v1/session", Moment::After),
];

/// The request of a step; the one for the daemon's own session has no reference id.
fn request(what: &'static str) -> &'static str {
    if what.ends_with('/') { what } else { "DELETE /api/v1/session\n" }
}

/// Sends a command, kills the daemon at that step, and starts it again.
fn kill_at(both: &mut Both, cmd: &str, args: &Value, (what, moment): (&'static str, Moment)) {
    both.simulator.hold(request(what), moment);
    let mut client = both.home.connect();
    client.send(format!("{}\n", json!({"cmd": cmd, "args": args, "confirm": true})));
    both.simulator.wait_until_held();
    both.home.kill();
    if moment == Moment::Before {
        // It is as if the request had never come.
        both.simulator.misbehave(Misbehavior::Cut);
    }
    both.simulator.let_go();
    drop(client);
    both.simulator.wait_until_idle();
    both.simulator.misbehave(None);
    both.home.start();
}

#[test]
fn a_session_that_ended_is_forgotten_after_a_kill_at_any_step() {
    for step in STEPS {
        let mut both = Both::start();
        assert!(both.simulator.lets_in(WEB.1));
        kill_at(&mut both, "auth.rm", &json!({"session": WEB.0}), step);
        assert!(!both.is_active(WEB.1), "{step:?}");
        both.wait_until_forgotten(WEB);
        both.wait_until_no_token();
    }
}

#[test]
fn every_session_of_an_account_is_forgotten_after_a_kill_between_two_of_them() {
    for moment in [Moment::Before, Moment::After] {
        for which in [WEB.0, PHONE.0] {
            let mut both = Both::start();
            for (_, token) in [WEB, PHONE] {
                assert!(both.simulator.lets_in(token));
            }
            let what: &'static str = if which == WEB.0 {
                "DELETE /api/v1/sessions/sessqf0mn4tk"
            } else {
                "DELETE /api/v1/sessions/sessbo4hwg3t"
            };
            both.simulator.hold(what, moment);
            let mut client = both.home.connect();
            client.send("{\"cmd\":\"users.rm\",\"args\":{\"user\":\"bob\"},\"confirm\":true}\n");
            both.simulator.wait_until_held();
            both.home.kill();
            both.simulator.let_go();
            both.simulator.wait_until_idle();
            both.home.start();
            for session in [WEB, PHONE] {
                both.wait_until_forgotten(session);
            }
            both.wait_until_no_token();
        }
    }
}

#[test]
fn an_app_password_that_lives_on_is_not_lost_by_a_kill_at_any_step() {
    for step in STEPS {
        let mut both = Both::start();
        assert_eq!(crate::reloaded::role(&both), "admin");
        let before = crate::reloaded::row(&both);
        kill_at(&mut both, "users.mod", &json!({"user": "bob", "role": "guest"}), step);
        wait_until("PhotoPrism loads it anew", || {
            crate::reloaded::role_now(&both).as_deref() == Some("guest")
        });
        // It may be asked once more, and the row is gone for a moment.
        both.wait_until_no_token();
        assert_eq!(crate::reloaded::row(&both), before, "{step:?}");
        assert!(both.is_active(PHONE.1), "{step:?}");
    }
}

#[test]
fn a_second_kill_loses_nothing_either() {
    let mut both = Both::start();
    assert_eq!(crate::reloaded::role(&both), "admin");
    let before = crate::reloaded::row(&both);
    kill_at(&mut both, "users.mod", &json!({"user": "bob", "role": "guest"}), STEPS[1]);
    both.home.kill();
    both.home.start();
    wait_until("PhotoPrism loads it anew", || {
        crate::reloaded::role_now(&both).as_deref() == Some("guest")
    });
    both.wait_until_no_token();
    assert_eq!(crate::reloaded::row(&both), before);
}
