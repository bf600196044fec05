//! A cluster of two nodes and an arbitrator, with a daemon that writes on each: one node is killed,
//! and the other goes on with everything that was acknowledged.

use std::fs;
use std::io::{Write, stderr};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use photoprism_daemon::clock::Stopwatch;
use serde_json::json;

use crate::common::client::Client;
use crate::common::json::Ask;
use crate::common::skipped;
use crate::server::{Options, Schema, Server};

const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";
const ARBITRATOR: &str = "/usr/bin/garbd";
const COPIER: &str = "/usr/bin/rsync";

/// How long the cluster may take to notice what has become of it.
const NOTICE: Duration = Duration::from_secs(40);

/// So short that a node that was killed is given up after seconds.
const PATIENT: &str = "evs.keepalive_period=PT0.5S;evs.suspect_timeout=PT2S;\
    evs.inactive_timeout=PT4S;evs.inactive_check_period=PT0.5S";

/// What brings a node that joins its data: MariaDB's own script is in a package with a server that
/// starts by itself. It speaks as that one does, and both nodes are on this machine.
const COPY: &str = r#"#!/bin/sh
at=$(dirname "$0")
while [ $# -gt 0 ]; do
  case $1 in
    --role) role=$2 ;;
    --gtid) gtid=$2 ;;
    --address) address=$2 ;;
    --datadir) data=$2 ;;
  esac
  shift
done
if [ "$role" = donor ]; then
  echo "flush tables"
  until [ -s "$data/tables_flushed" ]; do sleep 0.1; done
  rsync -a --delete --exclude=/galera.cache --exclude=/grastate.dat --exclude=/gvwstate.dat     --exclude=/tables_flushed --exclude=/ibtmp1 "$data/" "$(cat "$at/joiner")/" >&2
  rm -f "$data/tables_flushed"
  echo "continue"
  echo "$gtid" > "$at/new" && mv "$at/new" "$at/gtid"
  echo "done $gtid"
else
  echo "$data" > "$at/joiner"
  echo "ready $address/copy"
  until [ -e "$at/gtid" ]; do sleep 0.1; done
  cat "$at/gtid"
fi
"#;

/// Ends the arbitrator when the test's process has ended.
const WATCHED: &str = r#""$@" >/dev/null 2>&1 & pid=$!; read -r line; kill -9 $pid; wait $pid"#;

/// Ports that nobody listened on a moment ago.
fn ports() -> [u16; 7] {
    let listeners = [(); 7].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.each_ref().map(|listener| listener.local_addr().unwrap().port())
}

/// The options of a node that listens for the others there.
fn node(name: &str, join: &str, [listen, ist, copy]: [u16; 3], programs: &Path) -> Options {
    let provider = format!(
        "gmcast.listen_addr=tcp://127.0.0.1:{listen};base_host=127.0.0.1;base_port={listen};\
         ist.recv_addr=127.0.0.1:{ist};{PATIENT}"
    );
    let args = vec![
        "--wsrep-on=ON".into(),
        format!("--wsrep-provider={PROVIDER}"),
        "--wsrep-cluster-name=photoprism".into(),
        format!("--wsrep-cluster-address=gcomm://{join}"),
        format!("--wsrep-node-name={name}"),
        "--wsrep-node-address=127.0.0.1".into(),
        "--wsrep-sst-method=copy".into(),
        format!("--wsrep-sst-receive-address=127.0.0.1:{copy}"),
        format!("--wsrep-provider-options={provider}"),
        "--binlog-format=ROW".into(),
        "--innodb-autoinc-lock-mode=2".into(),
    ];
    Options { args, programs: format!("{}:", programs.display()) }
}

/// The third voice, which has no data.
struct Arbitrator {
    shell: Child,
    _directory: tempfile::TempDir,
}

impl Arbitrator {
    fn start(join: &str, listen: u16) -> Self {
        let options = format!("gmcast.listen_addr=tcp://127.0.0.1:{listen};{PATIENT}");
        // It leaves a file behind.
        let directory = tempfile::tempdir().unwrap();
        let shell = Command::new("sh")
            .current_dir(directory.path())
            .args(["-c", WATCHED, "sh", ARBITRATOR])
            .args(["--address", &format!("gcomm://{join}"), "--group", "photoprism"])
            .args(["--options", &options])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { shell, _directory: directory }
    }
}

impl Drop for Arbitrator {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Waits until the node is one of so many.
fn wait_for_size(node: &Server, size: &str) {
    let watch = Stopwatch::start();
    let (_never, pause) = channel::<()>();
    let ask = "SELECT group_concat(variable_value ORDER BY variable_name)
         FROM information_schema.global_status
         WHERE variable_name IN ('wsrep_cluster_size', 'wsrep_local_state_comment')";
    loop {
        // Until it has joined it refuses whatever it is asked.
        let asked = node.try_root(None).and_then(|mut root| root.query_first(ask));
        let found: Option<String> = asked.ok().flatten();
        if found.as_deref() == Some(&format!("{size},Synced")) {
            return;
        }
        assert!(watch.elapsed() < NOTICE, "{found:?}");
        let _ = pause.recv_timeout(Duration::from_millis(100));
    }
}

#[derive(Debug, Default)]
struct Written {
    done: Vec<String>,
    refused: Vec<String>,
    unknown: Vec<String>,
    faults: Vec<String>,
}

/// Adds accounts until the end, each once.
fn write(mut client: Client, names: &str, done: &AtomicUsize, stop: &AtomicBool) -> Written {
    let mut written = Written::default();
    for count in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("{names}-{count}");
        let add = json!({"name": name, "role": "user", "provider": "none"});
        let reply = client.call("users.add", add);
        let list = match (reply["ok"].as_bool(), reply["error"]["code"].as_str()) {
            (Some(true), _) => &mut written.done,
            (_, Some("unavailable" | "busy")) => &mut written.refused,
            (_, Some("outcome_unknown")) => &mut written.unknown,
            _ => &mut written.faults,
        };
        list.push(name);
        done.store(written.done.len(), Ordering::Relaxed);
    }
    written
}

