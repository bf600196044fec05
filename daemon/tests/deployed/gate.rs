//! The gate of the README as a service next to the daemon.

use super::docker::Project;

/// Asks the gate by its name in the network, with the token in the first argument, if any.
const ASK: &str = "
import sys, urllib.error, urllib.request
headers = {'Authorization': 'Bearer ' + sys.argv[1]} if len(sys.argv) > 1 else {}
try:
    print(urllib.request.urlopen(urllib.request.Request('http://gate:8081/', None, headers)).status)
except urllib.error.HTTPError as error:
    print(error.code)
";

/// Sends a line to the auth socket.
const SEND: &str = "
import socket, sys
with socket.socket(socket.AF_UNIX) as daemon:
    daemon.connect('/run/photoprism-auth/auth.sock')
    daemon.sendall(sys.argv[1].encode() + b'\\n')
    print(daemon.makefile().readline())
";

pub(super) fn lets_through_whom_it_should(project: &Project) {
    let python = |script: &str, argument: &str| {
        project
            .succeed(&format!("docker compose exec gate python3 -c \"{script}\" {argument} 2>&1"))
    };
    project.until(&format!("docker compose exec gate python3 -c \"{ASK}\""));
    let token = project
        .succeed("docker compose exec photoprism photoprism auth add -q -n Phone -s webdav bob");
    assert_eq!(python(ASK, &token).trim(), "204");
    assert_eq!(python(ASK, "").trim(), "401");
    assert_eq!(python(ASK, &"0".repeat(48)).trim(), "401");

    assert!(python(SEND, r#"'{"cmd":"ping"}'"#).contains("\"pong\":true"));
    let refused = python(SEND, r#"'{"cmd":"users.ls"}'"#);
    assert!(refused.contains("\"code\":\"forbidden\""), "{refused}");
    let mounted = project.inspect("gate", "{{range .Mounts}}{{.Destination}} {{end}}");
    let mut mounted: Vec<_> = mounted.split_whitespace().collect();
    mounted.sort_unstable();
    assert_eq!(mounted, ["/gate.py", "/run/photoprism-auth"]);
}
