//! nginx, with `auth_request`.

use crate::common::outside::lacks;
use crate::proxied::{Program, Proxied, program};

const SERVER: &str = include_str!("nginx.conf");

#[test]
fn nginx_lets_in_who_may_pass() {
    if lacks("nginx") {
        return;
    }
    let mut proxied = Proxied::new(&["--limited-status", "401"]);
    let directory = proxied.home.path("");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {}/nginx-{name};\n", directory.display()))
        .concat();
    let whole = format!(
        "daemon off;\nmaster_process off;\nerror_log stderr crit;\npid {0}/nginx.pid;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{1}}}\n",
        directory.display(),
        proxied.moved(SERVER)
    );
    let path = proxied.write("nginx.conf", &whole);
    let mut command = program("nginx");
    let _nginx = Program::start(command.arg("-p").arg(&directory).arg("-c").arg(path));
    proxied.lets_in_who_may_pass(true);
    proxied.lets_in_tokens();
    proxied.hands_bodies_on();
    // It passes 401 and 403 on, and takes everything else for a fault of the gate.
    proxied.is_closed_without_a_daemon(500);
    proxied.is_limited(401);
}
