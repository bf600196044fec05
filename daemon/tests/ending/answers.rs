//! The simulated PhotoPrism answers as the real one whose answers were recorded.

use std::collections::BTreeMap;

use rusqlite::types::Value;

use crate::setup::{PHONE, WEB, add_session, alone};
use crate::simulator::Request;

const RECORDED: &str = include_str!("../fixtures/http/answers.md");
const WRITTEN_BACK: &str = include_str!("../fixtures/http/written-back.json");

/// One recorded answer.
struct Record {
    title: String,
    method: String,
    path: String,
    status: u16,
    /// The headers that describe the body, an empty line, and the body.
    text: String,
}

fn records() -> Vec<Record> {
    let sections = RECORDED.split("\n### ").skip(1);
    let record = |section: &str| {
        let (title, rest) = section.split_once("\n\n`").unwrap();
        let (request, rest) = rest.split_once('`').unwrap();
        let (method, path) = request.split_once(' ').unwrap();
        let (_, rest) = rest.split_once("→ ").unwrap();
        let (status, rest) = rest.split_once("\n\n```\n").unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        Record {
            title: title.into(),
            method: method.into(),
            path: path.into(),
            status: status.parse().unwrap(),
            text: text.into(),
        }
    };
    sections.map(record).collect()
}

/// The session of the recording, put in the place of one in the database.
fn rename(conn: &crate::common::database::Database, record: &Record) -> String {
    let ref_id = record.path.rsplit('/').next().unwrap().to_owned();
    let rename = "UPDATE auth_sessions SET ref_id = ?1 WHERE ref_id = ?2";
    assert_eq!(conn.execute(rename, (&ref_id, WEB.0)).unwrap(), 1);
    ref_id
}

#[test]
fn every_recorded_answer_comes_byte_for_byte() {
    let (home, simulator) = alone();
    let conn = home.outside();
    let records = records();
    assert_eq!(records.len(), 11, "the recording is read whole");
    rename(&conn, &records[1]);
    let (_, guest) = add_session(&conn, "alice", "*");
    let (_, unscoped) = add_session(&conn, "admin", "webdav");
    let (_, right) = add_session(&conn, "admin", "sessions");
    let unknown = "0123456789abcdef0123456789abcdef0123456789abcdef";
    assert!(simulator.lets_in(WEB.1), "the session is in memory");
    for record in &records {
        let token = match record.title.as_str() {
            "PhotoPrism is there" | "no token" => None,
            "token of a guest" => Some(guest.as_str()),
            "token of an admin without the scope `sessions`" => Some(unscoped.as_str()),
            "unknown token" => Some(unknown),
            "the session is refused now" => Some(WEB.1),
            title if title.starts_with("too many refused tokens") => Some(unknown),
            _ => Some(right.as_str()),
        };
        let request = Request::new(&record.method, &record.path);
        let request = token.map_or(request.clone(), |token| request.token(token));
        let times = if record.title.starts_with("too many") { 30 } else { 1 };
        for _ in 1..times {
            simulator.send(&request);
        }
        let answer = simulator.send(&request);
        assert_eq!(answer.status, record.status, "{}", record.title);
        let text = format!("{}\r\n{}", answer.head(), answer.body).replace("\r\n", "\n");
        // The recorded session had an id of its own.
        let id = crate::simulator::id_of(WEB.1);
        let recorded = match record.text.split_once("\"session_id\":\"") {
            Some((before, after)) => format!("{before}\"session_id\":\"{id}{}", &after[64..]),
            None => record.text.clone(),
        };
        assert_eq!(text, recorded, "{}", record.title);
    }
}

#[test]
fn a_session_is_written_back_in_the_columns_in_which_a_real_one_was() {
    let recorded: serde_json::Value = serde_json::from_str(WRITTEN_BACK).unwrap();
    let recorded = |key: &str| recorded[key].as_object().unwrap().clone();
    let (before, after) =
        (recorded("before"), recorded("after a login with it from another address"));
    let differ: Vec<&String> =
        before.iter().filter(|(name, value)| after[*name] != **value).map(|it| it.0).collect();
    let (home, simulator) = alone();
    let conn = home.outside();
    let row = || -> BTreeMap<String, Value> {
        let found = conn.rows("SELECT * FROM auth_sessions WHERE ref_id = ?1", [PHONE.0]);
        let row = found.into_iter().next().expect("the row is there");
        row.names.into_iter().zip(row.values).collect()
    };
    let request =
        Request::new("PROPFIND", "/originals/").basic("bob", PHONE.1).agent("Firefox").from("::1");
    assert!(simulator.lets_in(PHONE.1), "it is loaded, which writes last_active");
    let kept = row();
    let columns: Vec<&String> = kept.keys().collect();
    assert_eq!(columns, before.keys().collect::<Vec<_>>(), "PhotoPrism's columns");
    crate::setup::delete_row(&conn, PHONE.0);
    assert_eq!(simulator.send(&request).status, 200);
    let now = row();
    let differs: Vec<&String> =
        kept.iter().filter(|(name, value)| now[*name] != **value).map(|it| it.0).collect();
    assert_eq!(differs, differ);
}
