//! `Dockerfile` and `compose.yaml`: a database of its own in a container.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::built;
use super::checkout::{assert_shown, page};
use super::docker::Project;
use super::shell::works;
use super::skipped;

const STATUS: &str = "docker compose exec photoprism photoprism admin status --check";

/// The most that the static control binary may have, in bytes; without the C library it is a megabyte
/// less.
const CONTROL_BYTES: usize = 2_400_000;

/// The most that the image may have, in bytes.
const IMAGE_BYTES: u64 = 17_000_000;

/// Types the argument at both questions of the documentation's first command, on a terminal.
const TYPE: &str = r#"
import os, pty, signal, sys
signal.alarm(60)
pid, terminal = pty.fork()
if pid == 0:
    command = "docker compose exec photoprism photoprism passwd admin"
    os.execvp(command.split()[0], command.split())
printed = b""
for sign in (b"New password (", b"Repeat the password: "):
    while sign not in printed:
        printed += os.read(terminal, 4096)
    os.write(terminal, sys.argv[1].encode() + b"\n")
while b"sessions ended" not in printed:
    printed += os.read(terminal, 4096)
sys.stdout.write(printed.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn the_static_binaries_are_small_and_need_nothing() {
    let binaries = match built::binaries() {
        Ok(directory) => directory,
        Err(why) => return skipped(&why),
    };
    let [client, daemon, gate] = ["photoprism", "photoprismd", "photoprism-gate"]
        .map(|name| fs::read(binaries.join(name)).unwrap());
    assert!(client.len() <= CONTROL_BYTES, "{}", client.len());
    for binary in [&client, &daemon, &gate] {
        assert!(!holds(binary, "/ld-linux"), "it needs the loader of shared libraries");
    }
    assert!(!holds(&client, NAME_PLUGINS));
}

fn holds(binary: &[u8], text: &str) -> bool {
    binary.windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

/// What plug-ins for names are called. They are those of whatever system a binary runs on, and crash
/// one that was built with another version of them.
const NAME_PLUGINS: &str = "libnss_";

/// Starts the daemon where names of hosts are looked up by plug-ins that every Debian has.
const WITH_PLUGINS: &str = r#"exec unshare --mount sh -c '
    mount --bind "$0" /etc/nsswitch.conf && exec "$1" --socket "$2" --database mysql://u@db.invalid/x
' "$0" "$1" "$2""#;

/// It looks up the name of a database server.
#[test]
fn the_static_daemon_looks_names_up_without_plugins() {
    let binaries = match built::binaries() {
        Ok(directory) => directory,
        Err(why) => return skipped(&why),
    };
    if !nix::unistd::geteuid().is_root() {
        return skipped("another /etc/nsswitch.conf needs root");
    }
    let directory = tempfile::tempdir().unwrap();
    let plugins = directory.path().join("nsswitch.conf");
    fs::write(&plugins, "hosts: compat hesiod files dns\n").unwrap();
    let mut daemon = Command::new("sh")
        .args(["-c", WITH_PLUGINS])
        .args([&plugins, &binaries.join("photoprismd"), &directory.path().join("s.sock")])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(daemon.stderr.take().unwrap()).lines().map_while(Result::ok);
    let lines: Vec<String> = log.take_while(|line| !line.starts_with("ready: ")).collect();
    let maps = fs::read_to_string(format!("/proc/{}/maps", daemon.id())).unwrap_or_default();
    // It may have ended already.
    let _ = daemon.kill();
    daemon.wait().unwrap();
    if lines.iter().any(|line| line.starts_with("unshare: ") || line.starts_with("mount: ")) {
        return skipped("no other /etc/nsswitch.conf can be mounted here");
    }
    assert!(lines.iter().any(|line| line.contains("db.invalid")), "{lines:?}");
    assert!(maps.contains("photoprismd") && !maps.contains(".so"), "{maps}");
}

#[test]
fn a_database_of_its_own_in_a_container() {
    let Some(project) = Project::new("own") else { return };
    let [start, list] = page("## With a database of its own");
    project.succeed(&start.script);
    project.until(STATUS);
    assert_shown(&list, &project.succeed(&list.script));
    nothing_is_there_that_is_not_needed(&project);
    it_may_nothing(&project);
    root_without_capabilities_is_advised_which_user_to_be(&project);
    passwords_come_through_a_pipe_and_from_the_file(&project);
    a_password_can_be_typed(&project);
    super::gate::lets_through_whom_it_should(&project);
    super::fail2ban::bans_by_the_file_of_docker(&project);
    what_was_written_outlives_the_container(&project);
    it_is_backed_up_upgraded_moved_and_removed(&project);
    let healthy = "docker inspect -f '{{.State.Health.Status}}' $(docker compose ps -q photoprism)";
    project.until(&format!("[ \"$({healthy})\" = healthy ]"));
}

fn nothing_is_there_that_is_not_needed(project: &Project) {
    let list = format!(
        "container=$(docker create {}) && docker export $container | tar -t; docker rm $container",
        project.images.daemon
    );
    let listed = project.succeed(&list);
    // The engine puts its own into these.
    let engine = ["dev/", "proc/", "sys/", ".dockerenv", "etc/host", "etc/resolv.conf", "etc/mtab"];
    let own = listed.lines().filter(|line| !line.ends_with('/') && line.contains('/'));
    let mut own: Vec<_> =
        own.filter(|line| !engine.iter().any(|start| line.starts_with(start))).collect();
    own.sort_unstable();
    let expected = [
        "etc/group",
        "etc/passwd",
        "usr/local/bin/photoprism",
        "usr/local/bin/photoprism-gate",
        "usr/local/bin/photoprismd",
    ];
    assert_eq!(own, expected, "{listed}");
    let size = project
        .succeed(&format!("docker image inspect -f '{{{{.Size}}}}' {}", project.images.daemon));
    assert!(size.trim().parse::<u64>().unwrap() <= IMAGE_BYTES, "{size}");
}

fn it_may_nothing(project: &Project) {
    let settings = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.NetworkMode}}";
    assert_eq!(project.inspect("photoprism", settings), "10001 true [ALL] none");
    let pid = project.inspect("photoprism", "{{.State.Pid}}");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    for line in [
        "Uid:\t10001\t10001\t10001\t10001",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(line), "{line}\n{status}");
    }
    let modes = "stat -c '%a %u %g' /proc/PID/root/var/lib/photoprism /proc/PID/root/run/photoprism \
                 /proc/PID/root/run/photoprism-auth /proc/PID/root/run/photoprism-auth/auth.sock";
    let found = project.succeed(&modes.replace("PID", &pid));
    let expected = "700 10001 10001\n750 10001 10001\n750 10001 10002\n660 10001 10002\n";
    assert_eq!(found, expected);
}

