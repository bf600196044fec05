//! fail2ban itself with the filter and the jail that are shipped, on the log where it really is: in the
//! journal of a machine, and in the file of Docker's driver `json-file`.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::built;
use super::docker::Project;
use super::machine::Machine;
use super::outside::lacks;
use super::shell::{run, succeed, until, works};
use super::skipped;

/// Who guesses, and who mistypes once.
const GUESSER: &str = "192.0.2.7";
const OTHER: &str = "192.0.2.8";

/// Guesses at the name of nobody: the jail bans at ten, and the daemon refuses more than its limiter allows
/// just as well.
const GUESSES: &str = r#"
for ip in 192.0.2.8 $(yes 192.0.2.7 | head -n 12); do
  COMMAND admin call auth.login "{\"name\":\"nobody\",\"password\":\"a guess\",\"client_ip\":\"$ip\",\"session\":false}" || true
done"#;

/// A fail2ban with nothing but that jail, which bans in its own list alone.
struct Fail2ban(TempDir);

impl Fail2ban {
    /// `None` where it is missing, which is then said. `jail` is in place of the shipped lines.
    fn start(jail: &str) -> Option<Self> {
        if lacks("fail2ban-client") {
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        for from in ["/etc/fail2ban", "daemon/bans/fail2ban"] {
            let from = built::root().join(from).join(".");
            succeed(Command::new("cp").arg("-r").arg(from).arg(place.path()));
        }
        // The jail of Debian's package wants a log of sshd.
        let _ = fs::remove_file(place.path().join("jail.d/defaults-debian.conf"));
        let shown = place.path().display();
        let server = format!(
            "[Definition]\nlogtarget = {shown}/log\nsocket = {shown}/socket\npidfile = {shown}/pid\n\
             dbfile = :memory:\n"
        );
        fs::write(place.path().join("fail2ban.local"), server).unwrap();
        // Without an action it changes nothing on this machine.
        let jail = format!("[photoprism]\naction =\n{jail}");
        fs::write(place.path().join("jail.d/photoprism.local"), jail).unwrap();
        let new = Self(place);
        succeed(new.client().arg("start"));
        Some(new)
    }

    fn client(&self) -> Command {
        let mut client = Command::new("fail2ban-client");
        client.arg("-c").arg(self.0.path());
        client
    }

    /// Waits until the guesser is banned; nobody else is.
    fn bans_the_guesser(&self) {
        let ask = format!("fail2ban-client -c {} get photoprism banip", self.0.path().display());
        let banned = format!("[ \"$({ask} | xargs)\" = {GUESSER} ]");
        let waited = run(Command::new("bash").args(["-c", &until(&banned, 30)]));
        let log = fs::read_to_string(self.0.path().join("log")).unwrap_or_default();
        assert_eq!(waited.code, Some(0), "{}{log}", waited.text);
        assert!(log.contains(&format!("Found {OTHER}")), "{log}");
    }
}

impl Drop for Fail2ban {
    fn drop(&mut self) {
        run(self.client().arg("stop"));
    }
}

/// The journal of the unit.
pub(super) fn bans_by_the_journal(machine: &Machine) {
    // The Python of the system, which fail2ban runs on.
    if !works("bash -c 'PATH=/usr/bin python3 -c \"import systemd.journal\"'") {
        return skipped("no python3-systemd here, with which fail2ban reads a journal");
    }
    let journal = machine.path("var/log/journal");
    let jail = format!("backend = systemd[journalpath=\"{}\"]\n", journal.display());
    let Some(fail2ban) = Fail2ban::start(&jail) else { return };
    machine.succeed(&GUESSES.replace("COMMAND", "photoprism"));
    fail2ban.bans_the_guesser();
}

/// With the lines that the jail's comments have for Docker.
pub(super) fn bans_by_the_file_of_docker(project: &Project) {
    let shipped = built::root().join("daemon/bans/fail2ban/jail.d/photoprism.conf");
    let shipped = fs::read_to_string(shipped).unwrap();
    let commented = shipped.lines().filter_map(|line| line.strip_prefix('#'));
    let commented: Vec<_> = commented.filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(project.inspect("photoprism", "{{.HostConfig.LogConfig.Type}}"), "json-file");
    let log = project.inspect("photoprism", "{{.LogPath}}");
    assert!(Path::new(&log).is_absolute() && log.ends_with("-json.log"), "{log}");
    let Some(fail2ban) = Fail2ban::start(&commented.join("\n")) else { return };
    project.succeed(&GUESSES.replace("COMMAND", "docker compose exec -T photoprism photoprism"));
    fail2ban.bans_the_guesser();
}
