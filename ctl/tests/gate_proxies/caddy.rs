//! Caddy, with `forward_auth`.

use crate::common::outside::lacks;
use crate::proxied::{Program, Proxied, program};

const SITE: &str = include_str!("Caddyfile");

#[test]
fn caddy_lets_in_who_may_pass() {
    if lacks("caddy") {
        return;
    }
    let mut proxied = Proxied::new(&[]);
    let whole = format!("{{\n\tadmin off\n\tauto_https off\n}}\n\n{}", proxied.moved(SITE));
    let path = proxied.write("Caddyfile", &whole);
    let mut command = program("caddy");
    command.env("HOME", proxied.home.path("")).args(["run", "--adapter", "caddyfile", "--config"]);
    let _caddy = Program::start(command.arg(path).stderr(std::process::Stdio::null()));
    proxied.lets_in_who_may_pass(true);
    proxied.lets_in_tokens();
    proxied.hands_bodies_on();
    proxied.is_closed_without_a_daemon(503);
    proxied.is_limited(429);
}
