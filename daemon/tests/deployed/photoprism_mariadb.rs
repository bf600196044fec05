//! `compose.photoprism-mariadb.yaml`: laid over the compose file of an existing PhotoPrism with a
//! MariaDB in a container of its own, whose programs are those of this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use super::built::photoprisms_schema;
use super::checkout::page;
use super::docker::Project;
use super::outside::lacks;
use super::photoprism_compose::{PROGRAM, UID, set_up, take_away};
use super::shell::Done;

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
      PHOTOPRISM_DATABASE_DRIVER: mysql
      PHOTOPRISM_DATABASE_SERVER: mariadb:3306
      PHOTOPRISM_DATABASE_NAME: photoprism
      PHOTOPRISM_DATABASE_USER: photoprism
      PHOTOPRISM_DATABASE_PASSWORD: PASSWORD
      PHOTOPRISM_STORAGE_PATH: /photoprism/storage
    volumes:
      - ./opt:/opt/photoprism:ro
      - ./storage:/photoprism/storage
  mariadb:
    image: ${DEBIAN_IMAGE}
    command: [sh, /server/start]
    stop_grace_period: 10s
    volumes:
      - /usr:/usr:ro
      - ./database:/var/lib/mysql
      - ./server:/server:ro
";

/// With what a file of variables, and a shell, may take for something of their own.
const PASSWORD: &str = "canary of $HOME #1 \"x\"";

/// As the compose file has it.
const IN_YAML: &str = "'canary of $$HOME #1 \"x\"'";

/// The daemon gets the file with the password.
const WITH_SECRET: &str = "
services:
  photoprismd:
    volumes:
      - ./secret:/run/secret:ro
";

const PHOTOPRISM: &str = "docker compose exec -T photoprism photoprism";

const SERVER: &str = "set -e
if [ ! -d /var/lib/mysql/mysql ]; then
  mariadb-install-db --no-defaults --user=root --datadir=/var/lib/mysql --skip-test-db > /dev/null
  mariadbd --no-defaults --user=root --datadir=/var/lib/mysql --bootstrap < /server/first.sql
fi
exec mariadbd --no-defaults --user=root --datadir=/var/lib/mysql --socket=/tmp/s.sock \\
  --transaction-isolation=READ-COMMITTED --character-set-server=utf8mb4 \\
  --collation-server=utf8mb4_unicode_ci
";

fn installation(project: &Project) {
    let at = |name: &str| project.checkout.path("photoprism").join(name);
    for directory in ["storage", "opt/bin", "database", "server"] {
        fs::create_dir_all(at(directory)).unwrap();
    }
    fs::write(
        at("compose.yaml"),
        COMPOSE_FILE.replace("PASSWORD: PASSWORD", &format!("PASSWORD: {IN_YAML}")),
    )
    .unwrap();
    fs::write(at("opt/bin/photoprism"), PROGRAM).unwrap();
    fs::set_permissions(at("opt/bin/photoprism"), PermissionsExt::from_mode(0o755)).unwrap();
    chown(at("storage"), Some(UID), Some(UID)).unwrap();
    fs::write(at("server/first.sql"), photoprisms_schema(PASSWORD)).unwrap();
    fs::write(at("server/start"), SERVER).unwrap();
}

/// Where PhotoPrism's compose file is.
fn in_directory(project: &Project, script: &str) -> Done {
    project.checkout.run(&format!("cd photoprism\n{script}"))
}

fn succeed(project: &Project, script: &str) -> String {
    let done = in_directory(project, script);
    if done.code != Some(0) {
        let seen = in_directory(project, "docker compose ps; docker compose logs --tail 60");
        panic!("{script}\n{:?} {}\n{}", done.code, done.text, seen.text);
    }
    assert!(!done.text.contains("canary"), "{script}\n{}", done.text);
    done.text
}

