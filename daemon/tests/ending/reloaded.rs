//! App passwords that live on after a change of rights: PhotoPrism loads them anew, and none is
//! lost.

use std::collections::BTreeMap;

use rusqlite::types::Value as Stored;
use serde_json::json;

use crate::common::json::Ask;
use crate::setup::{Both, PHONE, WEB, wait_until};
use crate::simulator::{Misbehavior, Request};

/// The row of bob's app password, without what a use writes.
pub(crate) fn row(both: &Both) -> BTreeMap<String, Stored> {
    let found = both.conn.rows("SELECT * FROM auth_sessions WHERE ref_id = ?1", [PHONE.0]);
    let row = found.into_iter().next().expect("the row is there");
    let mut row: BTreeMap<_, _> = row.names.into_iter().zip(row.values).collect();
    row.remove("last_active");
    // A time that never was is written as NULL, which both read as the same.
    for value in row.values_mut() {
        if matches!(value, Stored::Text(text) if text.starts_with("0000-00-00")) {
            *value = Stored::Null;
        }
    }
    row
}

/// The role that PhotoPrism grants it.
pub(crate) fn role(both: &Both) -> String {
    role_of(both, PHONE.1).expect("PhotoPrism takes it")
}

#[test]
fn it_has_the_new_rights_when_the_reply_comes_and_the_same_row() {
    let mut both = Both::start();
    assert_eq!(role(&both), "admin");
    assert!(both.simulator.lets_in(WEB.1));
    let before = row(&both);
    let result = both.home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
    assert_eq!(result["pending"], 0, "{result}");
    assert!(both.is_forgotten(WEB), "{result}");
    assert_eq!(role(&both), "guest");
    assert_eq!(row(&both), before);
    assert!(both.is_active(PHONE.1));
}

#[test]
fn sessions_that_are_kept_have_the_new_rights_as_well_with_those_created_from_them() {
    let mut both = Both::start();
    let body = json!({"username": "bob", "password": PHONE.1});
    let answer = both.simulator.visit(&Request::new("POST", "/api/v1/session").json(&body));
    let child: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let child = child["access_token"].as_str().unwrap();
    let tokens = [WEB.1, PHONE.1, child];
    for token in tokens {
        assert_eq!(role_of(&both, token).as_deref(), Some("admin"));
    }
    let ids = "SELECT id FROM auth_sessions WHERE user_name = 'bob' ORDER BY id";
    let ids = |both: &Both| -> Vec<String> {
        both.conn.rows(ids, []).iter().map(|row| row.get(0).unwrap()).collect()
    };
    let before = ids(&both);
    let kept = json!({"user": "bob", "role": "guest", "keep_sessions": true});
    let result = both.home.ok("users.mod", kept);
    assert_eq!(result["sessions_revoked"], 0, "{result}");
    for token in tokens {
        let what = "PhotoPrism loads it anew";
        wait_until(what, || role_of(&both, token).as_deref() == Some("guest"));
    }
    assert_eq!(ids(&both), before);
}

#[test]
fn where_photoprism_does_not_answer_it_goes_on_and_is_loaded_anew_later() {
    let mut both = Both::start();
    assert_eq!(role(&both), "admin");
    let before = row(&both);
    both.simulator.misbehave(Misbehavior::Status(503));
    let result = both.home.ok("users.mod", json!({"user": "bob", "role": "guest"}));
    assert!(result["pending"].as_u64().unwrap() >= 1, "{result}");
    assert_eq!(result["effective_within_s"], 900, "{result}");
    assert_eq!(row(&both), before);
    assert!(both.is_active(PHONE.1));
    assert_eq!(role(&both), "admin", "PhotoPrism does not know yet");
    both.simulator.misbehave(None);
    wait_until("PhotoPrism loads it anew", || role_now(&both).as_deref() == Some("guest"));
    assert_eq!(row(&both), before);
    assert!(both.is_active(PHONE.1));
}

/// The same while it may be gone for a moment.
pub(crate) fn role_now(both: &Both) -> Option<String> {
    role_of(both, PHONE.1)
}

/// The role that PhotoPrism grants that token; `None` where it refuses it.
fn role_of(both: &Both, token: &str) -> Option<String> {
    let request = Request::new("GET", "/api/v1/session").token(token);
    let shown: serde_json::Value =
        serde_json::from_str(&both.simulator.visit(&request).body).ok()?;
    shown["role"].as_str().map(ToOwned::to_owned)
}
