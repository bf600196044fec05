//! The gate as a service next to the daemon.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::blocks::GATE_PAGE;
use super::checkout::follow_in;
use super::docker::Project;

/// The status line of the gate's answer to a request with that header, if any.
fn status(address: &str, header: &str) -> String {
    let mut stream = TcpStream::connect((address, 8081)).unwrap();
    let request = format!("GET /?scope=webdav HTTP/1.0\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

pub(super) fn lets_through_whom_it_should(project: &Project) {
    follow_in(GATE_PAGE, "\n## In containers\n", |script| project.succeed(script));
    // From this machine, which is the first address of the network: one of those of proxies.
    let each = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let address = project.inspect("gate", each);
    project.until(&format!("(exec 3<> /dev/tcp/{address}/8081) 2> /dev/null"));
    let bearer = |token: &str| {
        let forwarded = "X-Forwarded-For: 203.0.113.9, 192.0.2.7";
        status(&address, &format!("Authorization: Bearer {}\r\n{forwarded}\r\n", token.trim()))
    };
    let token = project
        .succeed("docker compose exec photoprism photoprism auth add -q -n Phone -s webdav bob");
    assert_eq!(bearer(&token), "HTTP/1.1 204 No Content");
    assert_eq!(bearer(&"0".repeat(48)), "HTTP/1.1 401 Unauthorized");
    assert_eq!(status(&address, ""), "HTTP/1.1 401 Unauthorized");
    let sessions = project.succeed("docker compose exec photoprism photoprism auth ls --csv bob");
    assert!(sessions.contains(";192.0.2.7;"), "the address is what the proxy says: {sessions}");

    // It has the one socket, on which no account can be changed.
    let client = "photoprism --socket /run/photoprism-auth/auth.sock users ls";
    let refused = project.checkout.run(&format!("docker compose exec gate {client}"));
    assert!(refused.text.contains("is not served on the auth socket"), "{}", refused.text);
    let mounted = project.inspect("gate", "{{range .Mounts}}{{.Destination}} {{end}}");
    assert_eq!(mounted.trim(), "/run/photoprism-auth");
}
