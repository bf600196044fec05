//! `compose.photoprism.yaml`: laid over the compose file of an existing PhotoPrism, whose image
//! is replaced by a Debian with PhotoPrism's paths and a program that prints its arguments.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use super::blocks::Block;
use super::built;
use super::checkout::page;
use super::docker::Project;

/// PhotoPrism's own compose file, as far as it matters here.
const COMPOSE_FILE: &str = "
services:
  photoprism:
    image: ${DEBIAN_IMAGE}
    command: [/opt/photoprism/bin/photoprism, start]
    stop_grace_period: 1s
    working_dir: /photoprism
    environment:
      PATH: /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/photoprism/bin
      PHOTOPRISM_DATABASE_DRIVER: sqlite
      PHOTOPRISM_STORAGE_PATH: /photoprism/storage
    volumes:
      - ./opt:/opt/photoprism:ro
      - ./storage:/photoprism/storage
";

/// In the place of PhotoPrism's own program.
pub(super) const PROGRAM: &str = "#!/bin/sh
echo \"PhotoPrism was asked: $0 $*\"
if [ \"$1\" = start ]; then exec sleep 600; fi
";

/// PhotoPrism's user.
pub(super) const UID: u32 = 1000;

/// What PhotoPrism's own `users ls` prints for the same file, without the count.
const LISTED: &str = include_str!("../../../ctl/tests/golden/users-ls.txt");

/// PhotoPrism's directory, with that in the place of its own program.
pub(super) fn installation(project: &Project, program: &str) {
    let at = |name: &str| project.checkout.path("photoprism").join(name);
    for directory in ["storage", "opt/bin"] {
        fs::create_dir_all(at(directory)).unwrap();
    }
    fs::write(at("docker-compose.yml"), COMPOSE_FILE).unwrap();
    fs::write(at("opt/bin/photoprism"), program).unwrap();
    fs::set_permissions(at("opt/bin/photoprism"), PermissionsExt::from_mode(0o755)).unwrap();
    fs::copy(built::root().join("daemon/tests/fixtures/index.db"), at("storage/index.db")).unwrap();
    for name in ["storage", "storage/index.db"] {
        chown(at(name), Some(UID), Some(UID)).unwrap();
    }
}

/// Sets it up as the page says; gives what `--dry-run` printed, and the commands that use it.
pub(super) fn set_up(project: &Project) -> (String, Block) {
    let [copied, shown, changed, used] = page("## Next to PhotoPrism's container");
    project.succeed(&copied.script);
    let dry = project.checkout.run(&shown.script);
    assert_eq!(dry.code, Some(10), "{}", dry.text);
    let done = project.succeed(&changed.script);
    assert!(done.contains("changed; now run: docker compose up -d"), "{done}");
    let again = project.succeed("cd photoprism && ./photoprism-admin admin compose");
    assert_eq!(again, "nothing to do\n");
    (dry.text, used)
}

/// Takes it away as the page says: PhotoPrism is by itself again.
pub(super) fn take_away(project: &Project) {
    let [away] = page("### Take it away");
    project.succeed(&away.script);
    let services = project.succeed("cd photoprism && docker compose ps --services");
    assert!(!services.contains("photoprismd"), "{services}");
    let label = format!("label=com.docker.compose.project={}", project.name);
    let daemon = format!(
        "docker ps -aq --filter {label} --filter label=com.docker.compose.service=photoprismd"
    );
    assert_eq!(project.succeed(&daemon), "");
    let inside = "docker compose exec photoprism ls /usr/local/bin";
    let inside = project.succeed(&format!("cd photoprism && {inside}"));
    assert!(!inside.contains("photoprism"), "{inside}");
}

/// The file in the container is the one outside, which was written again.
fn upgraded(project: &Project) {
    let [upgrade] = page("### Upgrade the daemon and the client");
    let file = project.checkout.path("photoprism/photoprism-admin");
    let before = fs::metadata(&file).unwrap();
    fs::write(&file, "an older one").unwrap();
    let broken = project
        .checkout
        .run("cd photoprism && docker compose exec photoprism photoprism --version");
    assert_ne!(broken.code, Some(0), "{}", broken.text);
    project.succeed(&upgrade.script);
    let after = fs::metadata(&file).unwrap();
    assert_eq!((after.ino(), after.mode()), (before.ino(), before.mode()));
    let version = "docker compose exec photoprism photoprism --version";
    let version = project.succeed(&format!("cd photoprism && {version}"));
    assert!(version.starts_with("photoprism "), "{version}");
}

#[test]
fn next_to_photoprism() {
    let Some(project) = Project::new("next-to") else { return };
    installation(&project, PROGRAM);
    let (dry, used) = set_up(&project);
    let [_, shown, ..]: [Block; 4] = page("## Next to PhotoPrism's container");
    assert_eq!(dry, shown.shown.unwrap() + "\n");
    let in_directory = |script: &str| project.checkout.run(&format!("cd photoprism\n{script}"));
    let succeed = |script: &str| {
        let done = in_directory(script);
        assert_eq!(done.code, Some(0), "{script}\n{}", done.text);
        done.text
    };
    let status = "docker compose exec photoprism photoprism admin status --check";
    project.until(&format!("(cd photoprism; {status})"));

    let printed = project.succeed(&used.script);
    assert!(printed.contains("| bob") && printed.contains("found 1 user"), "{printed}");
    let asked = |what: &str| format!("PhotoPrism was asked: /opt/photoprism/bin/photoprism {what}");
    assert!(printed.ends_with(&asked("index\n")), "{printed}");
    let all = succeed("docker compose exec photoprism photoprism users ls");
    assert!(all.contains(LISTED.trim()), "{all}");
    assert!(succeed("docker compose logs photoprism").contains(&asked("start")));
    let options = succeed("docker compose exec photoprism photoprism backup -a --index -- 'a b'");
    assert_eq!(options, asked("backup -a --index -- a b\n"));

    // As PhotoPrism's user too, whose number the daemon has.
    let own = succeed("docker compose exec -u 1000 photoprism photoprism users ls bob");
    assert!(own.contains("found 1 user"), "{own}");
    let other = in_directory("docker compose exec -u 1234 photoprism photoprism users ls bob");
    assert_eq!(other.code, Some(77), "{}", other.text);

    // What is written is PhotoPrism's: nothing of another owner lies in its directory.
    let photoprism = "docker compose exec -T photoprism photoprism";
    let added = succeed(&format!("{photoprism} users add -p mysecret -r guest -n Nina nina"));
    assert!(added.contains("added guest nina"), "{added}");
    let shown = succeed(&format!("{photoprism} users show nina"));
    assert!(shown.contains("Nina"), "{shown}");
    let created = succeed(&format!("{photoprism} admin backup create"));
    assert!(created.contains("/photoprism/storage/backups/"), "{created}");
    succeed(&format!("{photoprism} users rm -y nina"));
    let strangers = succeed("find storage ! -uid 1000");
    assert_eq!(strangers, "", "left for PhotoPrism to stumble over");

    let daemon = succeed("docker inspect -f '{{.State.Pid}}' $(docker compose ps -q photoprismd)");
    let running = fs::metadata(format!("/proc/{}", daemon.trim())).unwrap();
    assert_eq!(running.uid(), UID);
    succeed("docker compose stop photoprismd");
    let alone = in_directory("docker compose exec photoprism photoprism users ls");
    assert_eq!(alone.code, Some(69), "{}", alone.text);
    assert!(succeed("docker compose exec photoprism photoprism index").contains(&asked("index")));

    // As before PhotoPrism's first start, where there is none.
    succeed("rm storage/index.db && docker compose up -d photoprismd");
    let users = "docker compose exec photoprism photoprism users ls";
    project.until(&format!("(cd photoprism; {users}; [ $? = 75 ])"));
    succeed("[ ! -e storage/index.db ]");
    upgraded(&project);
    take_away(&project);
    succeed("[ ! -e .env ]");
}
