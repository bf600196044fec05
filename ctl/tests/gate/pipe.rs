//! `photoprism-gate pipe`, as Apache and PAM start it.

use std::io::Write;

use serde_json::json;

use crate::common::{Home, Output, PASSWORD, command, output};
use crate::fake::{Fake, refused};

/// The exit code with that input, these flags and these variables.
fn run(home: &Home, flags: &[&str], env: &[(&str, &str)], input: &str) -> Output {
    let mut command = command(&["pipe", "--auth-socket", home.auth_socket().to_str().unwrap()]);
    output(command.args(flags).envs(env.iter().copied()), input.as_bytes())
}

#[test]
fn two_lines_are_let_in_or_not() {
    let mut home = Home::with_bob();
    home.add("zoë", json!({"password": "pass:wörd with blanks"}));
    let app = home.token(Some("bob"), "webdav");
    for (input, code) in [
        (format!("bob\n{PASSWORD}\n"), 0),
        (format!("bob\n{PASSWORD}"), 0),
        (format!("bob\r\n{PASSWORD}\r\n"), 0),
        (format!("Bob\n{PASSWORD}\nmore\n"), 0),
        ("zoë\npass:wörd with blanks\n".into(), 0),
        (format!("bob\n{app}\n"), 0),
        (format!("bob\n{PASSWORD} \n"), 1),
        (format!("bob\n {PASSWORD}\n"), 1),
        (format!("nobody\n{PASSWORD}\n"), 1),
        (format!("\n{PASSWORD}\n"), 1),
        ("bob\n\n".into(), 1),
        ("bob\n".into(), 1),
        ("bob".into(), 1),
        (String::new(), 1),
        (format!("bob\n{}\n", "x".repeat(100_000)), 1),
    ] {
        let output = run(&home, &[], &[], &input);
        assert_eq!(output.code, Some(code), "{input:.40?} {output:?}");
        assert_eq!((output.out.as_str(), output.err.as_str()), ("", ""), "{input:.40?}");
    }
    let mut command = command(&["pipe", "--auth-socket", home.auth_socket().to_str().unwrap()]);
    assert_eq!(output(&mut command, b"bob\n\xff\n").code, Some(1));
    let scoped = |scope| run(&home, &["--scope", scope], &[], &format!("bob\n{app}\n")).code;
    assert_eq!((scoped("webdav"), scoped("photos")), (Some(0), Some(1)));
}

#[test]
fn pam_names_the_user_and_ends_the_password_with_a_nul() {
    let home = Home::with_bob();
    let env = [("PAM_USER", "bob"), ("PAM_RHOST", "192.0.2.7"), ("PAM_TYPE", "auth")];
    for (input, code) in [
        (format!("{PASSWORD}\0"), 0),
        (format!("{PASSWORD}\n"), 0),
        (PASSWORD.to_owned(), 0),
        (format!("{PASSWORD} \0"), 1),
        (format!(" {PASSWORD}\0"), 1),
        (format!("{PASSWORD}\0\0"), 1),
        (format!("{PASSWORD}\n\n"), 1),
        (format!("bob\n{PASSWORD}\n"), 1),
        ("\0".into(), 1),
        (String::new(), 1),
    ] {
        let output = run(&home, &["--realm", "pam"], &env, &input);
        assert_eq!(output.code, Some(code), "{input:?} {output:?}");
    }
    let logins = home.logins("bob");
    assert!(logins.iter().all(|(ip, realm, _)| ip == "192.0.2.7" && realm == "pam"), "{logins:?}");
}

#[test]
fn the_address_is_that_of_the_client_or_the_fallback() {
    let given = format!("bob\n{PASSWORD}\n");
    let pam = format!("{PASSWORD}\0");
    let user = ("PAM_USER", "bob");
    for (flags, env, input, expected) in [
        (&[][..], &[("IP", "192.0.2.1")][..], &given, "192.0.2.1"),
        (&[], &[("IP", "2001:db8::1%eth0")], &given, "2001:db8::1"),
        (&[], &[("IP", "localhost")], &given, "127.0.0.1"),
        (&[], &[("PAM_RHOST", "192.0.2.2")], &given, "127.0.0.1"),
        (&[], &[], &given, "127.0.0.1"),
        (&["--client-ip", "192.0.2.9"], &[], &given, "192.0.2.9"),
        (&["--client-ip", "192.0.2.9"], &[("IP", "192.0.2.1")], &given, "192.0.2.1"),
        (&[], &[user, ("PAM_RHOST", "192.0.2.2"), ("IP", "192.0.2.1")], &pam, "192.0.2.2"),
        (&["--client-ip", "::1"], &[user, ("PAM_RHOST", "mail.example.com")], &pam, "::1"),
        (&[], &[user, ("PAM_RHOST", "")], &pam, "127.0.0.1"),
    ] {
        let home = Home::with_bob();
        assert_eq!(run(&home, flags, env, input).code, Some(0), "{env:?}");
        assert_eq!(home.logins("bob")[0].0, expected, "{flags:?} {env:?}");
    }
}

#[test]
fn limited_is_1_and_no_answer_is_75() {
    let mut home = Home::with_bob();
    for _ in 0..10 {
        assert_eq!(run(&home, &[], &[], "bob\nwrong\n").code, Some(1));
    }
    let limited = run(&home, &[], &[], &format!("bob\n{PASSWORD}\n"));
    assert_eq!((limited.code, limited.err.as_str()), (Some(1), ""));
    home.stop();
    let output = run(&home, &[], &[], &format!("bob\n{PASSWORD}\n"));
    assert_eq!(output.code, Some(75), "{output:?}");
    assert!(output.err.starts_with("error: no answer from the daemon: cannot connect to "));
    for code in ["busy", "unavailable", "storage_full", "internal", "outcome_unknown", "forbidden"]
    {
        let fake =
            Fake::new(move |request, stream| stream.write_all(&refused(request, code)).is_ok());
        let socket = fake.socket();
        let mut command = command(&["pipe", "--auth-socket", socket.to_str().unwrap()]);
        let output = self::output(&mut command, format!("bob\n{PASSWORD}\n").as_bytes());
        assert_eq!(output.code, Some(75), "{code}");
        assert!(!output.err.contains(PASSWORD));
    }
}

#[test]
fn bad_settings_are_2() {
    for flags in [
        &["pipe"][..],
        &["pipe", "--auth-socket", ""],
        &["pipe", "--auth-socket", "/x", "--scope", ""],
        &["pipe", "--auth-socket", "/x", "--realm", ""],
        &["pipe", "--auth-socket", "/x", "--client-ip", "localhost"],
        &["pipe", "--auth-socket", "/x", "--unknown"],
    ] {
        assert_eq!(output(&mut command(flags), b"bob\nx\n").code, Some(2), "{flags:?}");
    }
}
