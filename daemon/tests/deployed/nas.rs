//! `compose.nas.yaml`, a project of its own next to that of PhotoPrism, from the image of a release.

use std::fs;
use std::os::unix::fs::chown;
use std::process::id;

use super::built;
use super::docker::Project;
use super::image::{Loaded, assemble};
use super::install_page::section_blocks;

/// As it is shipped.
const FILE: &str = include_str!("../../../compose.nas.yaml");

/// What is marked in it, as somebody has changed it; and the container, of which there is one here for
/// each test.
fn changed(project: &Project, image: &str) -> String {
    let storage = project.checkout.path("storage").to_str().unwrap().to_owned();
    let container = format!("container_name: {}", project.name);
    let changes = [
        (concat!("photoprism-admin:", env!("CARGO_PKG_VERSION"), "-amd64"), image),
        ("/volume1/docker/photoprism/storage", storage.as_str()),
        ("container_name: photoprismd", container.as_str()),
        ("\"1000:1000\"", "\"1234:1234\""),
        ("uid=1000,gid=1000", "uid=1234,gid=1234"),
    ];
    changes.iter().fold(FILE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn a_nas_manages_the_accounts_of_its_photoprism() {
    let Some(project) = Project::new("nas") else { return };
    let Ok(binaries) = built::binaries() else { return };
    project.succeed("docker compose -f compose.nas.yaml config --quiet");
    let storage = project.checkout.path("storage");
    fs::create_dir(&storage).unwrap();
    let index = storage.join("index.db");
    fs::copy(built::root().join("daemon/tests/fixtures/index.db"), &index).unwrap();
    for path in [&storage, &index] {
        chown(path, Some(1234), Some(1234)).unwrap();
    }

    let version = format!("nas{}", id());
    let image = Loaded(format!("photoprism-admin:{version}-amd64"));
    assemble(&binaries, &version, &project.checkout.path("photoprism-admin-0-image.tar"));
    let [load, used] = &section_blocks("Synology, Unraid")[..] else { panic!("two blocks") };
    project.succeed(&load.script);
    fs::write(project.checkout.path("compose.nas.yaml"), changed(&project, &image.0)).unwrap();
    project.succeed("docker compose -f compose.nas.yaml up -d");
    let used = used.script.replace("exec photoprismd", &format!("exec {}", project.name));
    project.until(&format!("docker exec {} photoprism admin status --check", project.name));
    assert!(project.succeed(&used).contains("| bob "));
    project.succeed(&format!("docker exec {} photoprism users mod -n Bob bob", project.name));
    assert_eq!(project.succeed("find storage ! -uid 1234"), "");
    project.succeed("docker compose -f compose.nas.yaml down");
}
