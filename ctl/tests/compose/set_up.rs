//! What is written.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use nix::unistd::Uid;

use super::common::output;
use super::common::terminal::Terminal;
use super::place::{BEGIN, Place, SQLITE};

const FILES: &str = "compose.yaml:compose.photoprism.yaml";

#[test]
fn sqlite_gets_its_overlay_and_the_owner_of_the_database() {
    let place = Place::new(SQLITE);
    let done = place.succeed("--yes");
    assert_eq!(place.read(".env"), place.block(FILES));
    let owner = place.owner("storage/index.db").replace("PHOTO", "+ PHOTO");
    assert_eq!(done.out, format!(".env\n+ {BEGIN}\n+ COMPOSE_FILE={FILES}\n{owner}"));
    assert_eq!(done.err, "changed; now run: docker compose up -d\n");
    assert_eq!(place.mode(".env"), 0o644);
    let again = place.succeed("");
    assert_eq!((again.out.as_str(), again.err.as_str()), ("", "nothing to do\n"));
}

#[test]
fn a_dry_run_shows_the_same_and_writes_nothing() {
    let place = Place::new(SQLITE);
    let dry = place.run("--dry-run");
    assert_eq!(dry.code, Some(10), "{dry:?}");
    assert!(!place.path(".env").exists());
    assert_eq!(place.succeed("--yes").out, dry.out);
    assert_eq!(place.run("--dry-run").code, Some(0));
}

#[test]
fn it_asks_on_a_terminal_and_wants_a_flag_elsewhere() {
    let place = Place::new(SQLITE);
    let refused = place.run("");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("--yes"), "{refused:?}");
    for (answer, code) in [("n\n", 1), ("y\n", 0)] {
        assert!(!place.path(".env").exists());
        let mut terminal = Terminal::start(&mut place.command(""));
        terminal.wait_for("Change this? [y/N] ");
        assert!(terminal.shown.contains("+ COMPOSE_FILE="), "{}", terminal.shown);
        terminal.type_in(answer);
        assert_eq!(terminal.finish(), Some(code), "{}", terminal.shown);
    }
    assert_eq!(place.read(".env"), place.block(FILES));
}

#[test]
fn other_lines_mode_and_owner_stay_and_the_old_file_is_kept() {
    let place = Place::new(SQLITE);
    let old = "# mine\nTZ='Europe/Berlin' # here\n\nPASSWORD=a=b";
    place.write(".env", old);
    fs::set_permissions(place.path(".env"), Permissions::from_mode(0o640)).unwrap();
    let uid = if Uid::effective().is_root() { 1234 } else { Uid::effective().as_raw() };
    chown(place.path(".env"), Some(uid), None).unwrap();
    place.succeed("--yes");
    assert_eq!(place.read(".env"), format!("{old}\n{}", place.block(FILES).trim_end()));
    assert_eq!(place.read(".env.before-photoprism-admin"), old);
    for name in [".env", ".env.before-photoprism-admin"] {
        assert_eq!(place.mode(name), 0o640);
        assert_eq!(fs::metadata(place.path(name)).unwrap().uid(), uid);
    }
}

