//! rclone, with `--auth-proxy`.

use std::fs;

use serde_json::json;

use crate::common::http::exchange;
use crate::common::outside::lacks;
use crate::common::{Home, PASSWORD, basic};
use crate::page::section;
use crate::proxied::{Program, connect, free_port, program};

/// What the page has, with the paths and the port of this test.
fn moved(script: &str, home: &Home, port: u16) -> String {
    let photos = home.path("photos").display().to_string();
    let socket = home.auth_socket().display().to_string();
    [
        ("photoprism-gate", env!("CARGO_BIN_EXE_photoprism-gate")),
        ("/run/photoprism-auth/auth.sock", &socket),
        ("/photos", &photos),
        ("127.0.0.1:8080", &format!("127.0.0.1:{port}")),
    ]
    .iter()
    .fold(script.to_owned(), |script, (from, to)| {
        assert!(script.contains(from), "{from}");
        script.replace(from, to)
    })
}

#[test]
fn rclone_serves_the_directory_of_the_account() {
    if lacks("rclone") {
        return;
    }
    let mut home = Home::with_bob();
    home.add("ann", json!({"base_path": "users/ann", "webdav": true}));
    for (directory, text) in [("photos/users/ann", "of ann"), ("photos", "of all")] {
        fs::create_dir_all(home.path(directory)).unwrap();
        fs::write(home.path(directory).join("whose.txt"), text).unwrap();
    }
    let port = free_port();
    let (_, script) = section("\n## rclone\n").split_once("```sh\n").unwrap();
    let script = moved(script.split("```").next().unwrap(), &home, port);
    let mut command = program("bash");
    command.env("HOME", home.path("")).args(["-c", &format!("exec {} --quiet", script.trim())]);
    let _rclone = Program::start(&mut command);
    let get = |name: &str, password: &str| {
        let header = basic(name, password);
        let text = format!(
            "GET /whose.txt HTTP/1.1\r\nHost: dav\r\nConnection: close\r\n{header}\r\n\r\n"
        );
        let response = exchange(&mut connect(port), text.as_bytes());
        (response.status, response.body)
    };
    // rclone remembers the password of an account for minutes and refuses others meanwhile.
    home.add("eve", json!({"base_path": "users/ann"}));
    let app = home.token(Some("eve"), "webdav");
    assert_eq!(get("ann", PASSWORD), (200, "of ann".into()));
    assert_eq!(get("bob", PASSWORD), (200, "of all".into()));
    assert_eq!(get("eve", &app), (200, "of ann".into()));
    for (name, password) in [("ann", "wrong"), ("nobody", PASSWORD)] {
        let (status, body) = get(name, password);
        assert!(matches!(status, 401 | 403) && !body.contains("of "), "{status} {body}");
    }
    home.stop();
    let (status, body) = get("bob", "another password, since rclone remembers");
    assert!(matches!(status, 401 | 403) && !body.contains("of "), "{status} {body}");
}
