//! The forms of an address.

use serde_json::json;

use crate::common::json::Ask;
use crate::common::test_daemon::TestDaemon;
use crate::setup::{Both, CACHE, WEB, fixture};
use crate::simulator::Simulator;

#[test]
fn a_unix_socket() {
    let mut home = TestDaemon::new().with_database(fixture());
    let conn = home.outside();
    let simulator = Simulator::at(home.root().join("http.sock"), home.outside(), CACHE);
    home.set_env("PHOTOPRISM_ADMIN_PHOTOPRISM_URL", simulator.url());
    home.start();
    let mut both = Both { simulator, conn, home };
    assert!(both.simulator.lets_in(WEB.1));
    let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
    assert_eq!(result["pending"], 0, "{result}");
    assert!(both.is_forgotten(WEB));
    both.wait_until_no_token();
}

#[test]
fn a_path_below_which_photoprism_answers() {
    for end in ["/photos", "/photos/"] {
        let mut both = Both::start();
        let url = both.simulator.url() + end;
        both.restart_with("PHOTOPRISM_ADMIN_PHOTOPRISM_URL", &url);
        assert!(both.simulator.lets_in(WEB.1));
        let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
        assert_eq!(result["pending"], 0, "{result}");
        assert!(both.is_forgotten(WEB));
        both.wait_until_no_token();
        let below = "DELETE /photos/api/v1/session";
        let seen = both.simulator.requests();
        assert!(!seen.is_empty() && seen.iter().all(|it| it.line.starts_with(below)), "{seen:?}");
    }
}

#[test]
fn a_name_of_the_loopback_address() {
    let mut both = Both::start();
    let url = both.simulator.url().replace("127.0.0.1", "localhost");
    both.restart_with("PHOTOPRISM_ADMIN_PHOTOPRISM_URL", &url);
    assert!(both.simulator.lets_in(WEB.1));
    let result = both.home.ok("auth.rm", json!({"session": WEB.0}));
    assert_eq!(result["pending"], 0, "{result}");
    assert!(both.is_forgotten(WEB));
}
