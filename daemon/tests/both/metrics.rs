//! Figures in the hands of a real collector.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use photoprism_daemon::clock::Stopwatch;

use crate::common::TIMEOUT;
use crate::common::outside::{PATH, lacks};
use crate::common::test_daemon::TestDaemon;
use crate::said;

/// `node_exporter`, with its collector for text files alone; killed when dropped.
struct Collector {
    child: Child,
    port: u16,
}

impl Collector {
    fn start(directory: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("prometheus-node-exporter")
            .env("PATH", PATH)
            .args(["--collector.disable-defaults", "--collector.textfile"])
            .arg(format!("--collector.textfile.directory={directory}"))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::null())
            .spawn();
        Self { child: child.unwrap(), port }
    }

    /// What it serves, once it does.
    fn scraped(&self) -> String {
        let watch = Stopwatch::start();
        let mut stream = loop {
            match TcpStream::connect(("127.0.0.1", self.port)) {
                Ok(stream) => break stream,
                Err(error) => assert!(watch.elapsed() < TIMEOUT, "{error}"),
            }
            std::thread::yield_now();
        };
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn node_exporter_takes_the_file() {
    if lacks("prometheus-node-exporter") {
        return;
    }
    let home = TestDaemon::started();
    let directory = home.root().join("collected");
    fs::create_dir(&directory).unwrap();
    let directory = directory.to_str().unwrap();
    assert_eq!(said(&home, "users show nobody").1, 3);
    let line = format!("admin metrics --file {directory}/photoprismd.prom");
    assert_eq!(said(&home, &line), (String::new(), 0));
    let collector = Collector::start(directory);
    let text = collector.scraped();
    for sample in [
        "node_textfile_scrape_error 0",
        "photoprismd_users{state=\"live\"} 1",
        "photoprismd_commands_total{code=\"not_found\",command=\"users.show\"} 1",
        "photoprismd_build_info{version=",
        "# TYPE photoprismd_commands_total counter",
    ] {
        assert!(text.contains(sample), "{sample} in\n{text}");
    }
    // What it dropped as a whole.
    assert_eq!(said(&home, &format!("{line} --openmetrics")).1, 0);
    let text = collector.scraped();
    assert!(text.contains("node_textfile_scrape_error 1"), "{text}");
    assert!(!text.contains("photoprismd_users"), "{text}");
}