/// The server's own tables are upgraded under the daemon; then there is another password, which comes
/// from a file.
fn other_tables_and_password(project: &Project) {
    let succeed = |script: &str| succeed(project, script);
    let in_server = "docker compose exec -T mariadb";
    succeed(&format!("{in_server} mariadb-upgrade --no-defaults --socket=/tmp/s.sock --force"));
    succeed(&format!("{PHOTOPRISM} users mod -n Robert bob"));

    let secret = project.checkout.path("photoprism/secret");
    fs::write(&secret, "canary in a file\n").unwrap();
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o400)).unwrap();
    chown(&secret, Some(UID), Some(UID)).unwrap();
    fs::write(project.checkout.path("photoprism/compose.secret.yaml"), WITH_SECRET).unwrap();
    let new = "ALTER USER photoprism@'%' IDENTIFIED BY 'canary in a file'";
    succeed(&format!(
        "{in_server} mariadb --no-defaults --socket=/tmp/s.sock -e \"{new}\"
        sed -i 's,_PASSWORD=.*,_PASSWORD_FILE=/run/secret,' photoprism-admin.env
        sed -i '/^COMPOSE_FILE=/ s/$/:compose.secret.yaml/' .env
        docker compose up -d"
    ));
    project.until(&format!("(cd photoprism; {PHOTOPRISM} users mod -n Bob bob)"));
}

#[test]
fn next_to_photoprism_with_mariadb() {
    if lacks("mariadb-install-db") || lacks("mariadb-check") {
        return;
    }
    let Some(project) = Project::new("mariadb") else { return };
    installation(&project);
    let succeed = |script: &str| succeed(&project, script);
    let until = |condition: &str| project.until(&format!("(cd photoprism; {condition})"));
    let photoprism = PHOTOPRISM;
    succeed("docker compose up -d");
    let (dry, used) = set_up(&project);
    for part in ["compose.photoprism-mariadb.yaml", "UID=1000", "photoprism-admin.env"] {
        assert!(dry.contains(part), "{dry}");
    }
    let variables = fs::metadata(project.checkout.path("photoprism/photoprism-admin.env"));
    assert_eq!(variables.unwrap().permissions().mode() & 0o777, 0o600);
    let [ignored] = page("### With MariaDB");
    project.succeed(&ignored.script);
    until(&format!("{photoprism} admin status --check"));

    let printed = project.succeed(&used.script);
    assert!(printed.contains("| bob") && printed.contains("found 1 user"), "{printed}");
    assert!(printed.contains("mysql://photoprism@mariadb:3306/photoprism"), "{printed}");
    let asked = "PhotoPrism was asked: /opt/photoprism/bin/photoprism index\n";
    assert_eq!(succeed(&format!("{photoprism} index")), asked);

    // The commands of PhotoPrism's documentation.
    succeed(&format!("{photoprism} users add -p mysecret -n Nina nina"));
    succeed(&format!("{photoprism} users mod -r guest nina"));
    assert!(succeed(&format!("{photoprism} users show nina")).contains("Nina"));
    let created = succeed(&format!("{photoprism} admin backup create"));
    assert!(created.contains("/photoprism/storage/backups/"), "{created}");
    succeed(&format!("{photoprism} users rm -y nina"));
    assert_eq!(succeed("find storage ! -uid 1000"), "", "left for PhotoPrism to stumble over");

    // Each of them goes and comes back by itself.
    for service in ["mariadb", "photoprismd"] {
        succeed(&format!("docker compose restart {service}"));
        until(&format!("{photoprism} users ls bob"));
    }
    other_tables_and_password(&project);
    succeed("docker compose stop mariadb");
    let away = in_directory(&project, &format!("{photoprism} users ls bob"));
    assert_eq!(away.code, Some(75), "{}", away.text);
    succeed("docker compose start mariadb");
    until(&format!("{photoprism} users mod -n Robert bob"));
    succeed("docker compose logs photoprismd");

    // Now with the address, where nothing answers.
    let [url] = page("### Sessions end at once");
    project.succeed(&url.script);
    until(&format!("{photoprism} users ls bob"));
    let doctor = in_directory(&project, &format!("{photoprism} admin doctor"));
    assert!(doctor.text.contains("http://photoprism:2342"), "{}", doctor.text);
    succeed("sed -i 's,:compose.secret.yaml,,' .env");
    take_away(&project);
    succeed("[ ! -e .env ] && [ ! -e photoprism-admin.env ]");
}
