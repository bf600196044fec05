//! What was ended stays ended although a running PhotoPrism still has it and writes it back.

use serde_json::{Value, json};

use crate::common::database::Database;
use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::ghost::{Ghost, wait_until};
use crate::setup::{home, photoprism};

/// bob's app password of the fixture for WebDAV, and his web session.
const PHONE: (&str, &str) = ("sessbo4hwg3t", "X2PniU-C1fjAU-gWXAnY-0nUwZi");
const WEB: (&str, &str) = ("sessqf0mn4tk", "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87");

fn is_active(home: &mut TestDaemon, token: &str) -> bool {
    home.ok("auth.verify", json!({"token": token}))["active"].as_bool().unwrap()
}

/// The code of a login of bob with an app password.
fn login(home: &mut TestDaemon, password: &str) -> Value {
    let args = json!({"name": "bob", "password": password, "client_ip": "192.0.2.7",
        "session": false, "scope": "webdav"});
    let reply = home.call("auth.login", args);
    if reply["ok"] == true { json!("in") } else { reply["error"]["code"].clone() }
}

/// How often the trail says that something came back.
fn records(home: &mut TestDaemon) -> usize {
    let items = home.ok("audit.ls", json!({"limit": 1000}))["items"].clone();
    let again = |item: &&Value| item["command"] == "daemon.end_again";
    items.as_array().unwrap().iter().filter(again).count()
}

fn lines(log: &str) -> usize {
    log.matches("PhotoPrism still honours").count()
}

/// Nothing of the daemon's shows it, whatever the row says.
fn assert_hidden(home: &mut TestDaemon, (ref_id, secret): (&str, &str)) {
    assert!(!is_active(home, secret), "{ref_id} is active");
    assert_eq!(home.refused("auth.show", json!({"session": ref_id}))["code"], "not_found");
    for search in [json!({"limit": 1000}), json!({"search": ref_id}), json!({"search": "bob"})] {
        let listed = home.ok("auth.ls", search.clone())["items"].to_string();
        assert!(!listed.contains(ref_id), "{search}: {listed}");
    }
}

#[test]
fn an_app_password_that_photoprism_writes_back_is_ended_again() {
    let mut home = home();
    let conn = photoprism(&home);
    let mut ghost = Ghost::load(&conn, PHONE.0);
    assert_eq!(login(&mut home, PHONE.1), "in");
    home.ok("auth.rm", json!({"session": PHONE.0}));
    assert!(!ghost.is_there(&conn));
    for (round, ip) in [(1, "203.0.113.99"), (2, "203.0.113.98"), (3, "203.0.113.97")] {
        ghost.save(&conn, ip);
        assert_hidden(&mut home, PHONE);
        assert_eq!(login(&mut home, PHONE.1), "invalid_credentials");
        ghost.wait_until_gone(&conn);
        wait_until("its line", || lines(&home.running().log()) == round);
        assert_eq!(records(&mut home), round);
    }
    let item = home.ok("audit.ls", json!({"limit": 1}))["items"][0].clone();
    assert_eq!((&item["command"], &item["target"]), (&json!("daemon.end_again"), &json!(PHONE.0)));
    assert_eq!(item["socket"], Value::Null, "{item}");
    assert_eq!(item["uid"], nix::unistd::geteuid().as_raw());
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    let log = home.stop();
    assert!(log.contains(PHONE.0) && log.contains("restart it"), "{log}");
    assert!(!log.contains(&ghost.id()), "an id is as good as a secret: {log}");
}

#[test]
fn it_goes_by_itself_within_ten_seconds() {
    let mut home = home();
    let conn = photoprism(&home);
    let mut web = Ghost::load(&conn, WEB.0);
    home.ok("passwd.set", json!({"user": "bob", "password": "longenough"}));
    web.save(&conn, "203.0.113.99");
    let begun = photoprism_daemon::clock::Stopwatch::start();
    web.wait_until_gone(&conn);
    assert!(begun.elapsed().as_secs() <= 11, "{:?}", begun.elapsed());
    wait_until("its line", || lines(&home.running().log()) == 1);
    assert_eq!(records(&mut home), 1);
}

#[test]
fn a_session_that_photoprism_creates_from_one_that_ended_ends_too() {
    let mut home = home();
    let conn = photoprism(&home);
    let mut ghost = Ghost::load(&conn, PHONE.0);
    home.ok("auth.rm", json!({"session": PHONE.0}));
    let secret = "00112233445566778899aabbccddeeff0011223344556677";
    let mut child = ghost.child(&conn, secret, "sesschild000");
    assert_hidden(&mut home, ("sesschild000", secret));
    child.wait_until_gone(&conn);
    // It has an entry of its own: without its parent it stays ended as well.
    child.save(&conn, "203.0.113.99");
    assert_hidden(&mut home, ("sesschild000", secret));
    child.wait_until_gone(&conn);
    ghost.save(&conn, "203.0.113.99");
    assert_hidden(&mut home, PHONE);
    ghost.wait_until_gone(&conn);
    wait_until("their lines", || lines(&home.running().log()) == 3);
    assert_eq!(records(&mut home), 3);
}

#[test]
fn it_stays_ended_across_a_restart_and_a_crash() {
    let mut home = home();
    let conn = photoprism(&home);
    let mut ghosts = [Ghost::load(&conn, PHONE.0), Ghost::load(&conn, WEB.0)];
    home.ok("users.rm", json!({"user": "bob"}));
    for round in 0..4 {
        let crash = round % 2 == 0;
        if crash {
            home.kill();
        } else {
            drop(home.stop());
        }
        for ghost in &mut ghosts {
            ghost.save(&conn, &format!("203.0.113.{round}"));
        }
        home.start();
        for (ghost, token) in ghosts.iter().zip([PHONE, WEB]) {
            assert_hidden(&mut home, token);
            ghost.wait_until_gone(&conn);
        }
        let log = || home.running().log();
        wait_until("their lines", || lines(&log()) == 2);
        assert_eq!(records(&mut home), 2 * (round + 1));
    }
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

/// What is written back between an end and its commit or reply is met as well.
#[test]
fn nothing_is_active_after_its_end_was_acknowledged() {
    let mut home = home();
    let conn = photoprism(&home);
    if !conn.is_mariadb() {
        conn.pragma_update(None, "synchronous", "off").unwrap();
    }
    let kept = Ghost::load(&conn, WEB.0);
    let (stop, writing) = keep_writing_back(&home, kept.clone());
    for _ in 0..20 {
        kept.clone().save(&conn, "203.0.113.1");
        // It may be ended already.
        home.confirmed("auth.rm", json!({"session": WEB.0}));
        for _ in 0..5 {
            assert!(!is_active(&mut home, WEB.1));
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    writing.join().unwrap();
    kept.wait_until_gone(&conn);
    assert_hidden(&mut home, WEB);
}

/// Another thread that writes it back at moments that nobody chose.
fn keep_writing_back(
    home: &TestDaemon,
    mut ghost: Ghost,
) -> (std::sync::Arc<std::sync::atomic::AtomicBool>, std::thread::JoinHandle<()>) {
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (stopped, conn): (_, Database) = (std::sync::Arc::clone(&stop), photoprism(home));
    let writing = std::thread::spawn(move || {
        let mut round = 0;
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            round += 1;
            ghost.save(&conn, &format!("198.51.100.{}", round % 250));
            crate::setup::busy_elsewhere(std::time::Duration::from_millis(round * 7 % 13));
        }
    });
    (stop, writing)
}
