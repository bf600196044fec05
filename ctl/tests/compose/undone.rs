//! What was added is taken back, and nothing else.

use super::place::{Place, SQLITE};

#[test]
fn all_is_as_before() {
    for old in [
        "A=1\n",
        "A=1",
        "A=1\r\n",
        "# only this\n\n",
        "COMPOSE_FILE=\"compose.yaml:b.yaml\"\nA=1\n",
    ] {
        let place = Place::new(SQLITE);
        place.write("b.yaml", "");
        place.write(".env", old);
        place.succeed("--yes --url");
        let dry = place.run("--undo --dry-run");
        assert_eq!(dry.code, Some(10), "{dry:?}");
        let done = place.succeed("--undo --yes");
        assert_eq!(done.out, dry.out);
        assert_eq!(done.err, "changed; now run: docker compose up -d --remove-orphans\n");
        assert_eq!(place.read(".env"), old, "{old:?}");
        assert_eq!(place.succeed("--undo").err, "nothing to do\n");
    }
}

#[test]
fn files_that_were_written_are_removed() {
    let place = Place::with_mariadb();
    place.succeed("--yes --url");
    let done = place.succeed("--undo --yes");
    assert!(done.out.ends_with("photoprism-admin.env\n- the whole file\n"), "{done:?}");
    for name in [".env", "photoprism-admin.env"] {
        assert!(!place.path(name).exists(), "{name}");
    }
}

#[test]
fn what_was_edited_since_stays() {
    let place = Place::new(SQLITE);
    place.write(".env", "A=1\n");
    place.succeed("--yes");
    let edited = place
        .read(".env")
        .replace("A=1", "A=2")
        .replace("compose.photoprism.yaml", "compose.photoprism.yaml:mine.yaml")
        .replace("PHOTOPRISM_UID", "B=3\nPHOTOPRISM_UID");
    place.write(".env", &format!("{edited}C=4\n"));
    place.succeed("--undo --yes");
    assert_eq!(place.read(".env"), "A=2\nCOMPOSE_FILE=compose.yaml:mine.yaml\nB=3\nC=4\n");
}

#[test]
fn an_earlier_recipe_is_taken_back_too() {
    for (old, new) in [
        ("COMPOSE_FILE=:compose.photoprism.yaml\nPHOTOPRISM_UID=\nPHOTOPRISM_GID=\nA=1\n", "A=1\n"),
        (
            "COMPOSE_FILE=compose.yaml:compose.photoprism-mariadb.yaml\nPHOTOPRISM_UID=1000\n",
            "COMPOSE_FILE=compose.yaml\nPHOTOPRISM_UID=1000\n",
        ),
    ] {
        let place = Place::new(SQLITE);
        place.write(".env", old);
        place.succeed("--undo --yes");
        assert_eq!(place.read(".env"), new);
    }
}

#[test]
fn it_needs_nothing_but_the_file() {
    let place = Place::new(SQLITE);
    place.succeed("--yes");
    for name in ["compose.yaml", "compose.photoprism.yaml", "storage/index.db"] {
        std::fs::remove_file(place.path(name)).unwrap();
    }
    place.succeed("--undo --yes");
    assert!(!place.read(".env").contains("compose.photoprism"), "{}", place.read(".env"));
}
