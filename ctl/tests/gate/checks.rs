//! Who passes, and what is answered.

use serde_json::json;

use crate::common::{Home, PASSWORD, basic};

const CHALLENGE: &str = "Basic realm=\"gate\", charset=\"UTF-8\"";

#[test]
fn a_password_passes_where_it_is_right() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let passed = gate.basic("/", "bob", PASSWORD);
    assert_eq!(passed.status, 204);
    let remote = |name| passed.header(name).unwrap();
    assert_eq!(
        ["Remote-User", "Remote-Email", "Remote-Role", "Remote-Scope"].map(remote),
        ["bob", "bob@example.com", "user", "*"]
    );
    assert!(passed.header("Content-Length").is_none() && !passed.closes());
    assert_eq!(gate.basic("/?scope=anything", " BOB ", PASSWORD).status, 204);
    for (name, password) in [
        ("bob", "something else"),
        ("nobody", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("bob", ""),
        ("", PASSWORD),
        ("bob\0", PASSWORD),
        ("bob", &"x".repeat(5000)),
    ] {
        let refused = gate.basic("/", name, password);
        assert_eq!(refused.status, 401, "{name}");
        assert_eq!(refused.header("WWW-Authenticate"), Some(CHALLENGE));
        assert!(refused.header("Remote-User").is_none());
    }
    let mut logins = home.logins("bob");
    logins.sort();
    assert_eq!(logins, [("127.0.0.1".into(), "gate".into(), "wrong password".into())]);
}

#[test]
fn without_credentials_that_are_understood_nobody_passes() {
    let home = Home::started();
    let gate = home.gate(&["--realm", "Bob's \"photos\""]);
    for header in [
        "X: y",
        "Authorization: Basic",
        "Authorization: Basic !!!",
        "Authorization: Basic Ym9i",
        "Authorization: Digest username=\"bob\"",
        "Authorization: Bearer ",
        "Authorization: Bearer x",
        "X-Auth-Token: ",
    ] {
        let refused = gate.get("/", &[header]);
        assert_eq!(refused.status, 401, "{header}");
        let challenge = "Basic realm=\"Bob's \\\"photos\\\"\", charset=\"UTF-8\"";
        assert_eq!(refused.header("WWW-Authenticate"), Some(challenge));
    }
}

#[test]
fn a_token_passes_with_its_scope_and_role() {
    let mut home = Home::with_bob();
    home.add("ann", json!({"role": "admin"}));
    let gate = home.gate(&[]);
    let bob = home.token(Some("bob"), "webdav photos");
    let ann = home.token(Some("ann"), "*");
    let nobody = home.token(None, "webdav");
    for (token, target, status) in [
        (&bob, "/", 204),
        (&bob, "/?", 204),
        (&bob, "/?scope=webdav", 204),
        (&bob, "/?scope=photos,webdav", 204),
        (&bob, "/?scope=metrics", 403),
        (&bob, "/?scope=webdav+metrics", 403),
        (&bob, "/?scope=*", 403),
        (&bob, "/?role=user", 204),
        (&bob, "/?role=admin,user&scope=photos", 204),
        (&bob, "/?role=admin", 403),
        (&ann, "/?role=admin&scope=*", 204),
        (&ann, "/?scope=anything", 204),
        (&nobody, "/", 204),
        (&nobody, "/?scope=webdav", 204),
        (&nobody, "/?role=user", 403),
        (&nobody, "/?scope=metrics", 403),
    ] {
        for header in ["Authorization: Bearer", "X-Auth-Token:"] {
            let response = gate.get(target, &[&format!("{header} {token}")]);
            assert_eq!(response.status, status, "{target} {header}");
            let named = response.header("Remote-User").is_some();
            assert_eq!(named, status == 204, "{target}");
        }
    }
    let empty = gate.bearer("/", &nobody);
    let remote = |name| empty.header(name).unwrap();
    let shown = ["Remote-User", "Remote-Email", "Remote-Role", "Remote-Scope"].map(remote);
    assert_eq!(shown, ["", "", "", "webdav"]);
    assert_eq!(gate.bearer("/", &bob).header("Remote-Scope"), Some("photos%20webdav"));
    home.ok("auth.rm", &json!({"session": bob}));
    assert_eq!(gate.bearer("/", &bob).status, 401);
    assert_eq!(gate.bearer("/", "HY8fxO-8hvNqB-43UV4q-1AZ0vu").status, 401);
}

#[test]
fn an_app_password_in_a_basic_header_costs_no_login() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let app = home.token(Some("bob"), "webdav");
    let passed = gate.basic("/?scope=webdav", "Bob", &app);
    assert_eq!((passed.status, passed.header("Remote-Scope")), (204, Some("webdav")));
    assert_eq!(passed.header("Remote-Email"), Some("bob@example.com"));
    assert_eq!(home.logins("bob"), []);
    // Refused for its scope is a failure like another, and is distinguished from a wrong one.
    assert_eq!(gate.basic("/?scope=metrics", "bob", &app).status, 403);
    assert_eq!(home.logins("bob")[0].2, "scope");
    assert_eq!(gate.basic("/", "admin", &app).status, 401);
    assert_eq!(gate.basic("/?role=admin", "bob", &app).status, 403);
    assert_eq!(gate.basic("/", "bob", "HY8fxO-8hvNqB-43UV4q-1AZ0vu").status, 401);
    // A password of that form is one nevertheless.
    let odd = "kgMjhk-3rsJtX-rEamyg-aWDYtO";
    home.ok("passwd.set", &json!({"user": "bob", "password": odd}));
    let passed = gate.basic("/?scope=metrics", "bob", odd);
    assert_eq!((passed.status, passed.header("Remote-Scope")), (204, Some("*")));
}

