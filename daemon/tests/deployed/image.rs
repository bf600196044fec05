//! The image of a release, which is put together from binaries: what the Dockerfile makes, and it runs.

use std::path::Path;
use std::process::{Command, id};

use super::built;
use super::docker::Project;
use super::shell::{run, succeed, until};

/// What both images must have in common.
const CONFIGURED: &str = "{{.Config.User}} {{json .Config.Env}} {{json .Config.Entrypoint}} {{json .Config.Healthcheck}}";

/// An image that was loaded; gone with its containers at the end.
pub(super) struct Loaded(pub(super) String);

impl Drop for Loaded {
    fn drop(&mut self) {
        let name = &self.0;
        let script = format!(
            "docker ps -aq --filter ancestor={name} | xargs -r docker rm -f -v; docker rmi {name}"
        );
        run(Command::new("bash").args(["-c", &script]));
    }
}

/// Modes, owners and names of the files in an image, without what Docker adds.
fn files(image: &str) -> String {
    let list = "tar --list --verbose --numeric-owner | awk '{ print $1, $2, $NF }' | \
                grep -E ' (etc/(passwd|group)|(run|usr|var)/.*)$' | grep -v ' var/$' | sort";
    let script = format!(
        "container=$(docker create {image}); docker export $container | {list}; \
         docker rm $container > /dev/null"
    );
    succeed(Command::new("bash").args(["-o", "pipefail", "-c", &script]))
}

/// Puts the image of that version together from the static binaries, as an archive.
pub(super) fn assemble(binaries: &Path, version: &str, archive: &Path) {
    let mut assembled = Command::new(built::root().join(".ci/image"));
    assembled.arg(version).arg(archive).arg(format!("amd64={}", binaries.display()));
    succeed(assembled.env("SOURCE_DATE_EPOCH", "1764500000"));
}

#[test]
fn an_image_of_binaries_is_that_of_the_dockerfile() {
    let Some(project) = Project::new("assembled") else { return };
    let Ok(binaries) = built::binaries() else { return };
    let version = format!("test{}", id());
    let image = Loaded(format!("photoprism-admin:{version}-amd64"));
    let archive = project.checkout.path("image.tar");
    assemble(&binaries, &version, &archive);
    let loaded = succeed(Command::new("docker").args(["load", "--input"]).arg(&archive));
    assert!(loaded.contains(&image.0), "{loaded}");

    let [one, other] = [&image.0, &project.images.daemon].map(|name| {
        (succeed(Command::new("docker").args(["inspect", "-f", CONFIGURED, name])), files(name))
    });
    assert_eq!(one, other);

    starts_serves_and_stops(&image.0, "exec");
}

/// Runs a container of that image as the Compose file does: nothing is writable but its volumes.
/// Commands are run in it by `exec`.
pub(super) fn starts_serves_and_stops(image: &str, exec: &str) {
    let docker = |script: &str| {
        succeed(Command::new("bash").args(["-c", &format!("docker {script}")])).trim().to_owned()
    };
    let container = docker(&format!(
        "run --detach --read-only --network none --cap-drop ALL --volume \
         /var/lib/photoprism --volume /run/photoprism {image} 2> /dev/null"
    ));
    let answers = format!("docker {exec} {container} photoprism admin status --check");
    succeed(Command::new("bash").args(["-c", &until(&answers, 60)]));
    docker(&format!("{exec} {container} photoprism users add --role user --generate bob"));
    let listed = docker(&format!("{exec} {container} photoprism users ls"));
    assert!(listed.contains("| admin ") && listed.contains("| bob "), "{listed}");
    docker(&format!("stop {container}"));
    assert_eq!(docker(&format!("inspect -f '{{{{.State.ExitCode}}}}' {container}")), "0");
}
