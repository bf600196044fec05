//! The start, and what memory the daemon has.

use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::place::Template;
use crate::table::Table;

/// Starts: the median counts.
const STARTS: usize = 5;

pub(crate) fn start_and_memory(table: &mut Table, template: &Template) {
    if !table.wants("start") && !table.wants("memory") {
        return;
    }
    Table::head("Start and memory");
    let (mut served, _) = template.start();
    let token = served.connect().ok("auth.add", &json!({"name": "Bench", "scope": "*"}));
    let verify = json!({"token": token["secret"]});
    let mut ready = Vec::new();
    let mut verified = Vec::new();
    for _ in 0..STARTS {
        let start = served.restart();
        let since_ready = Stopwatch::start();
        assert_eq!(served.connect().ok("auth.verify", &verify)["active"], true);
        ready.push(start.as_secs_f64() * 1e3);
        verified.push((start + since_ready.elapsed()).as_secs_f64() * 1e3);
    }
    let median = |mut ms: Vec<f64>| {
        ms.sort_by(f64::total_cmp);
        ms[ms.len() / 2]
    };
    table.figure("from start to ready", (median(ready), Some(300.0)), "ms");
    table.figure("from start to the first `auth.verify`", (median(verified), None), "ms");
    served.settle();
    table.figure("memory before the first password", (served.mib("VmRSS"), Some(96.0)), "MB");
    table.figure("memory before the first password, peak", (served.mib("VmHWM"), None), "MB");
    let mut client = served.connect();
    let password = "correct horse battery";
    client.ok("passwd.set", &json!({"user": "admin", "password": password}));
    let login = json!({"name": "admin", "password": password, "client_ip": "192.0.2.1"});
    client.ok("auth.login", &login);
    table.figure("memory after it", (served.mib("VmRSS"), Some(140.0)), "MB");
    table.figure("memory after it, peak", (served.mib("VmHWM"), None), "MB");
}