#[test]
fn an_existing_list_of_files_is_added_to() {
    for (old, separator, new) in [
        ("COMPOSE_FILE=compose.yaml", ":", "COMPOSE_FILE=compose.yaml:OVERLAY"),
        (
            "export COMPOSE_FILE = \"compose.yaml\" # x",
            ":",
            "export COMPOSE_FILE = \"compose.yaml:OVERLAY\" # x",
        ),
        (
            "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=compose.yaml;mine.yaml",
            ";",
            "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE=compose.yaml;mine.yaml;OVERLAY",
        ),
        // Once, and where it is.
        (
            "COMPOSE_FILE=compose.yaml:./OVERLAY:mine.yaml",
            ":",
            "COMPOSE_FILE=compose.yaml:OVERLAY:mine.yaml",
        ),
        ("COMPOSE_FILE=compose.yaml:OVERLAY:OVERLAY", ":", "COMPOSE_FILE=compose.yaml:OVERLAY"),
        // What an earlier recipe left in a directory without a compose file, typed twice, and of the
        // other database.
        ("COMPOSE_FILE=:OVERLAY", ":", "COMPOSE_FILE=compose.yaml:OVERLAY"),
        (
            "COMPOSE_FILE=compose.yaml:OVERLAY\nCOMPOSE_FILE=compose.yaml:OVERLAY",
            ":",
            "COMPOSE_FILE=compose.yaml:OVERLAY",
        ),
        (
            "COMPOSE_FILE=compose.yaml:compose.photoprism-mariadb.yaml",
            ":",
            "COMPOSE_FILE=compose.yaml:OVERLAY",
        ),
    ] {
        let place = Place::new(SQLITE);
        place.write("mine.yaml", "");
        let [old, new] = [old, new].map(|text| text.replace("OVERLAY", "compose.photoprism.yaml"));
        place.write(".env", &format!("{old}\n"));
        place.succeed("--yes");
        let env = place.read(".env");
        assert!(env.starts_with(&format!("{new}\n{BEGIN}\nPHOTOPRISM_UID=")), "{separator} {env}");
        assert_eq!(place.succeed("").err, "nothing to do\n");
    }
    let place = Place::new(SQLITE);
    let done = super::common::output(place.command("--yes").env("COMPOSE_PATH_SEPARATOR", ","));
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(place.read(".env"), place.block("compose.yaml,compose.photoprism.yaml"));
}

#[test]
fn overrides_that_compose_read_by_itself_are_still_read() {
    let place = Place::new(SQLITE);
    place.write("compose.override.yaml", "services: {}\n");
    place.succeed("--yes");
    let files = "compose.yaml:compose.override.yaml:compose.photoprism.yaml";
    assert_eq!(place.read(".env"), place.block(files));
}

#[test]
fn an_empty_owner_of_an_earlier_recipe_is_replaced() {
    let place = Place::new(SQLITE);
    let line = format!("COMPOSE_FILE={FILES}\n");
    let owner = place.owner("storage/index.db");
    place.write(".env", &format!("{line}PHOTOPRISM_UID=\nPHOTOPRISM_GID=\n"));
    let done = place.succeed("--yes");
    assert!(done.out.contains("- PHOTOPRISM_UID=\n"), "{done:?}");
    let added = format!("{BEGIN}\n{owner}# end of that\n");
    assert_eq!(place.read(".env"), format!("{line}{added}"));
    // The good one of the first run, before the bad one of the second.
    place.write(".env", &format!("{line}{owner}PHOTOPRISM_UID=\nPHOTOPRISM_GID=\n"));
    place.succeed("--yes");
    assert_eq!(place.read(".env"), format!("{line}{owner}"));
}

#[test]
fn windows_line_ends_stay() {
    let place = Place::new(&SQLITE.replace('\n', "\r\n"));
    place.write(".env", "TZ=UTC\r\nCOMPOSE_FILE=compose.yaml\r\n");
    place.succeed("--yes");
    let env = place.read(".env");
    assert!(env.starts_with(&format!("TZ=UTC\r\nCOMPOSE_FILE={FILES}\r\n{BEGIN}\r\n")), "{env:?}");
    assert_eq!(env.matches('\n').count(), env.matches("\r\n").count(), "{env:?}");
    assert_eq!(place.succeed("").err, "nothing to do\n");
}

#[test]
fn a_link_stays_one_and_its_file_is_written() {
    let place = Place::new(SQLITE);
    fs::create_dir(place.path("secrets")).unwrap();
    place.write("secrets/env", "A=1\n");
    symlink("secrets/env", place.path(".env")).unwrap();
    place.succeed("--yes");
    assert!(place.path(".env").is_symlink());
    assert_eq!(place.read("secrets/env"), format!("A=1\n{}", place.block(FILES)));
}

