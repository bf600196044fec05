//! A machine whose init is systemd: a small Debian in systemd-nspawn.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::built;
use super::checkout::Checkout;
use super::shell::{Done, run, succeed, until, works};
use super::skipped;

/// Seconds for starting the machine.
const BOOT: u32 = 90;

/// Where it has `/usr` of this machine here: servers that the small Debian lacks.
pub(crate) const PROGRAMS: &str = "/programs";

/// A machine with a checkout at `/checkout`, and the binaries built there.
pub(crate) struct Machine {
    nspawn: Child,
    /// The process of its init, as it is seen from here.
    init: String,
    files: TempDir,
    checkout: Checkout,
}

impl Machine {
    /// `None` where this machine here lacks something, which is then said.
    pub(crate) fn start() -> Option<Self> {
        Self::build().map_err(|why| skipped(&why)).ok()
    }

    fn build() -> Result<Self, String> {
        let checkout = Checkout::new(&built::binaries()?, Vec::new());
        let debian = built::debian()?;
        if !works("systemd-nspawn --version") {
            return Err("no systemd-nspawn here".into());
        }
        let files = tempfile::tempdir().unwrap();
        succeed(Command::new("cp").arg("-a").arg(debian.join(".")).arg(files.path()));
        let (nspawn, init) = boot(&files, &checkout)?;
        Ok(Self { nspawn, init, files, checkout })
    }

    /// Off and on again.
    pub(crate) fn reboot(&mut self) {
        end(&mut self.nspawn);
        (self.nspawn, self.init) = boot(&self.files, &self.checkout).unwrap();
    }

    /// A script in the machine, as its root.
    pub(crate) fn run(&self, script: &str) -> Done {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--all", "--"]);
        command.args(["env", "-i", "-C", "/checkout", "HOME=/root", "LC_ALL=C.UTF-8"]);
        command.arg("PATH=/checkout/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
        run(command.args(["bash", "-c", script]))
    }

    pub(crate) fn succeed(&self, script: &str) -> String {
        let done = self.run(script);
        assert_eq!(done.code, Some(0), "{script}\n{}{}", done.text, self.journal());
        done.text
    }

    /// A script as a user with the groups that the machine knows for it.
    pub(crate) fn run_as(&self, user: &str, script: &str) -> Done {
        let to =
            format!("setpriv --reuid={user} --regid={user} --init-groups env HOME=/home/{user}");
        self.run(&format!("{to} bash -c '{script}'"))
    }

    /// Waits until `condition` holds in the machine.
    pub(crate) fn until(&self, condition: &str) {
        let waited = self.run(&until(condition, 30));
        assert_eq!(waited.code, Some(0), "{condition}\n{}{}", waited.text, self.journal());
    }

    /// What the daemon and systemd have said.
    pub(crate) fn journal(&self) -> String {
        self.run("journalctl --no-pager -o cat -u photoprismd.service").text
    }

    /// A file of the machine, as it is seen from here.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }
}

/// Starts it, without a network, and waits until its init is done; gives that as well, as it is
/// seen from here. The machine is gone with the thread that started it.
fn boot(files: &TempDir, checkout: &Checkout) -> Result<(Child, String), String> {
    let log = checkout.path("boot.log");
    let printed = fs::File::create(&log).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--boot"]);
    command.args(["--register=no", "--keep-unit", "--private-network", "--link-journal=no"]);
    command.args(["--kill-signal=SIGRTMIN+3", "--console=pipe", "--settings=no"]);
    let own = files.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
    command.arg(format!("--machine=photoprism-test-{}", own.trim_start_matches('.')));
    command.arg("--directory").arg(files.path());
    command.arg(format!("--bind={}:/checkout", checkout.path("").display()));
    command.arg(format!("--bind-ro=/usr:{PROGRAMS}"));
    command.stdin(Stdio::null());
    command.stdout(printed.try_clone().unwrap()).stderr(printed);
    let mut nspawn = command.spawn().unwrap();
    let pid = nspawn.id().to_string();
    let inside = "nsenter --target $(pgrep -P PID) --all -- systemctl is-system-running";
    let running = format!("[[ $({inside}) =~ running|degraded ]]").replace("PID", &pid);
    if run(Command::new("bash").args(["-c", &until(&running, BOOT)])).code != Some(0) {
        end(&mut nspawn);
        let log = fs::read_to_string(log).unwrap_or_default();
        return Err(format!("no machine could be started here: {log}"));
    }
    Ok((nspawn, succeed(Command::new("pgrep").args(["-P", &pid])).trim().into()))
}

fn end(nspawn: &mut Child) {
    let pid = nspawn.id();
    let gone = until(&format!("! kill -0 {pid} || grep -q 'State:.Z' /proc/{pid}/status"), 20);
    run(Command::new("bash").args(["-c", &format!("kill -TERM {pid}; {gone}")]));
    // In vain, where it has ended.
    let _ = nspawn.kill();
    let _ = nspawn.wait();
}

impl Drop for Machine {
    fn drop(&mut self) {
        end(&mut self.nspawn);
    }
}
