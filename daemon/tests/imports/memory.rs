//! 16 MiB of the worst that each format can hold.

use photoprism_protocol::account_text::{MOST_BYTES, ParsedRow, TextError, read};
use serde_json::{Value, json};

use crate::common::test_daemon::TestDaemon;
use crate::{run, sent};

/// What the daemon may take for a text of 16 MiB: MiB.
pub(crate) const MOST_MIB: u64 = 128;

/// Begin, what is repeated, end, and what the answer says.
const WORST: [(&str, &str, &str, &str); 8] = [
    ("", "{}\n", "", "more than 20,000 rows"),
    ("{", "\"\":0,", "\"\":0}", "at most 64 KiB"),
    ("name\n", "a\n", "", "more than 20,000 rows"),
    ("name", ";", "", "more than 64 cells"),
    ("name\n", ";", "", "more than 64 cells"),
    ("", "[[account]]\n", "", "more than 20,000 rows"),
    ("account=[", "{},", "]", "at most 64 KiB"),
    ("#\na=[", "[],", "]", "at most 64 KiB"),
];

fn filled((begin, repeated, end): (&str, &str, &str), bytes: usize) -> String {
    let count = (bytes - begin.len() - end.len()) / repeated.len();
    [begin, &repeated.repeat(count), end].concat()
}

/// A size of the daemon in MiB.
pub(crate) fn status_mib(home: &TestDaemon, key: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", home.running().pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.trim_matches(|one: char| !one.is_ascii_digit()).parse::<u64>().unwrap() / 1024
}

#[test]
fn the_worst_of_16_mib_takes_little_memory() {
    for (begin, repeated, end, expected) in WORST {
        let home = TestDaemon::started();
        let before = status_mib(&home, "VmRSS:");
        let mut client = home.connect();
        let import = sent(&mut client, &filled((begin, repeated, end), MOST_BYTES));
        let reply = client.ask(run(&import));
        let message =
            [&reply["error"], &reply["result"]["items"][0]].map(Value::to_string).concat();
        assert!(message.contains(expected), "{begin}{repeated}…: {message}");
        let grown = status_mib(&home, "VmHWM:") - before;
        assert!(grown < MOST_MIB, "{begin}{repeated}…: {grown} MiB");
    }
}

#[test]
fn the_most_of_full_rows_takes_little_memory_too() {
    let attr = "a".repeat(700);
    let rows = (0..20_000).map(|n| format!("{{\"name\":\"u{n}\",\"attr\":\"{attr}\"}}\n"));
    let text: String = rows.collect();
    let home = TestDaemon::started();
    let before = status_mib(&home, "VmRSS:");
    let mut client = home.connect();
    let import = sent(&mut client, &text);
    let reply = client.ask(run(&import));
    assert_eq!(reply["result"]["counts"]["refused"], 20_000, "{}", reply["error"]);
    let grown = status_mib(&home, "VmHWM:") - before;
    assert!(grown < MOST_MIB, "{grown} MiB");
}

/// Nanoseconds that this thread has had a processor.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// The least time of five on a processor that reading takes.
fn cost(text: &str) -> u64 {
    let once = || {
        let (before, mut rows) = (processor_time(), 0);
        read(text, |_: ParsedRow| {
            rows += 1;
            Ok::<_, TextError>(())
        })
        .unwrap();
        assert!(rows > 1000, "{rows}");
        processor_time() - before
    };
    (0..5).map(|_| once()).min().unwrap()
}

/// Eight times the rows take about eight times as long; where each row counted the lines before it
/// they took sixty times as long.
#[test]
fn reading_is_linear() {
    let row = format!("{}\n", json!({"name": "bob", "attr": "a".repeat(200)}));
    for (begin, row) in
        [("", row.as_str()), ("name;role\n", "bob;user\n"), ("", "[[account]]\nname = 'bob'\n\n")]
    {
        let text = |count| [begin, &row.repeat(count)].concat();
        let (few, many) = (cost(&text(4_000)), cost(&text(32_000)));
        assert!(many < few * 32, "{row}: {few} ns, {many} ns");
    }
}