#[test]
fn a_storage_directory_elsewhere_is_given_to_the_overlay() {
    for (source, env) in [
        ("./data", ""),
        ("${DATA:-./data}", ""),
        ("${DATA}/sub", "DATA=./data\n"),
        ("${PHOTOPRISM_STORAGE:-./data}", ""),
    ] {
        let mounted = format!("{source}:/photoprism/storage");
        let place = Place::new(&SQLITE.replace("./storage:/photoprism/storage", &mounted));
        fs::create_dir_all(place.path("data/sub")).unwrap();
        place.write("data/index.db", "");
        place.write("data/sub/index.db", "");
        place.write(".env", env);
        place.succeed("--yes");
        let set = if env.is_empty() { "./data" } else { "./data/sub" };
        let env = place.read(".env");
        assert!(env.contains(&format!("\nPHOTOPRISM_STORAGE={set}\n")), "{source} {env}");
        assert_eq!(place.succeed("").err, "nothing to do\n");
    }
    let place = Place::new(SQLITE);
    fs::rename(place.path("storage"), place.path("data")).unwrap();
    place.write(".env", "PHOTOPRISM_STORAGE=./data\n");
    place.succeed("--yes");
    assert_eq!(place.read(".env").matches("PHOTOPRISM_STORAGE").count(), 1);
}

#[test]
fn a_storage_directory_of_a_home_and_of_a_table_is_found() {
    let short = "\"./storage:/photoprism/storage\"";
    let home = SQLITE.replace(short, "~/data:/photoprism/storage");
    let table = |source: &str| {
        let tables = [
            "type: bind\n        source: ./originals\n        target: /photoprism/originals",
            &format!(
                "type: bind\n        source: {source} # kept\n        target: '/photoprism/storage'"
            ),
        ];
        SQLITE.replace(short, &tables.join("\n      - "))
    };
    let reversed = SQLITE.replace(
        short,
        "target: /photoprism/storage\n        source: \"./data\"\n      - source: ./x\n        target: /x",
    );
    for (compose, is_home) in
        [(home, true), (table("./data"), false), (table("~/data"), true), (reversed, false)]
    {
        let place = Place::new(&compose);
        fs::create_dir(place.path("data")).unwrap();
        place.write("data/index.db", "");
        let mut command = place.command("--yes");
        let data = place.path("data");
        let done = output(command.env("HOME", data.parent().unwrap()));
        assert_eq!(done.code, Some(0), "{compose}{done:?}");
        let set =
            if is_home { format!("{}data", place.path("").display()) } else { "./data".to_owned() };
        let env = place.read(".env");
        assert!(env.contains(&format!("\nPHOTOPRISM_STORAGE={set}\n")), "{compose}{env}");
    }
}

#[test]
fn values_of_several_lines_stay_and_are_not_read_as_lines() {
    let place = Place::new(SQLITE);
    let old = "KEY=\"-----BEGIN\nCOMPOSE_FILE=other.yaml\nPHOTOPRISM_UID=\n-----END\"\nA=1\n";
    place.write(".env", old);
    place.succeed("--yes");
    assert_eq!(place.read(".env"), format!("{old}{}", place.block(FILES)));
    place.succeed("--undo --yes");
    assert_eq!(place.read(".env"), old);
}