/// Waits until a counter has moved by so much.
fn wait_for(counters: &[AtomicUsize], more: usize) {
    let sum = || counters.iter().map(|count| count.load(Ordering::Relaxed)).sum::<usize>();
    let (before, watch) = (sum(), Stopwatch::start());
    let (_never, pause) = channel::<()>();
    while sum() < before + more {
        assert!(watch.elapsed() < NOTICE, "{before}, {}", sum());
        let _ = pause.recv_timeout(Duration::from_millis(20));
    }
}

/// What the log has on requests that failed.
fn faulty_lines(log: &str) -> String {
    log.lines().filter(|line| line.contains("ERROR")).take(5).collect::<Vec<_>>().join("\n")
}

/// What was acknowledged is there once, and what was refused is not there.
fn check(written: &[Written], names: &[String]) {
    let count = |name: &String| names.iter().filter(|found| *found == name).count();
    for Written { done, refused, unknown, .. } in written {
        assert!(done.iter().all(|name| count(name) == 1), "lost, or done twice");
        assert!(refused.iter().all(|name| count(name) == 0), "refused, and done all the same");
        assert!(unknown.iter().all(|name| count(name) <= 1), "done twice");
    }
    for (node, written) in ["killed", "other"].iter().zip(written.chunks(4)) {
        let sum = |count: fn(&Written) -> usize| written.iter().map(count).sum::<usize>();
        let done = sum(|written| written.done.len());
        let refused = sum(|written| written.refused.len());
        let unknown = sum(|written| written.unknown.len());
        let line = format!("{node}: {done} done, {refused} refused, {unknown} unknown\n");
        stderr().write_all(line.as_bytes()).unwrap();
    }
}

fn is_missing() -> bool {
    let missing = |path: &&str| !Path::new(path).exists();
    let Some(path) = [PROVIDER, ARBITRATOR, COPIER].into_iter().find(|path| missing(path)) else {
        return false;
    };
    let name = PathBuf::from(path);
    skipped(&format!("no {} here", name.file_name().unwrap().display()));
    true
}

#[test]
#[ignore = "takes half a minute, and galera-4, galera-arbitrator-4 and rsync"]
fn a_node_that_is_killed_takes_nothing_with_it() {
    if is_missing() {
        return;
    }
    let [first, ist, copy, second, other_ist, other_copy, third] = ports();
    let join = format!("127.0.0.1:{first}");
    let programs = tempfile::tempdir().unwrap();
    let script = programs.path().join("wsrep_sst_copy");
    fs::write(&script, COPY).unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let node = |name, join: &str, ports| node(name, join, ports, programs.path());
    let Some(one) = Server::start_with(node("one", "", [first, ist, copy])) else { return };
    wait_for_size(&one, "1");
    let here = one.photoprism("cluster");
    let arbitrator = Arbitrator::start(&join, third);
    wait_for_size(&one, "2");
    let two = Server::start_with(node("two", &join, [second, other_ist, other_copy])).unwrap();
    wait_for_size(&two, "3");
    let there = Schema { server: &two, name: "cluster".into() };
    let mut homes = [here.started(), there.started()];
    // What one node has is seen on the other.
    for (home, name) in homes.iter_mut().zip(["One", "Two"]) {
        home.ok("users.mod", json!({"user": "bob", "display_name": name}));
    }
    assert_eq!(homes[0].ok("users.show", json!({"user": "bob"}))["user"]["display_name"], "Two");
    let (stop, done) = (AtomicBool::new(false), [(); 8].map(|()| AtomicUsize::new(0)));
    let written: Vec<Written> = thread::scope(|scope| {
        let clients: Vec<_> = done
            .iter()
            .enumerate()
            .map(|(number, done)| {
                let (client, stop) = (homes[number / 4].connect(), &stop);
                let names = format!("n{number}");
                scope.spawn(move || write(client, &names, done, stop))
            })
            .collect();
        // Both get through.
        wait_for(&done[..4], 40);
        wait_for(&done[4..], 40);
        one.kill();
        wait_for(&done[4..], 100);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let found = homes[1].ok("audit.verify", json!({}));
    assert_eq!(found["ok"], true, "{found}");
    let names: Vec<String> =
        two.root(Some("cluster")).query("SELECT user_name FROM auth_users").unwrap();
    let logs = || homes.iter().map(|home| faulty_lines(&home.running().log())).collect::<String>();
    assert!(written.iter().all(|written| written.faults.is_empty()), "{}", logs());
    check(&written, &names);
    drop(arbitrator);
}
