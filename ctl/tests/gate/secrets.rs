//! No secret is in the log, in a message, or in a response.

use std::io::Write;

use crate::common::{Home, PASSWORD, RCLONE, basic, command, output};
use crate::fake::{Fake, refused};

const CANARIES: [&str; 4] = [
    "canary-password-7f3a",
    "HY8fxO-8hvNqB-43UV4q-1AZ0vu",
    "canary-introspection-91c0",
    "Y2FuYXJ5",
];

#[track_caller]
fn has_none(text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary}: {text}");
    }
    assert!(!text.contains(PASSWORD), "{text}");
}

#[test]
fn no_secret_is_logged_or_answered() {
    let mut home = Home::with_bob();
    let secret = home.path("secret");
    std::fs::write(&secret, CANARIES[2]).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let gate = home.gate(&["--introspect-secret-file", secret.to_str().unwrap()]);
    let ask_everything = || {
        let [password, token, introspection, _] = CANARIES;
        let lines = [
            basic("bob", password),
            basic("bob", token),
            basic("bob", PASSWORD),
            basic("canary:", password),
            format!("Authorization: Bearer {token}"),
            format!("X-Auth-Token: {token}"),
            format!("Authorization: {password}"),
            format!("X-Forwarded-For: unknown\r\n{}", basic("bob", password)),
        ];
        let mut requests: Vec<_> = lines
            .iter()
            .flat_map(|line| {
                ["/", "/?scope=webdav", "/?x", "/nowhere"]
                    .map(|target| format!("GET {target} HTTP/1.1\r\nHost: gate\r\n{line}\r\n\r\n"))
            })
            .collect();
        requests.extend(lines.iter().flat_map(|line| {
            ["X: a\n", "Content-Length: x\r\n", " folded\r\n"]
                .map(|bad| format!("GET / HTTP/1.1\r\n{line}\r\n{bad}\r\n"))
        }));
        let form = format!("token={token}&x={password}");
        let length = form.len();
        for line in [format!("Authorization: Bearer {introspection}"), basic("x", password)] {
            requests.push(format!(
                "POST /introspect HTTP/1.1\r\n{line}\r\nContent-Type: \
                 application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
            ));
        }
        for request in requests {
            let response = gate.send(request.as_bytes());
            assert_ne!(response.status, 0, "{request}");
            has_none(&format!("{}{}", response.head, response.body));
        }
    };
    ask_everything();
    home.stop();
    ask_everything();
    has_none(&gate.running.stop());
}

#[test]
fn no_message_repeats_what_the_daemon_was_sent() {
    for answer in ["internal", "x\n"] {
        let fake = Fake::new(move |request, stream| {
            let bytes = if answer == "internal" {
                refused(request, answer)
            } else {
                // Its own request, as a reply: no message may contain it.
                format!("{request}\n").into_bytes()
            };
            stream.write_all(&bytes).is_ok()
        });
        let socket = fake.socket();
        let socket = socket.to_str().unwrap();
        for password in [CANARIES[0], CANARIES[1]] {
            let mut pipe = command(&["pipe", "--auth-socket", socket]);
            let output = output(&mut pipe, format!("bob\n{password}\n").as_bytes());
            assert_eq!(output.code, Some(75));
            has_none(&output.err);
            let mut rclone = command(&[RCLONE, "--root", "/{base_path}", "--auth-socket", socket]);
            let input = format!("{{\"user\":\"bob\",\"pass\":\"{password}\"}}");
            let output = self::output(&mut rclone, input.as_bytes());
            assert_eq!(output.code, Some(75));
            has_none(&format!("{}{}", output.err, output.out));
        }
    }
}

#[test]
fn nobody_reads_its_memory() {
    let home = Home::started();
    let gate = home.gate(&[]);
    // Of a process that may not be dumped the files belong to root: only root reads them at all.
    let found = std::fs::metadata(format!("/proc/{}/environ", gate.running.pid())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&found), 0);
}
