//! Redis from the system's packages (`apt-get install redis-server`), asked by its own client.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A Redis on a Unix socket alone, which keeps nothing.
pub(crate) struct Redis {
    child: Child,
    socket: PathBuf,
}

impl Redis {
    /// Starts one in a directory; `None` where it is not installed.
    pub(crate) fn start(directory: &Path) -> Option<Self> {
        let socket = directory.join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(directory)
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let mut redis = Self { child, socket };
        while UnixStream::connect(&redis.socket).is_err() {
            assert!(redis.child.try_wait().expect("its state").is_none(), "redis-server ended");
            std::thread::yield_now();
        }
        Some(redis)
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// GETs a second of so many connections with so many in flight on each.
    pub(crate) fn rate(&self, (connections, in_flight): (u32, u32)) -> f64 {
        let rounds = (20_000 * connections * in_flight).min(400_000);
        let output = Command::new("redis-benchmark")
            .args(["-t", "get", "--csv", "-s"])
            .arg(&self.socket)
            .args(["-c", &connections.to_string(), "-P", &in_flight.to_string()])
            .args(["-n", &rounds.to_string()])
            .output()
            .expect("redis-benchmark");
        let printed = String::from_utf8_lossy(&output.stdout);
        let row = printed.lines().find(|line| line.starts_with("\"GET\"")).expect("a figure");
        let figure = row.split(',').nth(1).expect("a figure");
        figure.trim_matches('"').parse().expect("a number")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().expect("it is there");
        self.child.wait().expect("it ends");
    }
}
