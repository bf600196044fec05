//! The tour, with the daemon in its container: from a second container that shares the
//! volume of the admin socket and has a shell, the static client and what the tour needs.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::blocks::{TOUR, blocks};
use super::docker::Project;
use super::settled::settled;

/// Where the tour begins, the first admin has no password yet, and there is no auth socket.
const WITHOUT: &str = "
services:
  photoprism:
    environment:
      PHOTOPRISM_ADMIN_PASSWORD_FILE: ''
      PHOTOPRISM_AUTH_SOCKET: ''
      PHOTOPRISM_AUTH_GROUP: ''
";

/// Paths of the image, and those of the tour.
const PATHS: [(&str, &str); 2] = [
    ("/run/photoprism/admin.sock", "/home/you/.local/share/photoprism/run/admin.sock"),
    ("/var/lib/photoprism", "/home/you/.local/share/photoprism"),
];

#[test]
fn the_tour_with_the_daemon_in_a_container() {
    let Some(project) = Project::new("tour") else { return };
    let file = |name: &str| project.checkout.path(name);
    fs::write(file("tour.yaml"), WITHOUT).unwrap();
    fs::write(file("admin-password.txt"), "").unwrap();
    project.succeed("docker compose -f compose.yaml -f tour.yaml up -d photoprism");
    let steps = blocks(TOUR);
    assert!(steps.len() > 15, "{}", steps.len());
    let out = file("out");
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, PermissionsExt::from_mode(0o777)).unwrap();
    let mut script = String::from("until photoprism admin status --check; do sleep 0.1; done\n");
    for (number, step) in steps.iter().enumerate() {
        let (inside, out) = (&step.script, format!("/out/{number}"));
        writeln!(script, "{{\n{inside}\n}} > {out} 2>&1; echo $? > {out}.code").unwrap();
    }
    fs::write(out.join("script"), script).unwrap();
    project.succeed(&in_second_container(&project));
    for (number, step) in steps.iter().enumerate() {
        let printed = fs::read_to_string(out.join(number.to_string())).unwrap();
        let code = fs::read_to_string(out.join(format!("{number}.code"))).unwrap();
        assert_eq!(code, "0\n", "{}\n{printed}", step.script);
        if let Some(shown) = &step.shown {
            let printed =
                PATHS.iter().fold(printed, |text, (here, there)| text.replace(here, there));
            assert_eq!(settled(&printed), settled(shown), "{}\n{printed}", step.script);
        }
    }
}

fn in_second_container(project: &Project) -> String {
    let volume = format!(
        "$(docker volume ls -q --filter label=com.docker.compose.project={} \
         --filter label=com.docker.compose.volume=admin)",
        project.name
    );
    let client = project.checkout.path("target/release/photoprism");
    format!(
        "timeout 120 docker run --rm --label com.docker.compose.project={} --network none \
         --user 10001:10001 --env HOME=/tmp --workdir /tmp \
         --volume {volume}:/run/photoprism:ro \
         --volume {}:/usr/local/bin/photoprism:ro --volume {}:/out {} bash /out/script",
        project.name,
        client.display(),
        project.checkout.path("out").display(),
        project.images.debian
    )
}
