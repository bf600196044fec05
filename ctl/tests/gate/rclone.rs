//! `photoprism-gate rclone`, as `rclone serve --auth-proxy` starts it.

use std::io::Write;

use serde_json::{Value, json};

use crate::common::{Home, Output, PASSWORD, RCLONE, command, output};
use crate::fake::{Fake, ok, refused};

const ROOT: [&str; 2] = ["--root", "/photos/{base_path}"];

fn run(home: &Home, flags: &[&str], input: &Value) -> Output {
    let mut command = command(&[RCLONE, "--auth-socket", home.auth_socket().to_str().unwrap()]);
    output(command.args(flags), input.to_string().as_bytes())
}

fn printed(output: &Output) -> Value {
    assert_eq!(output.code, Some(0), "{output:?}");
    serde_json::from_str(&output.out).unwrap()
}

#[test]
fn a_backend_has_the_directory_of_the_account() {
    let mut home = Home::with_bob();
    home.add("ann", json!({"base_path": "users/ann"}));
    let of = |name: &str, password: &str| json!({"user": name, "pass": password});
    let ann = run(&home, &ROOT, &of("ann", PASSWORD));
    assert_eq!(printed(&ann), json!({"type": "local", "_root": "/photos/users/ann"}));
    let bob = run(&home, &ROOT, &of("bob", PASSWORD));
    assert_eq!(printed(&bob), json!({"type": "local", "_root": "/photos"}));
    let flags = ["--root", "bucket/{base_path}/x", "--type", "s3"];
    let other = run(&home, &flags, &of("ann", PASSWORD));
    assert_eq!(printed(&other), json!({"type": "s3", "_root": "bucket/users/ann/x"}));
    // An app password needs the scope.
    let [good, bad] = ["webdav", "photos"].map(|scope| home.token(Some("ann"), scope));
    printed(&run(&home, &ROOT, &of("ann", &good)));
    assert_eq!(run(&home, &ROOT, &of("ann", &bad)).code, Some(1));
    let flags = [&ROOT[..], &["--scope", "photos"]].concat();
    printed(&run(&home, &flags, &of("ann", &bad)));
}

#[test]
fn the_address_is_that_of_rclone_or_the_fallback() {
    for (flags, input, expected) in [
        (&[][..], json!({}), "127.0.0.1"),
        (&[], json!({"client_ip": "192.0.2.1"}), "192.0.2.1"),
        (&[], json!({"client_ip": "[2001:db8::1]:4711", "more": [1]}), "2001:db8::1"),
        (&["--client-ip", "192.0.2.9"], json!({"client_ip": "nowhere"}), "192.0.2.9"),
    ] {
        let home = Home::with_bob();
        let mut input = input;
        input["user"] = "bob".into();
        input["pass"] = PASSWORD.into();
        let flags = [&ROOT[..], &["--realm", RCLONE], flags].concat();
        printed(&run(&home, &flags, &input));
        let login = home.logins("bob").remove(0);
        assert_eq!((login.0.as_str(), login.1.as_str()), (expected, RCLONE), "{input}");
    }
}

#[test]
fn everybody_else_is_refused() {
    let home = Home::with_bob();
    let bad = [
        json!({"user": "bob", "pass": "wrong"}),
        json!({"user": "nobody", "pass": PASSWORD}),
        json!({"user": "bob", "pass": ""}),
        json!({"user": "", "pass": PASSWORD}),
        json!({"user": "bob", "pass": format!("{PASSWORD}\0")}),
        json!({"user": "bob", "public_key": "AAAAB3NzaC1yc2E"}),
        json!({"user": "bob", "pass": PASSWORD, "public_key": "AAAAB3NzaC1yc2E"}),
        json!({"user": "bob"}),
        json!({"pass": PASSWORD}),
        json!({"user": ["bob"], "pass": PASSWORD}),
        json!("bob"),
    ];
    for input in bad {
        let output = run(&home, &ROOT, &input);
        assert_eq!((output.code, output.out.as_str()), (Some(1), ""), "{input}");
        assert!(!output.err.contains(PASSWORD));
    }
    let mut command = command(&[RCLONE, "--root", "/{base_path}", "--auth-socket"]);
    assert_eq!(output(command.arg(home.auth_socket()), b"no json").code, Some(1));
}

#[test]
fn no_answer_is_75_and_a_base_path_never_leaves_the_root() {
    let ask = |fake: &Fake| {
        let socket = fake.socket();
        let flags = [RCLONE, ROOT[0], ROOT[1], "--auth-socket", socket.to_str().unwrap()];
        output(
            &mut command(&flags),
            json!({"user": "bob", "pass": PASSWORD}).to_string().as_bytes(),
        )
    };
    for (code, exit) in
        [("busy", 75), ("internal", 75), ("rate_limited", 1), ("passcode_required", 1)]
    {
        let fake =
            Fake::new(move |request, stream| stream.write_all(&refused(request, code)).is_ok());
        let output = ask(&fake);
        assert_eq!((output.code, output.out.as_str()), (Some(exit), ""), "{code}");
    }
    let home = Home::with_bob();
    let user = home.ok("users.show", &json!({"user": "bob"}))["user"].take();
    for base_path in ["..", "../bob", "a/../../b", "/etc", "a//b", ".", "a\\..\\b", "a\nb"] {
        let mut user = user.clone();
        user["base_path"] = base_path.into();
        let fake = Fake::new(move |request, stream| {
            let result = json!({"user": user, "session": null, "secret": null});
            stream.write_all(&ok(request, &result)).is_ok()
        });
        let output = ask(&fake);
        assert_eq!((output.code, output.out.as_str()), (Some(1), ""), "{base_path}");
        assert!(output.err.contains("leaves the root"), "{output:?}");
    }
}

#[test]
fn bad_settings_are_2() {
    for flags in [
        &[][..],
        &["--root", "/photos"],
        &["--root", "/{base_path}/{base_path}"],
        &["--root", "/{base_path}", "--type", ""],
        &["--root", "/{base_path}", "--scope", "a/b"],
        &["--root", "/{base_path}", "--client-ip", "x"],
    ] {
        let mut command = command(&[RCLONE, "--auth-socket", "/x"]);
        let output = output(command.args(flags), b"{}");
        assert_eq!(output.code, Some(2), "{flags:?} {output:?}");
    }
}