fn root_without_capabilities_is_advised_which_user_to_be(project: &Project) {
    let as_user =
        |user: &str| format!("docker compose exec -u {user} photoprism photoprism users ls");
    let refused = project.checkout.run(&as_user("root"));
    assert_eq!(refused.code, Some(77), "{}", refused.text);
    for part in ["/run/photoprism belongs to photoprism (10001)", "docker compose exec -u 10001 "] {
        assert!(refused.text.contains(part), "{}", refused.text);
    }
    assert!(project.succeed(&as_user("10001")).contains("found 1 user"));
    let stranger = project.checkout.run(&as_user("1234"));
    assert_eq!(stranger.code, Some(77), "{}", stranger.text);
}

fn passwords_come_through_a_pipe_and_from_the_file(project: &Project) {
    let said = project.succeed(
        "echo 'staple and paper clip' > secret.txt
        docker compose exec -T photoprism photoprism users add --password-stdin bob < secret.txt",
    );
    assert!(said.contains("added admin bob"), "{said}");
    let configured = project.succeed("docker compose exec photoprism photoprism users show admin");
    let has_password = |line: &str| line.contains("Password") && line.contains("Yes");
    assert!(configured.lines().any(has_password), "{configured}");
}

fn a_password_can_be_typed(project: &Project) {
    if !works("python3 --version") {
        return skipped("no python3 here that could type at a terminal");
    }
    let password = "staple and paper clip";
    fs::write(project.checkout.path("type.py"), TYPE).unwrap();
    let printed = project.succeed(&format!("python3 type.py '{password}'"));
    assert!(printed.contains("changed the password of admin"), "{printed}");
    assert!(!printed.contains(password), "{printed}");
}

fn what_was_written_outlives_the_container(project: &Project) {
    let bob = "docker compose exec photoprism photoprism users show bob";
    let all_is_well = || {
        project.until(STATUS);
        assert!(project.succeed(bob).contains("| bob"));
    };
    project.succeed("docker compose restart photoprism");
    all_is_well();
    let log = project.succeed("docker compose logs photoprism");
    assert!(log.contains("INFO stopped"), "{log}");
    assert_eq!(project.inspect("photoprism", "{{.State.ExitCode}}"), "0");

    // The engine starts it again, with the socket of the dead one in the volume.
    let (pid, starts) = ("{{.State.Pid}}", "{{.RestartCount}}");
    assert_eq!(project.inspect("photoprism", starts), "0");
    project.succeed(&format!("kill -KILL {}", project.inspect("photoprism", pid)));
    let count = format!("docker inspect -f '{starts}' $(docker compose ps -q photoprism)");
    project.until(&format!("[ \"$({count})\" = 1 ]"));
    all_is_well();

    project.succeed("docker compose kill -s KILL photoprism");
    project.succeed("docker compose up -d photoprism");
    all_is_well();

    // A new container on the same volumes.
    project.succeed("docker compose stop photoprism && docker compose rm -f photoprism");
    project.succeed("docker compose up -d photoprism");
    all_is_well();
}

fn it_is_backed_up_upgraded_moved_and_removed(project: &Project) {
    let bob = || {
        project.until(STATUS);
        project.succeed("docker compose exec photoprism photoprism users show bob")
    };
    let [password] = page("### The first password");
    let first = fs::read_to_string(project.checkout.path("admin-password.txt")).unwrap();
    assert_eq!(project.succeed(&password.script), first);
    let [back_up, back] = page("### Back up");
    project.succeed(&back_up.script);
    assert_eq!(project.succeed("stat -c %a *.db"), "600\n");
    project.succeed("docker compose exec -T photoprism photoprism users rm --yes bob");
    project.succeed(&back.script);
    let live = "docker compose exec -T photoprism photoprism users ls bob";
    assert!(project.succeed(live).contains("| bob"));
    let [upgrade] = page("### Upgrade");
    project.succeed(&upgrade.script);
    assert!(bob().contains("| bob"));

    // The other machine is the same one with other volumes.
    let [packed, unpacked] = page("### Move to another machine");
    project.succeed(&packed.script);
    let [remove] = page("### Remove");
    project.succeed(&remove.script);
    let volumes = format!("docker volume ls -q --filter name=^{}_", project.name);
    assert_eq!(project.succeed(&volumes), "");
    project.succeed(&unpacked.script);
    assert!(bob().contains("| bob"));
    assert!(!project.checkout.path("accounts.tar").exists());
}
