//! Apache, with `mod_authnz_external`.

use std::path::Path;

use crate::common::outside::{lacks, skipped};
use crate::proxied::{Program, Proxied, program, public_gate};

const SITE: &str = include_str!("apache.conf");
const MODULES: &str = "/usr/lib/apache2/modules";

/// Those that the configuration needs, as Debian loads them.
const NEEDED: [&str; 10] = [
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_basic",
    "authnz_external",
    "headers",
    "proxy",
    "proxy_http",
    "reqtimeout",
];

#[test]
fn apache_lets_in_who_may_pass() {
    if lacks("apache2") {
        return;
    }
    if !Path::new(MODULES).join("mod_authnz_external.so").exists() {
        return skipped("no mod_authnz_external here");
    }
    let mut proxied = Proxied::new(&[]);
    let user = nix::unistd::User::from_name("www-data").unwrap();
    let is_root = nix::unistd::geteuid().is_root();
    if let Some(user) = user.filter(|_| is_root) {
        proxied.home.give_to(user.gid.as_raw());
    }
    let directory = proxied.home.path("");
    let gate = public_gate(&directory);
    let site = proxied
        .moved(&format!("Listen 127.0.0.1:8080\n{SITE}"))
        .replace("/usr/bin/photoprism-gate", gate.to_str().unwrap())
        .replace("/run/photoprism-auth/auth.sock", proxied.home.auth_socket().to_str().unwrap());
    let modules: Vec<_> = NEEDED
        .iter()
        .map(|name| format!("LoadModule {name}_module {MODULES}/mod_{name}.so\n"))
        .collect();
    let owner = if is_root { "User www-data\nGroup www-data\n" } else { "" };
    let whole = format!(
        "ServerName photos\nServerRoot {0}\nDefaultRuntimeDir {0}\nPidFile {0}/apache.pid\n\
         ErrorLog {0}/apache.log\n{1}{owner}{site}",
        directory.display(),
        modules.concat()
    );
    let path = proxied.write("apache.conf", &whole);
    let _apache = Program::start(program("apache2").arg("-DFOREGROUND").arg("-f").arg(path));
    proxied.lets_in_who_may_pass(false);
    proxied.hands_bodies_on();
    // It knows let in and not let in alone.
    proxied.is_closed_without_a_daemon(401);
    proxied.is_limited(401);
}
