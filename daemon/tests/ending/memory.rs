//! What the simulated PhotoPrism remembers, writes back and forgets, as a real one was seen to.

use serde_json::json;

use crate::common::database::Database;
use crate::setup::{CACHE, PHONE, WEB, add_session, alone, delete_row, has_row};
use crate::simulator::{Answer, Request, Simulator, id_of};

fn delete(simulator: &Simulator, token: &str, ref_id: &str) -> Answer {
    let path = format!("/api/v1/sessions/{ref_id}");
    simulator.send(&Request::new("DELETE", &path).token(token))
}

fn column(conn: &Database, ref_id: &str, name: &str) -> i64 {
    let statement = format!("SELECT {name} FROM auth_sessions WHERE ref_id = ?1");
    conn.query_row(&statement, [ref_id], |row| row.get(0)).unwrap()
}

fn set(conn: &Database, ref_id: &str, name: &str, value: i64) {
    let statement = format!("UPDATE auth_sessions SET {name} = ?1 WHERE ref_id = ?2");
    assert_eq!(conn.execute(&statement, (value, ref_id)).unwrap(), 1);
}

fn webdav(simulator: &Simulator, ip: &str, agent: &str) -> u16 {
    let request = Request::new("PROPFIND", "/originals/").basic("bob", PHONE.1);
    simulator.visit(&request.from(ip).agent(agent)).status
}

#[test]
fn a_session_whose_row_is_gone_works_until_its_time_in_memory_is_over() {
    let (home, simulator) = alone();
    let conn = home.outside();
    assert!(!simulator.holds(WEB.1));
    assert!(simulator.lets_in(WEB.1) && simulator.holds(WEB.1));
    delete_row(&conn, WEB.0);
    simulator.advance(CACHE - 20);
    // To use it does not make it stay longer.
    assert!(simulator.lets_in(WEB.1));
    simulator.advance(21);
    assert!(!simulator.holds(WEB.1) && !simulator.lets_in(WEB.1));
    assert!(!has_row(&conn, WEB.0));
}

#[test]
fn one_that_was_never_loaded_and_one_after_a_restart_are_refused_without_their_row() {
    let (home, simulator) = alone();
    let conn = home.outside();
    assert!(simulator.lets_in(WEB.1));
    delete_row(&conn, WEB.0);
    delete_row(&conn, PHONE.0);
    assert_eq!(webdav(&simulator, "192.0.2.1", "App"), 401);
    assert!(simulator.lets_in(WEB.1));
    simulator.restart();
    assert!(!simulator.lets_in(WEB.1));
}

#[test]
fn to_load_one_writes_its_use_and_to_find_it_in_memory_writes_nothing() {
    let (home, simulator) = alone();
    let conn = home.outside();
    set(&conn, WEB.0, "last_active", 7);
    assert!(simulator.lets_in(WEB.1));
    assert!(column(&conn, WEB.0, "last_active") > 7);
    set(&conn, WEB.0, "last_active", 7);
    assert!(simulator.lets_in(WEB.1));
    assert_eq!(column(&conn, WEB.0, "last_active"), 7);
}

#[test]
fn a_login_from_elsewhere_or_by_another_program_writes_it_back_and_keeps_it_longer() {
    let (home, simulator) = alone();
    let conn = home.outside();
    assert_eq!(webdav(&simulator, "192.0.2.1", "App"), 200);
    delete_row(&conn, PHONE.0);
    assert_eq!(webdav(&simulator, "192.0.2.1", "App"), 200);
    assert!(!has_row(&conn, PHONE.0), "nothing has changed");
    for (ip, agent) in [("192.0.2.2", "App"), ("192.0.2.2", "Other"), ("192.0.2.3", "Third")] {
        simulator.advance(CACHE - 20);
        assert_eq!(webdav(&simulator, ip, agent), 200, "{ip} {agent}");
        assert!(has_row(&conn, PHONE.0), "{ip} {agent}");
        delete_row(&conn, PHONE.0);
    }
    // A web session is saved where its page is loaded, from wherever.
    assert!(simulator.lets_in(WEB.1));
    delete_row(&conn, WEB.0);
    assert_eq!(
        simulator
            .visit(&Request::new("GET", "/api/v1/session").token(WEB.1).from("192.0.2.9"))
            .status,
        200
    );
    assert!(!has_row(&conn, WEB.0));
    let request = Request::new("POST", "/api/v1/session").token(WEB.1);
    assert_eq!(simulator.send(&request).status, 200);
    assert!(has_row(&conn, WEB.0));
}

#[test]
fn a_session_in_memory_overwrites_every_column() {
    let (home, simulator) = alone();
    let conn = home.outside();
    assert!(simulator.lets_in(WEB.1));
    let before = column(&conn, WEB.0, "sess_expires");
    set(&conn, WEB.0, "sess_expires", 1);
    set(&conn, WEB.0, "sess_timeout", 77);
    let request = Request::new("POST", "/api/v1/session").token(WEB.1);
    assert_eq!(simulator.send(&request).status, 200);
    assert_eq!(column(&conn, WEB.0, "sess_expires"), before);
    assert_eq!(column(&conn, WEB.0, "sess_timeout"), 0);
}

