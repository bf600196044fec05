//! Writes and syncs that fail.

use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::running::Running;
use crate::common::test_daemon::TestDaemon;
use crate::shim::{Order, Shim};
use crate::writes::{adding, code, missing};

const WRITERS: usize = 8;

/// Exit code of a storage error (`daemon/README.md`).
const EXIT_STORAGE: i32 = 74;

/// A daemon that has acknowledged one write of each client, and whose next syncs fail.
fn about_to_fail(home: &mut TestDaemon) -> (Shim, Running, Vec<Client>) {
    let shim = Shim::between(home);
    let running = Running::start(home.command());
    let clients = (0..WRITERS).map(|number| {
        let mut client = home.connect();
        assert_eq!(code(&client.ask(adding(&format!("before-{number}")))), "ok");
        client
    });
    let clients = clients.collect();
    shim.order(&Order::FailSyncs);
    (shim, running, clients)
}

/// How many of the clients get an acknowledgement for one more write.
fn acknowledged(clients: &mut [Client]) -> usize {
    for (number, client) in clients.iter_mut().enumerate() {
        // The daemon may be gone already.
        let _ = client.try_send(format!("{}\n", adding(&format!("after-{number}"))));
    }
    let answers = clients.iter_mut().filter_map(Client::try_line);
    answers.filter(|line| line.contains("\"ok\":true")).count()
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_the_process_ends() {
    let mut home = TestDaemon::new();
    let (shim, running, mut clients) = about_to_fail(&mut home);
    assert_eq!(acknowledged(&mut clients), 0);
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(EXIT_STORAGE), "{log}");
    assert!(log.contains("a sync failed, ending"), "{log}");
    assert_eq!(shim.failed(), 1, "nothing is synced again over what failed");
    shim.order(&Order::Nothing);
    home.start();
    let before: Vec<String> = (0..WRITERS).map(|number| format!("before-{number}")).collect();
    assert_eq!(missing(&mut home, &before), [""; 0]);
    assert_eq!(code(&home.ask(&adding("later"))), "ok");
    assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
}

#[test]
fn a_failed_sync_that_is_forgiven_is_caught() {
    let mut home = TestDaemon::new().faulty("ignore-sync-error");
    let (_shim, _running, mut clients) = about_to_fail(&mut home);
    assert!(acknowledged(&mut clients) > 0);
}

/// Adds accounts while writes fail; those that were acknowledged in spite of it.
fn add_while_failing(home: &mut TestDaemon, shim: &Shim, order: &Order) -> Vec<String> {
    assert_eq!(code(&home.ask(&adding("before"))), "ok");
    // Its commit may come after that, where it was acknowledged too early.
    while missing(home, &["before".into()]) != [""; 0] {}
    shim.order(order);
    let mut client = home.connect();
    let mut acknowledged = Vec::new();
    // The last one shows that the commits before it are over, where they come after their replies.
    for number in 0..=WRITERS {
        let name = format!("while-{number}");
        match code(&client.ask(adding(&name))).as_str() {
            "ok" if number < WRITERS => acknowledged.push(name),
            "ok" | "storage_full" => {}
            other => panic!("{other}"),
        }
        assert_eq!(client.ok("users.show", json!({"user": "before"}))["user"]["name"], "before");
    }
    shim.order(&Order::Nothing);
    acknowledged
}

#[test]
fn without_space_or_with_a_broken_disk_reads_go_on() {
    for order in [Order::NoSpace, Order::FailWrites] {
        let mut home = TestDaemon::new();
        let shim = Shim::between(&mut home);
        home.start();
        assert_eq!(add_while_failing(&mut home, &shim, &order), [""; 0]);
        assert_eq!(code(&home.ask(&adding("after"))), "ok");
        home.restart();
        assert_eq!(missing(&mut home, &["before".into(), "after".into()]), [""; 0]);
        assert_eq!(missing(&mut home, &["while-0".into()]), ["while-0"]);
        assert_eq!(home.ok("audit.verify", json!({}))["ok"], true);
    }
}

#[test]
fn writes_that_fail_after_their_acknowledgement_are_caught() {
    let mut home = TestDaemon::new().faulty("acknowledge-early");
    let shim = Shim::between(&mut home);
    home.start();
    let acknowledged = add_while_failing(&mut home, &shim, &Order::NoSpace);
    assert_eq!(acknowledged.len(), WRITERS);
    assert_eq!(missing(&mut home, &acknowledged).len(), WRITERS);
}
