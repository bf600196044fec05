//! The real daemon and the real gate in a private directory, and raw HTTP.

// Each test binary uses a part of this.
#![expect(dead_code, reason = "shared by two test binaries")]

pub(crate) mod http;
#[path = "../../../daemon/tests/common/outside.rs"]
pub(crate) mod outside;
#[path = "../../../daemon/tests/common/running.rs"]
pub(crate) mod running;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::http::{Response, exchange};
use self::running::Running;

/// How long anything may take before a test gives it up; never waited for in full.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) const PASSWORD: &str = "staple and paper clip";

/// The mode of the gate. In one piece it would be taken for the program, which other tests start.
pub(crate) const RCLONE: &str = concat!("rcl", "one");

const GATE: &str = env!("CARGO_BIN_EXE_photoprism-gate");

/// The daemon, which is built next to the gate.
fn photoprismd() -> PathBuf {
    let path = Path::new(GATE).with_file_name("photoprismd");
    assert!(path.exists(), "{} is missing; run: cargo build --workspace", path.display());
    path
}

/// A daemon with an auth socket.
pub(crate) struct Home {
    root: TempDir,
    /// The group of its auth socket.
    group: u32,
    env: Vec<(&'static str, String)>,
    daemon: Option<Running>,
}

impl Home {
    /// A running daemon that refuses at once, so that tests of refusals are quick.
    pub(crate) fn started() -> Self {
        Self::with_env(&[])
    }

    /// The same with more settings.
    pub(crate) fn with_env(env: &[(&'static str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["run", "auth"] {
            fs::create_dir(root.path().join(name)).unwrap();
            let mode = PermissionsExt::from_mode(0o755);
            fs::set_permissions(root.path().join(name), mode).unwrap();
        }
        let quick = [("PHOTOPRISM_ADMIN_REFUSAL_FLOOR", "0")];
        let env = quick.iter().chain(env).map(|(name, value)| (*name, (*value).to_owned()));
        let group = nix::unistd::getegid().as_raw();
        let mut home = Self { root, group, env: env.collect(), daemon: None };
        home.start();
        home
    }

    /// Starts the daemon again, with another group of its auth socket, which may enter its
    /// directory.
    pub(crate) fn give_to(&mut self, group: u32) {
        self.stop();
        self.group = group;
        fs::set_permissions(self.root.path(), PermissionsExt::from_mode(0o755)).unwrap();
        self.start();
    }

    /// With an account that has a password.
    pub(crate) fn with_bob() -> Self {
        let mut home = Self::started();
        home.add("bob", json!({"email": "bob@example.com"}));
        home
    }

    pub(crate) fn start(&mut self) {
        let mut command = Command::new(photoprismd());
        outside::clear_env(&mut command).envs(self.env.iter().cloned());
        command.arg("--database").arg(self.path("admin.db"));
        command.arg("--socket").arg(self.path("run/admin.sock"));
        command.arg("--auth-socket").arg(self.auth_socket());
        command.arg("--auth-socket-group").arg(self.group.to_string());
        self.daemon = Some(Running::start(command));
    }

    /// Ends the daemon.
    pub(crate) fn stop(&mut self) -> String {
        self.daemon.take().unwrap().stop()
    }

    /// Waits for a daemon that was killed.
    pub(crate) fn end(&mut self) {
        self.daemon.take().unwrap().ended();
    }

    pub(crate) fn daemon(&self) -> &Running {
        self.daemon.as_ref().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn auth_socket(&self) -> PathBuf {
        self.path("auth/auth.sock")
    }

    /// A command on the admin socket that must succeed.
    pub(crate) fn ok(&self, cmd: &str, args: &Value) -> Value {
        let mut stream = UnixStream::connect(self.path("run/admin.sock")).unwrap();
        let line = json!({"cmd": cmd, "args": args, "confirm": true});
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut reply = String::new();
        BufReader::new(stream).read_line(&mut reply).unwrap();
        let mut reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["ok"], true, "{cmd}: {reply}");
        reply["result"].take()
    }

    /// Adds an account with [`PASSWORD`].
    pub(crate) fn add(&mut self, name: &str, mut fields: Value) {
        for (key, value) in [("name", name), ("role", "user"), ("password", PASSWORD)] {
            let fields = fields.as_object_mut().unwrap();
            fields.entry(key).or_insert_with(|| value.into());
        }
        self.ok("users.add", &fields);
    }

    /// A new app password, or an access token of nobody.
    pub(crate) fn token(&self, user: Option<&str>, scope: &str) -> String {
        let mut args = json!({"name": "Client", "scope": scope});
        if let Some(user) = user {
            args["user"] = user.into();
        }
        self.ok("auth.add", &args)["secret"].as_str().unwrap().to_owned()
    }

    /// The login records of a name: address, realm and status.
    pub(crate) fn logins(&self, name: &str) -> Vec<(String, String, String)> {
        let items = self.ok("logins.ls", &json!({"name": name}))["items"].take();
        let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        let items = items.as_array().unwrap().iter();
        items.map(|it| (text(it, "client_ip"), text(it, "realm"), text(it, "status"))).collect()
    }

    /// A gate in front of it.
    pub(crate) fn gate(&self, flags: &[&str]) -> Gate {
        Gate::start(&self.auth_socket(), flags)
    }
}

/// The binary with an empty environment and nothing on standard input.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(GATE);
    outside::clear_env(&mut command).args(arguments).stdin(Stdio::null());
    command
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs it to its end with that text on standard input.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Output {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, input).unwrap();
    let output = command.stdin(fs::File::open(file).unwrap()).output().unwrap();
    Output {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running gate; killed when dropped.
pub(crate) struct Gate {
    pub running: Running,
    pub address: SocketAddr,
}

impl Gate {
    /// One that listens on a free port, and wherever else the flags say.
    pub(crate) fn start(auth_socket: &Path, flags: &[&str]) -> Self {
        let mut command = command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(flags).arg("--auth-socket").arg(auth_socket);
        let running = Running::start(command);
        let log = running.log();
        let (_, rest) = log.split_once("ready: listen=").unwrap();
        let address = rest.split([',', ' ']).next().unwrap().parse().unwrap();
        Self { running, address }
    }

    /// The response to a GET of that target with these header lines.
    pub(crate) fn get(&self, target: &str, headers: &[&str]) -> Response {
        let lines = [&["Host: gate"], headers].concat().join("\r\n");
        self.send(format!("GET {target} HTTP/1.1\r\n{lines}\r\n\r\n").as_bytes())
    }

    /// The response to one request, as its bytes are.
    pub(crate) fn send(&self, bytes: &[u8]) -> Response {
        let mut stream = self.connect();
        exchange(&mut stream, bytes)
    }

    pub(crate) fn connect(&self) -> std::net::TcpStream {
        let stream = std::net::TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream
    }

    /// The status for a name and a password.
    pub(crate) fn basic(&self, target: &str, name: &str, password: &str) -> Response {
        self.get(target, &[&basic(name, password)])
    }

    pub(crate) fn bearer(&self, target: &str, token: &str) -> Response {
        self.get(target, &[&format!("Authorization: Bearer {token}")])
    }
}

/// The header line for a name and a password.
pub(crate) fn basic(name: &str, password: &str) -> String {
    let text = format!("{name}:{password}");
    format!("Authorization: Basic {}", data_encoding::BASE64.encode(text.as_bytes()))
}
