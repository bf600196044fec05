//! CrowdSec with nothing but the shipped parser and scenario, and the parsers of its own that every
//! installation has.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::common::outside::{lacks, skipped};
use crate::{GUESSER, OTHER, forms, output, refusals, shipped};

/// The parsers that Debian's package comes with.
const HUB: &str = "/usr/share/crowdsec/hub";
const PATTERNS: &str = "/etc/crowdsec/patterns";

/// What the API is asked with; nothing but this test's own server takes it.
const PASSWORD: &str = "secretword";

struct CrowdSec {
    place: tempfile::TempDir,
    running: Option<Child>,
}

impl Drop for CrowdSec {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

impl CrowdSec {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let new = Self { place, running: None };
        for directory in ["etc/parsers/s00-raw", "etc/parsers/s02-enrich", "data", "plugins"] {
            fs::create_dir_all(new.path(directory)).unwrap();
        }
        let copy = |from: &Path, to: &str| {
            output(Command::new("cp").arg("-r").arg(from).arg(new.path(to)));
        };
        copy(Path::new(PATTERNS), "etc");
        copy(&shipped("crowdsec/."), "etc");
        for (stage, parser) in [
            ("s00-raw", "syslog-logs"),
            ("s00-raw", "docker-logs"),
            ("s02-enrich", "dateparse-enrich"),
        ] {
            let parser = format!("{HUB}/parsers/{stage}/crowdsecurity/{parser}.yaml");
            copy(parser.as_ref(), &format!("etc/parsers/{stage}"));
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        new.write("etc/simulation.yaml", "{}");
        new.write(
            "etc/profiles.yaml",
            "name: ban\nfilters: [Alert.Remediation == true]\n\
             decisions: [{type: ban, duration: 4h}]\non_success: break\n",
        );
        let url = format!("url: http://127.0.0.1:{port}\nlogin: tester\npassword: {PASSWORD}\n");
        new.write("etc/api.yaml", &url);
        new.write("config.yaml", &new.config(port));
        new.write("acquis.yaml", &new.sources());
        new
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn config(&self, port: u16) -> String {
        let place = self.place.path().display();
        format!(
            "common: {{daemonize: false, log_media: stdout, log_level: info, working_dir: .}}\n\
             config_paths: {{config_dir: {place}/etc, data_dir: {place}/data, \
             simulation_path: {place}/etc/simulation.yaml, hub_dir: {HUB}, \
             index_path: {HUB}/.index.json, notification_dir: {place}/plugins, \
             plugin_dir: {place}/plugins}}\n\
             crowdsec_service: {{parser_routines: 1, acquisition_path: {place}/acquis.yaml}}\n\
             cscli: {{output: human}}\n\
             db_config: {{type: sqlite, db_path: {place}/data/crowdsec.db}}\n\
             api: {{client: {{credentials_path: {place}/etc/api.yaml}}, \
             server: {{listen_uri: 127.0.0.1:{port}, profiles_path: {place}/etc/profiles.yaml}}}}\n"
        )
    }

    /// Where each form of the log is read, with the labels that `daemon/README.md` gives it.
    fn sources(&self) -> String {
        let labels = [
            ("text", "type: photoprismd"),
            ("journal", "type: syslog"),
            ("json-file", "type: docker, program: photoprismd"),
        ];
        let source = |(form, labels): &(&str, &str)| {
            self.write(form, "");
            format!("filenames: [{}]\nlabels: {{{labels}}}\n", self.path(form).display())
        };
        labels.iter().map(source).collect::<Vec<_>>().join("---\n")
    }

    fn cscli<const N: usize>(&self, arguments: [&str; N]) -> String {
        let mut cscli = Command::new("cscli");
        output(cscli.arg("-c").arg(self.path("config.yaml")).args(arguments))
    }

    /// Starts it, until its API answers and it is about to open the files.
    fn start(&mut self) {
        let mut command = Command::new("sh");
        let config = self.path("config.yaml");
        command.args(["-c", "exec crowdsec -c \"$0\" 2>&1"]).arg(config).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        self.running = Some(child);
        let mut said = String::new();
        while !said.contains("Starting processing data") {
            assert!(log.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        }
        // Without a reader it would stand still.
        thread::spawn(move || io::copy(&mut log, &mut io::sink()));
    }

    /// The addresses that are banned, in order.
    fn banned(&self) -> Vec<String> {
        let list = self.cscli(["decisions", "list", "-o", "raw"]);
        let rows = list.lines().filter_map(|row| row.split(",Ip:").nth(1));
        let mut found: Vec<_> = rows.map(|row| row.split(',').next().unwrap().into()).collect();
        found.sort();
        found
    }
}

/// The same log in three forms, each with another address of the guesser.
#[test]
fn crowdsec_bans_the_address_that_guesses_and_no_other() {
    if ["crowdsec", "cscli"].map(lacks).contains(&true) {
        return;
    }
    if !Path::new(HUB).is_dir() {
        return skipped("no parsers of Debian's crowdsec here");
    }
    assert!(refusals(GUESSER) > 10);
    let mut crowdsec = CrowdSec::new();
    crowdsec.cscli(["machines", "add", "tester", "--password", PASSWORD, "-f", "/dev/null"]);
    crowdsec.start();
    let logs: Vec<_> = forms().into_iter().zip(["10", "11", "12"]).collect();
    let expected: Vec<_> = logs.iter().map(|(_, end)| format!("198.51.100.{end}")).collect();
    // It reads what is written once it has opened the files, and does not say when that is. Who
    // mistypes once each time stays under what is allowed.
    for _ in 0..8 {
        for (((form, log), end), guesser) in logs.iter().zip(&expected) {
            let log = log.replace(&format!("ip={GUESSER} "), &format!("ip={guesser} "));
            let log = log.replace(&format!("ip={OTHER} "), &format!("ip={OTHER}{end} "));
            let mut file = fs::OpenOptions::new().append(true).open(crowdsec.path(form)).unwrap();
            file.write_all(log.as_bytes()).unwrap();
        }
        if crowdsec.banned() == expected {
            return;
        }
    }
    panic!("{:?} is banned, not {expected:?}", crowdsec.banned());
}
