//! `POST /introspect`: RFC 7662.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::http::{Response, exchange, is_over};
use crate::common::{Gate, Home, basic, command, output};

const SECRET: &str = "a-secret-of-the-resource-server";

fn secret_file(home: &Home) -> PathBuf {
    let path = home.path("introspect");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    path
}

fn started(home: &Home) -> Gate {
    home.gate(&["--introspect-secret-file", secret_file(home).to_str().unwrap()])
}

fn request(authorization: &str, form: &str) -> String {
    format!(
        "POST /introspect HTTP/1.1\r\nHost: gate\r\n{authorization}\r\nContent-Type: \
         application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

fn asked(gate: &Gate, form: &str) -> Response {
    gate.send(request(&format!("Authorization: Bearer {SECRET}"), form).as_bytes())
}

#[test]
fn a_token_is_introspected_as_the_daemon_does_it() {
    let home = Home::with_bob();
    let gate = started(&home);
    let token = home.token(Some("bob"), "webdav");
    let body = |form: &str| {
        let response = asked(&gate, form);
        assert_eq!((response.status, response.closes()), (200, false), "{form}");
        assert_eq!(response.header("Content-Type"), Some("application/json"));
        assert_eq!(response.header("Cache-Control"), Some("no-store"));
        serde_json::from_str::<Value>(&response.body).unwrap()
    };
    let whole = home.ok("auth.verify", &json!({"token": token}));
    assert_eq!(whole["active"], true);
    assert_eq!(body(&format!("token={token}")), whole);
    assert_eq!(body(&format!("scope=webdav&token={token}&token_type_hint=x")), whole);
    let inactive = json!({"active": false});
    assert_eq!(body(&format!("token={token}&scope=photos")), inactive);
    assert_eq!(body("token=x"), inactive);
    assert_eq!(body(&format!("token={}", "x".repeat(9000))), inactive);
    home.ok("auth.rm", &json!({"session": token}));
    assert_eq!(body(&format!("token={token}")), inactive);
}

#[test]
fn only_who_has_the_secret_is_answered() {
    let home = Home::with_bob();
    let gate = started(&home);
    let token = home.token(Some("bob"), "webdav");
    let form = format!("token={token}");
    for good in [basic("anybody", SECRET), format!("authorization: bearer {SECRET}")] {
        assert_eq!(gate.send(request(&good, &form).as_bytes()).status, 200, "{good}");
    }
    for bad in [
        "X: y".to_owned(),
        "Authorization: Bearer x".to_owned(),
        format!("X-Auth-Token: {SECRET}"),
        format!("Authorization: Bearer {SECRET}x"),
        format!("Authorization: Bearer {token}"),
        basic(SECRET, ""),
        basic("bob", crate::common::PASSWORD),
    ] {
        let refused = gate.send(request(&bad, &form).as_bytes());
        assert_eq!(refused.status, 401, "{bad}");
        assert!(refused.header("WWW-Authenticate").is_some());
    }
    // The secret opens nothing else.
    assert_eq!(gate.bearer("/", SECRET).status, 401);
}

#[test]
fn a_form_that_is_not_one_is_refused() {
    let home = Home::started();
    let gate = started(&home);
    for form in ["", "x=y", "token=", "token=a&token=a", "token=%zz", "token=a&scope=", "token=a&"]
    {
        let refused = asked(&gate, form);
        assert_eq!(refused.status, 400, "{form}");
        let body: Value = serde_json::from_str(&refused.body).unwrap();
        assert_eq!(body["error"], "invalid_request");
    }
    let authorization = format!("Authorization: Bearer {SECRET}");
    let plain = request(&authorization, "token=a").replace("x-www-form-urlencoded", "json");
    assert_eq!(gate.send(plain.as_bytes()).status, 400);
    for (lines, status) in [
        ("Content-Length: 16385", 413),
        ("Content-Length: 99999999999", 413),
        ("Transfer-Encoding: chunked", 411),
    ] {
        let mut stream = gate.connect();
        let text = format!("POST /introspect HTTP/1.1\r\n{authorization}\r\n{lines}\r\n\r\n");
        let refused = exchange(&mut stream, text.as_bytes());
        assert_eq!((refused.status, refused.closes()), (status, true), "{lines}");
        assert!(is_over(&mut stream));
    }
    let get = gate.get("/introspect", &[&authorization]);
    assert_eq!((get.status, get.header("Allow")), (405, Some("POST")));
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let home = Home::started();
    let gate = started(&home);
    let text = request(&format!("Authorization: Bearer {SECRET}"), "token=a");
    assert_eq!(gate.send(&text.as_bytes()[..text.len() - 1]).status, 408);
}

#[test]
fn it_is_off_without_a_secret() {
    let home = Home::started();
    let gate = home.gate(&[]);
    assert_eq!(asked(&gate, "token=x").status, 404);
}

#[test]
fn the_file_of_the_secret_is_checked() {
    let home = Home::started();
    let path = secret_file(&home);
    let run = |path: &Path| {
        let mut command = command(&["serve", "--check", "--auth-socket", "/x"]);
        output(command.arg("--introspect-secret-file").arg(path), b"")
    };
    let good = run(&path);
    assert_eq!(good.code, Some(0), "{good:?}");
    assert!(!good.out.contains(SECRET), "{good:?}");
    let refuses = |path: &Path, word: &str| {
        let output = run(path);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.err.contains(word) && !output.err.contains(SECRET), "{output:?}");
    };
    fs::set_permissions(&path, PermissionsExt::from_mode(0o604)).unwrap();
    refuses(&path, "chmod o=");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    for bad in ["", "\n", "two words\n", "two\nlines\n", "sécret\n"] {
        fs::write(&path, bad).unwrap();
        refuses(&path, "has no secret");
    }
    fs::write(&path, "x".repeat(5000)).unwrap();
    refuses(&path, "4096");
    refuses(&home.path("missing"), "cannot be read");
    refuses(&home.path("run"), "is not a file");
}
