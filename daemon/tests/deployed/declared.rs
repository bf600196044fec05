//! `compose.accounts.yaml`: a stack that comes up with its accounts, from nothing but files.

use std::fs;

use super::blocks::{fenced, section};
use super::docker::Project;

const PAGE: &str = include_str!("../../declared.md");

/// The secrets that the page's file names; the app password is one of a real PhotoPrism.
const SECRETS: [(&str, &str); 4] = [
    ("admin", "the admin's secret\n"),
    ("bob", "the secret of bob\n"),
    ("phone", "HY8fxO-8hvNqB-43UV4q-1AZ0vu\n"),
    ("prometheus", "0123456789abcdef0123456789abcdef0123456789abcdef"),
];

const COMPOSE: &str = "docker compose -f compose.accounts.yaml";

/// What is there, by names; and the last record of the audit trail.
fn found(project: &Project) -> [String; 3] {
    let exec = format!("{COMPOSE} exec photoprism photoprism");
    let ask = |command: &str| project.succeed(&format!("({exec} {command}) 2> /dev/null"));
    let users = ask("users ls --csv | cut -d';' -f2,3");
    let sessions = ask("auth ls --csv | cut -d';' -f2-5 | sort");
    [users, sessions, ask("admin audit ls -n 1 --csv | tail -n 1")]
}

/// Waits until it serves, and has applied the file so often since it was created.
fn until_applied(project: &Project, times: usize) {
    project.until(&format!("{COMPOSE} exec photoprism photoprism admin status --check"));
    project.until(&format!(
        "[ $({COMPOSE} logs photoprism | grep -c 'the declared accounts were applied') -ge {times} ]"
    ));
}

#[test]
fn a_stack_comes_up_with_the_declared_accounts_and_stays_as_it_is() {
    let Some(project) = Project::new("declared") else { return };
    let (_, example) = fenced(section(PAGE, "\n## The file\n"))[0];
    fs::write(project.checkout.path("accounts.toml"), example).unwrap();
    fs::create_dir(project.checkout.path("secrets")).unwrap();
    for (name, secret) in SECRETS {
        fs::write(project.checkout.path("secrets").join(name), secret).unwrap();
    }

    // An empty volume.
    project.succeed(&format!("{COMPOSE} up -d"));
    until_applied(&project, 1);
    let first = found(&project);
    assert_eq!(first[0], "Username;Role\nadmin;Admin\nbob;User\n");
    assert!(first[1].contains("phone") && first[1].contains("prometheus"), "{}", first[1]);
    assert_eq!(first[1].lines().count(), 3, "{}", first[1]);
    for (name, token) in &SECRETS[2..] {
        let asked = format!(r#"admin call auth.verify '{{"token":"{}"}}'"#, token.trim());
        let seen = project.succeed(&format!("{COMPOSE} exec photoprism photoprism {asked}"));
        assert!(seen.contains(r#""active":true"#), "{name}: {seen}");
    }

    // A second time, by a new container and by SIGHUP.
    project.succeed(&format!("{COMPOSE} up -d --force-recreate"));
    until_applied(&project, 1);
    assert_eq!(found(&project), first);
    project.succeed(&format!("{COMPOSE} kill -s HUP photoprism"));
    until_applied(&project, 2);
    assert_eq!(found(&project), first);

    // A volume that was restored: what is declared is there, next to what the backup has.
    let own = format!("{COMPOSE} exec photoprism photoprism");
    project.succeed(&format!("{own} users add -r guest -A none zoe"));
    project.succeed(&format!("{own} admin backup create -o - > backup.db"));
    project.succeed(&format!("{COMPOSE} down -v && {COMPOSE} up -d"));
    until_applied(&project, 1);
    project.succeed(&format!("{own} admin backup restore --yes - < backup.db"));
    project.succeed(&format!("{COMPOSE} kill -s HUP photoprism"));
    until_applied(&project, 2);
    let [users, sessions, last] = found(&project);
    assert_eq!(users, first[0].clone() + "zoe;Guest\n");
    assert_eq!(sessions.lines().count(), 3, "{sessions}");
    project.succeed(&format!("{COMPOSE} restart photoprism"));
    until_applied(&project, 3);
    assert_eq!(found(&project), [users, sessions, last]);

    // What is refused ends the start, and is named.
    fs::write(project.checkout.path("secrets/bob"), "short\n").unwrap();
    project.succeed(&format!("{COMPOSE} up -d --force-recreate"));
    project.until(&format!("{COMPOSE} logs photoprism | grep -q 'declared and refused'"));
    let logs = project.succeed(&format!("{COMPOSE} logs photoprism"));
    assert!(logs.contains("bob") && !logs.contains("short\n"), "{logs}");
}
