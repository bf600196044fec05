//! A MariaDB server with PhotoPrism's database.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use photoprism_daemon::clock::pause;
use tempfile::TempDir;

/// A dump of a real PhotoPrism's database.
const DUMP: &str = include_str!("../../tests/fixtures/mariadb/index.sql");

/// A server behind a socket in a directory of its own, which ends with this.
pub(crate) struct Server(Child, TempDir);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it is there");
        self.0.wait().expect("it ends");
    }
}

impl Server {
    /// `None` where there is no MariaDB.
    pub(crate) fn start() -> Option<Self> {
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let data = format!("--datadir={}", directory.path().join("data").display());
        let installed = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal"])
            .arg(&data)
            .stdout(Stdio::null())
            .status();
        if !installed.ok()?.success() {
            return None;
        }
        let socket = format!("--socket={}", directory.path().join("s.sock").display());
        let child = Command::new("/usr/sbin/mariadbd")
            .args(["--no-defaults", "--user=root", "--skip-networking", &data, &socket])
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let server = Self(child, directory);
        while server.try_connect(None).is_err() {
            pause(Duration::from_millis(20));
        }
        let schema = "CREATE DATABASE photoprism CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
        server.try_connect(None).ok()?.query_drop(schema).ok()?;
        let mut root = server.connect();
        for statement in DUMP.split(";\n") {
            let lines: Vec<&str> = statement.lines().filter(|one| !one.starts_with("--")).collect();
            if !lines.concat().is_empty() {
                root.query_drop(lines.join("\n")).expect("the dump");
            }
        }
        Some(server)
    }

    fn try_connect(&self, schema: Option<&str>) -> Result<Conn, mysql::Error> {
        let socket = self.1.path().join("s.sock").display().to_string();
        Conn::new(OptsBuilder::new().socket(Some(socket)).user(Some("root")).db_name(schema))
    }

    pub(crate) fn connect(&self) -> Conn {
        self.try_connect(Some("photoprism")).expect("a connection")
    }

    pub(crate) fn url(&self) -> String {
        format!("mysql://root@/photoprism?socket={}", self.1.path().join("s.sock").display())
    }
}
