//! What is refused before anything is written.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;

use nix::unistd::Uid;

use super::common::output;
use super::place::{Place, SQLITE};

/// Nothing is written, and all of `parts` are in the message.
fn refuses(place: &Place, flags: &str, code: i32, parts: &[&str]) {
    let env = fs::read(place.path(".env")).ok();
    let refused = place.run(&format!("--yes {flags}"));
    assert_eq!(refused.code, Some(code), "{refused:?}");
    for part in parts {
        assert!(refused.err.contains(part), "{part}: {refused:?}");
    }
    assert_eq!(fs::read(place.path(".env")).ok(), env);
    assert!(!place.path("photoprism-admin.env").exists());
}

#[test]
fn another_directory() {
    let place = Place::new(SQLITE);
    fs::remove_file(place.path("compose.yaml")).unwrap();
    refuses(&place, "", 1, &["no compose file here", "PhotoPrism's directory"]);
    place.write("compose.yaml", "services:\n  web:\n    image: photoprism: x\n");
    refuses(&place, "", 1, &["no service photoprism in compose.yaml"]);
    place.write("compose.yaml", include_str!("../../../compose.yaml"));
    refuses(&place, "", 1, &["this is photoprism-admin's directory"]);
    place.write("compose.yaml", SQLITE);
    place.write("docker-compose.yml", SQLITE);
    refuses(
        &place,
        "",
        1,
        &["both compose.yaml and docker-compose.yml", "COMPOSE_FILE=compose.yaml"],
    );
}

#[test]
fn what_was_not_copied() {
    for name in ["photoprism-admin", "compose.photoprism.yaml"] {
        let place = Place::new(SQLITE);
        fs::remove_file(place.path(name)).unwrap();
        refuses(&place, "", 1, &[name, "copy it"]);
        // As Docker creates it for a mount of what is not there.
        fs::create_dir(place.path(name)).unwrap();
        refuses(&place, "", 1, &[name, "copy it"]);
    }
    let place = Place::new(SQLITE);
    fs::remove_file(place.path("compose.photoprism-url.yaml")).unwrap();
    refuses(&place, "--url", 1, &["compose.photoprism-url.yaml", "copy it"]);
}

#[test]
fn a_database_that_is_not_there() {
    let place = Place::new(SQLITE);
    fs::remove_file(place.path("storage/index.db")).unwrap();
    refuses(&place, "", 1, &["./storage/index.db is not there", "start PhotoPrism once"]);
    let place = Place::with_mariadb();
    fs::remove_dir_all(place.path("storage")).unwrap();
    refuses(&place, "", 1, &["./storage is not there", "PHOTOPRISM_STORAGE="]);
}

#[test]
fn a_database_that_cannot_be_known() {
    for text in [
        SQLITE.replace("PHOTOPRISM_DATABASE_DRIVER: \"sqlite\" ", "env_file: photoprism.env "),
        SQLITE.replace("\"sqlite\"", "\"postgres\""),
        SQLITE.replace("    volumes:", "      PHOTOPRISM_DATABASE_DRIVER: mysql\n    volumes:"),
    ] {
        let place = Place::new(&text);
        refuses(
            &place,
            "",
            1,
            &["whether its accounts are in SQLite or MariaDB", "=sqlite, or mysql"],
        );
        place.write(".env", "PHOTOPRISM_DATABASE_DRIVER=sqlite\n");
        place.succeed("--yes");
    }
}

#[test]
fn other_settings() {
    let place = Place::new(SQLITE);
    let mut command = place.command("--yes");
    let refused = output(command.env("COMPOSE_FILE", "other.yaml"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("COMPOSE_FILE is set in the environment"), "{refused:?}");

    place.write(".env", "PHOTOPRISM_UID=4321\n");
    refuses(&place, "", 1, &["PHOTOPRISM_UID is 4321 in .env", "belong to "]);
    place.write(".env", "COMPOSE_FILE=other.yaml\nCOMPOSE_FILE=compose.yaml\n");
    refuses(&place, "", 1, &["several COMPOSE_FILE"]);
    place.write(".env", "COMPOSE_FILE=compose.yaml:missing.yaml\n");
    refuses(&place, "", 1, &["cannot read missing.yaml"]);
    place.write(".env", "COMPOSE_FILE=compose.yaml;compose.yaml\n");
    refuses(&place, "", 1, &["cannot read compose.yaml;compose.yaml"]);
}

#[test]
fn a_file_that_cannot_be_read() {
    let place = Place::new(SQLITE);
    symlink("nowhere", place.path(".env")).unwrap();
    refuses(&place, "", 1, &["cannot read .env: No such file"]);
    fs::remove_file(place.path(".env")).unwrap();
    fs::write(place.path(".env"), b"A=\xff\n").unwrap();
    refuses(&place, "", 1, &["cannot read .env: ", "UTF-8"]);
    place.write(".env", "A=1\n");
    fs::set_permissions(place.path(".env"), std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .unwrap();
    let directory: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path("."), directory).unwrap();
    let mut command = place.command("--yes");
    if Uid::effective().is_root() {
        command.uid(12345).gid(12345);
    }
    let refused = output(&mut command);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("cannot read .env: Permission denied"), "{refused:?}");
}

#[test]
fn a_storage_that_only_docker_knows() {
    let place = Place::new(&SQLITE.replace("./storage:", "storage:"));
    refuses(&place, "", 1, &["a volume of Docker's", "compose exec photoprism stat"]);
    place.write(".env", "PHOTOPRISM_UID=1000\nPHOTOPRISM_GID=1000\n");
    place.succeed("--yes");
    let env = place.read(".env");
    assert!(env.contains("\nPHOTOPRISM_STORAGE=storage\n"), "{env}");
}

#[test]
fn a_container_that_cannot_be_asked() {
    let place = Place::with_mariadb();
    place.write("docker", "#!/bin/sh\necho 'no such service' >&2\nexit 1\n");
    let parts = ["no such service", "PhotoPrism has to run"];
    refuses(&place, "", 1, &parts);
    place.write("docker", "#!/bin/sh\necho PATH=/bin\n");
    refuses(&place, "", 1, &["no variables PHOTOPRISM_DATABASE_"]);
    place.write("docker", "#!/bin/sh\necho \"PHOTOPRISM_DATABASE_PASSWORD=can'ary\"\n");
    refuses(&place, "", 1, &["PHOTOPRISM_DATABASE_PASSWORD has a ' in it"]);
    fs::remove_file(place.path("docker")).unwrap();
    let mut command = place.command("--yes");
    let missing = output(command.env("PATH", place.path("storage")));
    assert_eq!(missing.code, Some(1), "{missing:?}");
    assert!(missing.err.contains("docker: "), "{missing:?}");
}