#[test]
fn an_app_password_creates_sessions_that_end_with_it() {
    let (home, simulator) = alone();
    let conn = home.outside();
    let (_, admin) = add_session(&conn, "admin", "sessions");
    let body = json!({"username": "bob", "password": PHONE.1});
    let log_in = || {
        let answer = simulator.send(&Request::new("POST", "/api/v1/session").json(&body));
        assert_eq!(answer.status, 200);
        let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let (one, other) = (log_in(), log_in());
    assert!(simulator.lets_in(&one) && simulator.lets_in(&other));
    let of_it = "SELECT count(*) FROM auth_sessions WHERE auth_id = ?1 AND auth_method = 'session'";
    let children = || conn.query_row(of_it, [id_of(PHONE.1)], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(children(), 2);
    // One whose row is gone is not found, and stays in memory.
    conn.execute("DELETE FROM auth_sessions WHERE id = ?1", [id_of(&one)]).unwrap();
    assert_eq!(delete(&simulator, &admin, PHONE.0).status, 200);
    assert_eq!(children(), 0);
    assert!(!simulator.lets_in(PHONE.1) && !simulator.lets_in(&other));
    assert!(simulator.lets_in(&one), "it is a session without a row");
    let wrong = json!({"username": "alice", "password": PHONE.1});
    let wrong = Request::new("POST", "/api/v1/session").json(&wrong);
    assert_eq!(simulator.send(&wrong).status, 401);
}

#[test]
fn an_end_finds_the_session_by_its_row_alone() {
    let (home, simulator) = alone();
    let conn = home.outside();
    let (_, admin) = add_session(&conn, "admin", "*");
    assert!(simulator.lets_in(WEB.1));
    delete_row(&conn, WEB.0);
    assert_eq!(delete(&simulator, &admin, WEB.0).status, 404);
    assert!(simulator.lets_in(WEB.1), "the memory stays");
    // A row that was set to expired is found.
    assert!(simulator.lets_in(PHONE.1));
    set(&conn, PHONE.0, "sess_expires", 1);
    assert!(simulator.lets_in(PHONE.1), "memory does not notice");
    assert_eq!(delete(&simulator, &admin, PHONE.0).status, 200);
    assert!(!simulator.holds(PHONE.1) && !has_row(&conn, PHONE.0));
}

#[test]
fn nobody_but_an_admin_with_the_scope_ends_sessions_of_others() {
    let (home, simulator) = alone();
    let conn = home.outside();
    for (user, scope, status) in [
        ("alice", "*", 403),
        ("admin", "webdav", 403),
        ("admin", "albums sessions", 404),
        ("bob", "sessions", 404),
    ] {
        let (_, token) = add_session(&conn, user, scope);
        assert_eq!(delete(&simulator, &token, "sessnobody12").status, status, "{user} {scope}");
    }
    let (_, admin) = add_session(&conn, "admin", "sessions");
    for id in ["not-an-id", "short", "fifteencharacte", ""] {
        assert_eq!(delete(&simulator, &admin, id).status, 403, "{id}");
    }
    // Each may end its own.
    let (own, token) = add_session(&conn, "alice", "albums");
    let end = Request::new("DELETE", "/api/v1/session").token(&token);
    let answer = simulator.send(&end);
    let deleted = format!(r#"{{"session_id":"{}","status":"deleted"}}"#, id_of(&token));
    assert_eq!((answer.status, answer.body), (200, deleted));
    assert!(!has_row(&conn, &own));
    assert_eq!(simulator.send(&end).status, 401);
}

#[test]
fn an_end_is_read_when_a_session_is_loaded_and_from_memory_afterwards() {
    let (home, simulator) = alone();
    let conn = home.outside();
    set(&conn, PHONE.0, "sess_expires", 1);
    assert!(!simulator.lets_in(PHONE.1));
    assert!(!has_row(&conn, PHONE.0), "one that has expired is deleted");
    // One in memory whose end is moved in the row is over when it was to be.
    let (ref_id, token) = add_session(&conn, "bob", "*");
    let soon = photoprism_daemon::clock::Clock::System.unix() + 60;
    set(&conn, &ref_id, "sess_expires", soon);
    assert!(simulator.lets_in(&token));
    set(&conn, &ref_id, "sess_expires", soon + 1000);
    simulator.advance(61);
    assert!(!simulator.lets_in(&token));
    assert!(!has_row(&conn, &ref_id));
}

#[test]
fn rights_in_memory_are_those_of_when_it_was_loaded() {
    let (home, simulator) = alone();
    let conn = home.outside();
    let (_, token) = add_session(&conn, "admin", "*");
    let shown = || simulator.send(&Request::new("GET", "/api/v1/session").token(&token)).body;
    assert!(shown().contains(r#""role":"admin""#));
    let demoted = "UPDATE auth_users SET super_admin = 0, user_role = 'guest' WHERE id = 1";
    conn.execute(demoted, []).unwrap();
    assert!(shown().contains(r#""role":"admin""#));
    assert_eq!(delete(&simulator, &token, "sessnobody12").status, 404);
    simulator.restart();
    assert!(shown().contains(r#""role":"guest""#));
    assert_eq!(delete(&simulator, &token, "sessnobody12").status, 403);
}