#[test]
fn the_scope_of_the_setting_is_added_to_and_never_replaced() {
    let home = Home::with_bob();
    let gate = home.gate(&["--scope", "webdav"]);
    let [both, one, other] =
        ["webdav photos", "webdav", "photos"].map(|scope| home.token(Some("bob"), scope));
    for (token, target, status) in [
        (&both, "/", 204),
        (&both, "/?scope=photos", 204),
        (&one, "/", 204),
        (&one, "/?scope=photos", 403),
        (&other, "/", 403),
        (&other, "/?scope=photos", 403),
    ] {
        assert_eq!(gate.bearer(target, token).status, status, "{target}");
    }
}

#[test]
fn what_the_query_does_not_say_clearly_is_400() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    for query in [
        "scope=",
        "scope",
        "x=y",
        "Scope=a",
        "scope=a&scope=b",
        "role=a&role=a",
        "role=",
        "scope=%",
        "scope=%zz",
        "scope=%ff",
        "scope=a%00",
        "scope=a/b",
        "&",
        "scope=a&",
    ] {
        let response = gate.get(&format!("/?{query}"), &[&basic("bob", PASSWORD)]);
        assert_eq!(response.status, 400, "{query}");
        assert!(response.header("Remote-User").is_none());
    }
    for target in ["/x", "/healthzz", "/introspect", "//"] {
        assert_eq!(gate.get(target, &[&basic("bob", PASSWORD)]).status, 404, "{target}");
    }
}

#[test]
fn names_are_percent_encoded() {
    let mut home = Home::started();
    home.add("zoë", json!({"email": "zoë+x@example.com", "role": "guest"}));
    let gate = home.gate(&[]);
    let passed = gate.basic("/", "zoë", PASSWORD);
    let remote = |name| passed.header(name).unwrap();
    let shown = ["Remote-User", "Remote-Email", "Remote-Role", "Remote-Scope"].map(remote);
    assert_eq!(shown, ["zo%C3%AB", "zo%C3%AB%2Bx@example.com", "guest", "*"]);
}

#[test]
fn an_account_with_a_second_factor_needs_an_app_password() {
    let home = Home::with_bob();
    let gate = home.gate(&[]);
    let app = home.token(Some("bob"), "webdav");
    let enrolled = home.ok("users.2fa.enroll", &json!({"user": "bob"}));
    let key = enrolled["key"].as_str().unwrap().to_owned();
    home.ok("users.2fa.confirm", &json!({"user": "bob", "passcode": passcode(&key)}));
    let refused = gate.basic("/", "bob", PASSWORD);
    assert_eq!((refused.status, refused.header("WWW-Authenticate")), (401, Some(CHALLENGE)));
    assert_eq!(gate.basic("/", "bob", &app).status, 204);
    assert_eq!(home.logins("bob")[0].2, "passcode missing");
}

/// The code of now (RFC 6238), as an authenticator computes it.
fn passcode(key: &str) -> String {
    let bytes = data_encoding::BASE32_NOPAD.decode(key.as_bytes()).unwrap();
    let secret: [u8; 20] = bytes.try_into().unwrap();
    let totp = totp_rs::Builder::new()
        .with_secret(totp_rs::Secret::new_stack(secret))
        .build_noncompliant();
    let now = photoprism_ctl::clock::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    totp.generate(now.as_secs()).to_string()
}

#[test]
fn too_many_failures_are_429_or_what_nginx_passes_on() {
    let home = Home::with_bob();
    let [gate, nginx] = [&[][..], &["--limited-status", "401"]].map(|flags| home.gate(flags));
    for _ in 0..10 {
        assert_eq!(gate.basic("/", "bob", "wrong").status, 401);
    }
    let limited = gate.basic("/", "bob", PASSWORD);
    assert_eq!(limited.status, 429);
    let wait: u64 = limited.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert!(limited.header("WWW-Authenticate").is_none());
    let limited = nginx.basic("/", "bob", PASSWORD);
    assert_eq!((limited.status, limited.header("WWW-Authenticate")), (401, Some(CHALLENGE)));
    assert!(limited.header("Retry-After").is_some());
    // A token is not a guess.
    assert_eq!(gate.bearer("/", &home.token(Some("bob"), "webdav")).status, 204);
}

#[test]
fn any_method_is_answered_and_a_body_is_not_read() {
    let home = Home::with_bob();
    let gate = home.gate(&["--ok", "200"]);
    let header = basic("bob", PASSWORD);
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND", "OPTIONS", "M-SEARCH"] {
        let text = format!("{method} / HTTP/1.1\r\nHost: gate\r\n{header}\r\n\r\n");
        let passed = gate.send(text.as_bytes());
        assert_eq!((passed.status, passed.closes()), (200, false), "{method}");
        assert_eq!(passed.header("Content-Length"), Some("0"), "{method}");
    }
    // nginx announces the body of the client's request and does not send it.
    for body in ["Content-Length: 1000000", "Transfer-Encoding: chunked"] {
        let text = format!("PUT / HTTP/1.1\r\nHost: gate\r\n{header}\r\n{body}\r\n\r\n");
        let passed = gate.send(text.as_bytes());
        assert_eq!((passed.status, passed.closes()), (200, true), "{body}");
    }
}

#[test]
fn an_agent_and_a_realm_are_recorded() {
    let home = Home::with_bob();
    let gate = home.gate(&["--realm", "dav"]);
    let agent = format!("User-Agent: Client/{}", "x".repeat(600));
    assert_eq!(gate.get("/", &[&basic("bob", PASSWORD), &agent]).status, 204);
    let item = home.ok("logins.ls", &json!({"name": "bob"}))["items"][0].take();
    assert_eq!(item["realm"], "dav");
    assert!(item["user_agent"].as_str().unwrap().starts_with("Client/xxx"));
}
