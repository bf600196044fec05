//! A COMMIT that never arrives, that arrives late, and one whose answer is lost on the way: the
//! client is answered what has happened.

use mysql::prelude::Queryable;
use serde_json::json;

use crate::common::json::Ask;
use crate::proxy::{Fate, Proxy};
use crate::server::shared;

/// What happens at once.
const QUICK: [Fate; 6] =
    [Fate::Passes, Fate::Cut, Fate::Half, Fate::Swallowed, Fate::Slow, Fate::SlowAnswer];

/// What takes as long as the daemon waits for an answer: a second with `short-silence`.
const LATE: [Fate; 2] = [Fate::Late, Fate::LateAnswer];

/// Fates after which the answer was not what had happened.
fn wrong_answers(name: &str, faults: Option<&'static str>, fates: &[Fate]) -> Vec<Fate> {
    let Some(server) = shared() else { return Vec::new() };
    let schema = server.photoprism(name);
    let proxy = Proxy::start(server.socket());
    let mut home = proxy.home(name);
    if let Some(faults) = faults {
        home = home.faulty(faults);
    }
    home.start();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    let mut root = server.root(Some(&schema.name));
    let mut wrong = Vec::new();
    let rounds = if fates == LATE { 1 } else { 5 };
    for round in 0..rounds {
        for fate in fates {
            let name = format!("{fate:?}-{round}").to_lowercase();
            proxy.next_commit(*fate, &name);
            let add = json!({"name": name, "role": "user", "provider": "none"});
            let reply = home.call("users.add", add);
            assert!(proxy.is_over(), "{fate:?}: no COMMIT came");
            if LATE.contains(fate) {
                proxy.finish();
            }
            let rows = format!("SELECT count(*) FROM auth_users WHERE user_name = '{name}'");
            let found: Option<u8> = root.query_first(rows).unwrap();
            let found = found == Some(1);
            let is_lost = matches!(fate, Fate::Cut | Fate::Half);
            assert!(
                *fate == Fate::Late || found != is_lost,
                "{name}: the proxy does another thing"
            );
            let is_known = reply["ok"] == true || reply["error"]["code"] == "unavailable";
            assert!(is_known, "{reply}");
            if reply["ok"] != found {
                wrong.push(*fate);
            }
            // The next one is as ever.
            home.ok("users.mod", json!({"user": "bob", "display_name": name}));
        }
    }
    assert_eq!(home.ok("audit.verify", json!({}))["broken_at"], json!(null));
    wrong
}

#[test]
fn the_outcome_of_a_commit_without_an_answer_is_found_out() {
    assert_eq!(wrong_answers("commits", None, &QUICK), []);
}

#[test]
fn without_the_mark_or_without_asking_it_would_be_answered_wrongly() {
    for (name, faults) in [("unmarked", "no-mark"), ("unasked", "no-answer-is-no")] {
        let wrong = wrong_answers(name, Some(faults), &QUICK);
        assert!(shared().is_none() || wrong == [Fate::Swallowed; 5], "{faults}: {wrong:?}");
    }
}

#[test]
fn a_commit_that_arrives_after_it_was_given_up_changes_nothing() {
    assert_eq!(wrong_answers("late", Some("short-silence"), &LATE), []);
}

#[test]
fn a_commit_that_arrives_late_would_be_done_where_nobody_asks() {
    let wrong = wrong_answers("late_unasked", Some("short-silence,no-answer-is-no"), &LATE);
    assert!(shared().is_none() || wrong == LATE, "{wrong:?}");
}

/// The server took the COMMIT and is gone for longer than an answer may wait.
#[test]
fn what_nobody_can_know_yet_is_said_and_logged_later() {
    let Some(server) = shared() else { return };
    let schema = server.photoprism("unknown");
    let proxy = Proxy::start(server.socket());
    let mut home = proxy.home("unknown");
    home.start();
    home.ok("users.mod", json!({"user": "bob", "display_name": "One"}));
    proxy.next_commit(Fate::Swallowed, "Two");
    proxy.hide(true);
    let error = home.refused("users.mod", json!({"user": "bob", "display_name": "Two"}));
    assert_eq!(error["code"], "outcome_unknown", "{error}");
    proxy.hide(false);
    home.running().wait_for_log("the database exists now");
    home.ok("users.mod", json!({"user": "alice", "display_name": "One"}));
    home.running().wait_for_log("answered with outcome_unknown were made");
    assert_eq!(home.ok("users.show", json!({"user": "bob"}))["user"]["display_name"], "Two");
    drop(schema);
}