#[test]
fn mariadb_gets_its_overlay_and_the_variables_of_the_container() {
    let place = Place::with_mariadb();
    let done = place.succeed("--yes");
    assert!(!format!("{done:?}").contains("canary"), "{done:?}");
    assert_eq!(place.read(".env"), {
        let owner = place.owner("storage");
        let files = "compose.yaml:compose.photoprism-mariadb.yaml";
        format!("{BEGIN}\nCOMPOSE_FILE={files}\n{owner}# end of that\n")
    });
    let variables = "PHOTOPRISM_DATABASE_SERVER='mariadb:3306'\n\
                     PHOTOPRISM_DATABASE_PASSWORD='canary of $HOME #1 \"x\"'\n";
    assert_eq!(place.read("photoprism-admin.env"), variables);
    assert_eq!(place.mode("photoprism-admin.env"), 0o600);
    // Its own files are named: with those of a broken .env nothing would be printed.
    let asked = "compose -f compose.yaml exec -T photoprism env\n";
    assert_eq!(place.read("docker.log"), asked);
    assert_eq!(place.succeed("").err, "nothing to do\n");
    assert_eq!(place.read("docker.log"), asked, "the variables are there already");
}

/// As the README's recipe for SQLite did it, whatever PhotoPrism has.
#[test]
fn an_overlay_of_the_other_database_is_replaced() {
    let place = Place::with_mariadb();
    place.write(".env", &format!("COMPOSE_FILE={FILES}\nPHOTOPRISM_UID=\nPHOTOPRISM_GID=\n"));
    let done = place.succeed("--yes");
    assert!(done.out.contains(&format!("- COMPOSE_FILE={FILES}\n")), "{done:?}");
    let files = "COMPOSE_FILE=compose.yaml:compose.photoprism-mariadb.yaml";
    let owner = place.owner("storage");
    assert_eq!(place.read(".env"), format!("{files}\n{BEGIN}\n{owner}# end of that\n"));
}

#[test]
fn the_address_is_a_variable_or_another_overlay() {
    let place = Place::with_mariadb();
    place.succeed("--yes");
    place.succeed("--yes --url");
    let line = "\nPHOTOPRISM_ADMIN_PHOTOPRISM_URL=http://photoprism:2342\n# end of that\n";
    assert!(place.read(".env").ends_with(line), "{}", place.read(".env"));
    assert_eq!(place.succeed("--url").err, "nothing to do\n");

    let place = Place::new(SQLITE);
    place.succeed("--yes --url");
    let files = format!("{FILES}:compose.photoprism-url.yaml");
    assert_eq!(place.read(".env"), place.block(&files));
    assert_eq!(place.succeed("").err, "nothing to do\n", "it stays without the flag");
}

#[test]
fn which_database_is_seen_wherever_it_is_said() {
    for (driver, env, options) in [
        ("PHOTOPRISM_DATABASE_DRIVER: mysql", "", ""),
        ("- PHOTOPRISM_DATABASE_DRIVER=mysql", "", ""),
        ("- \"PHOTOPRISM_DATABASE_DRIVER=mariadb\"", "", ""),
        ("PHOTOPRISM_DATABASE_DRIVER: ${DRIVER:-mysql}", "", ""),
        ("PHOTOPRISM_DATABASE_DRIVER: \"${DRIVER:-sqlite}\"", "DRIVER=mysql\n", ""),
        ("- PHOTOPRISM_DATABASE_DRIVER", "PHOTOPRISM_DATABASE_DRIVER=mysql\n", ""),
        ("PHOTOPRISM_DATABASE_DRIVER: sqlite", "", "DatabaseDriver: mysql\n"),
        ("env_file: .env", "PHOTOPRISM_DATABASE_DRIVER=mysql\n", ""),
    ] {
        let place = Place::with_mariadb();
        let text = SQLITE.replace("PHOTOPRISM_DATABASE_DRIVER: \"sqlite\" ", &format!("{driver} "));
        place.write("compose.yaml", &text);
        fs::create_dir_all(place.path("storage/config")).unwrap();
        place.write("storage/config/options.yml", options);
        place.write(".env", env);
        place.succeed("--yes");
        let written = place.read(".env");
        assert!(written.contains("compose.photoprism-mariadb.yaml"), "{driver} {written}");
    }
    // What PhotoPrism does without the variable.
    let place = Place::new("services:\n  photoprism:\n    image: x\n");
    place.succeed("--yes");
    assert_eq!(place.read(".env"), place.block(FILES));
}
