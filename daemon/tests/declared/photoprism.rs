//! PhotoPrism's database.

use std::path::Path;

use crate::common::test_daemon::TestDaemon;
use crate::place::{PHONE, PROBE, STACK, TABLET, data, logs_in, secret_file, verify, with, write};

const INDEX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/index.db");

#[test]
fn its_accounts_are_changed_as_declared_and_the_second_start_changes_nothing() {
    let home = TestDaemon::new().with_database(Path::new(INDEX));
    // The community edition has no role `user`.
    let mut home = with(home, &STACK.replace("\"user\"", "\"admin\""));
    home.start();
    for (name, password) in [("admin", "the admin's secret"), ("bob", "the secret of bob")] {
        assert!(logs_in(&mut home, name, password), "{name}");
    }
    assert_eq!(verify(&mut home, PHONE)["active"], true);
    assert_eq!(verify(&mut home, PROBE)["active"], true);
    home.stop();
    let before = data(&home);
    home.start();
    let log = home.stop();
    assert!(log.contains("unchanged=2 refused=0 sessions_added=0 sessions_unchanged=2"), "{log}");
    assert!(before == data(&home), "a file of the database has changed");
    write(&secret_file(&home, "phone"), TABLET);
    home.start();
    assert_eq!(verify(&mut home, PHONE)["active"], false);
    assert_eq!(verify(&mut home, TABLET)["active"], true);
}

#[test]
fn a_hash_that_photoprism_does_not_check_is_refused() {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA";
    let text = format!("[[account]]\nname = 'eve'\nrole = 'user'\npassword_hash = '{hash}'\n");
    let home = with(TestDaemon::new().with_database(Path::new(INDEX)), &text);
    let output = home.ends();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("name=\"eve\"") && said.contains("PhotoPrism checks bcrypt"), "{said}");
    assert!(!said.contains(hash), "{said}");
}
