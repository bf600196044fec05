//! `haproxy`, with a few lines of Lua.

use crate::common::outside::lacks;
use crate::proxied::{Program, Proxied, program};

const CONFIGURATION: &str = include_str!("haproxy.cfg");
const SCRIPT: &str = include_str!("gate.lua");

#[test]
fn haproxy_lets_in_who_may_pass() {
    if lacks("haproxy") {
        return;
    }
    let mut proxied = Proxied::new(&[]);
    let script = proxied.write("gate.lua", &proxied.with_gate(SCRIPT));
    let configuration = proxied.moved(CONFIGURATION);
    assert!(configuration.contains("/etc/haproxy/gate.lua"));
    let configuration = configuration.replace("/etc/haproxy/gate.lua", script.to_str().unwrap());
    let path = proxied.write("haproxy.cfg", &configuration);
    let _haproxy = Program::start(program("haproxy").args(["-q", "-db", "-f"]).arg(path));
    proxied.lets_in_who_may_pass(true);
    proxied.lets_in_tokens();
    proxied.hands_bodies_on();
    proxied.is_closed_without_a_daemon(503);
    proxied.is_limited(429);
}
