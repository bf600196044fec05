//! `compose.photoprism-url.yaml`: the daemon in the network of PhotoPrism's container, in which a
//! small server has sessions in its memory and forgets them when it is asked to, also after the
//! container was restarted.

use std::fs;

use super::checkout::page;
use super::docker::Project;
use super::photoprism_compose::{installation, set_up};
use super::skipped;

/// In the place of PhotoPrism's own program.
const PROGRAM: &str = "#!/bin/sh
if [ \"$1\" = start ]; then exec python3 -u /opt/photoprism/serve.py; fi
echo \"PhotoPrism was asked: $0 $*\"
";

/// As much of PhotoPrism as matters: a session that was once found is in memory for ever.
const SERVER: &str = r#"
import hashlib, json, sqlite3, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

memory = {}

def run(statement, value):
    db = sqlite3.connect("/photoprism/storage/index.db", timeout=5)
    with db:
        found = db.execute(statement, {"value": value}).fetchone()
    db.close()
    return found

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body):
        body = json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status):
        self.answer(status, {"code": status, "error": "refused"})

    def session(self):
        id = hashlib.sha256(self.headers.get("X-Auth-Token", "").encode()).hexdigest()
        if id not in memory:
            found = run("SELECT sess_expires FROM auth_sessions WHERE id = :value", id)
            if found and not 0 < found[0] <= time.time():
                # The daemon knows by this that it may be in memory.
                run("UPDATE auth_sessions SET last_active = unixepoch() WHERE id = :value", id)
                memory[id] = True
        return id if id in memory else None

    def do_GET(self):
        if self.path == "/api/v1/status":
            return self.answer(200, {"status": "operational"})
        id = self.session()
        if not id:
            return self.refuse(401)
        self.answer(200, {"session_id": id, "status": "success"})

    def do_DELETE(self):
        id = self.session()
        if not id:
            return self.refuse(401)
        if self.path != "/api/v1/session":
            ref = self.path.removeprefix("/api/v1/sessions/")
            found = run("SELECT id FROM auth_sessions WHERE ref_id = :value", ref)
            if not found:
                return self.refuse(404)
            id = found[0]
        run("DELETE FROM auth_sessions WHERE id = :value OR auth_id = :value", id)
        memory.pop(id, None)
        self.answer(200, {"session_id": id, "status": "deleted"})

ThreadingHTTPServer(("", 2342), Handler).serve_forever()
"#;

/// Sessions of bob in the fixture, with their tokens.
const PHONE: (&str, &str) = ("sessbo4hwg3t", "X2PniU-C1fjAU-gWXAnY-0nUwZi");
const WEB: (&str, &str) = ("sessqf0mn4tk", "efdb7eaddee7002295fb90f67f5efaa7e478a5cb75531f87");

/// What a visitor with that token gets in PhotoPrism's container.
fn visit(project: &Project, token: &str) -> String {
    let script = format!(
        "import http.client as c; h = c.HTTPConnection('127.0.0.1', 2342); \
         h.request('GET', '/api/v1/session', headers={{'X-Auth-Token': '{token}'}}); \
         print(h.getresponse().status)"
    );
    let visit = format!("docker compose exec -T photoprism python3 -c \"{script}\"");
    project.succeed(&format!("cd photoprism\n{visit}")).trim().to_owned()
}

/// Whether Compose restarts what shares the network of a container along with that.
fn restarts_along(project: &Project) -> bool {
    let version = project.checkout.run("docker compose version --short").text;
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or_default();
    (next(), next()) >= (2, 17)
}

#[test]
fn a_session_that_is_ended_ends_in_photoprism_also_after_its_restart() {
    let Some(project) = Project::new("ended") else { return };
    installation(&project, PROGRAM);
    fs::write(project.checkout.path("photoprism/opt/serve.py"), SERVER).unwrap();
    let succeed = |script: &str| project.succeed(&format!("cd photoprism\n{script}"));
    let photoprism = "docker compose exec -T photoprism photoprism";
    let ready = format!("(cd photoprism; {photoprism} admin status --check)");
    set_up(&project);
    project.until(&ready);

    // Without the address it lives on in memory.
    assert_eq!(visit(&project, PHONE.1), "200");
    succeed(&format!("{photoprism} auth rm -y {}", PHONE.0));
    assert_eq!(visit(&project, PHONE.1), "200");
    let network =
        "docker inspect -f '{{.HostConfig.NetworkMode}}' $(docker compose ps -q photoprismd)";
    assert_eq!(succeed(network), "none\n");

    let along = restarts_along(&project);
    if !along {
        skipped("Compose before 2.17 does not restart the daemon along with PhotoPrism");
        succeed("sed -i 's/, restart: true//' compose.photoprism-url.yaml");
    }
    let [overlay] = page("### Sessions end at once");
    project.succeed(&overlay.script);
    project.until(&ready);
    for _ in 0..2 {
        succeed("docker compose restart photoprism");
        if !along {
            succeed("docker compose restart photoprismd");
        }
        // In the network of a container that has ended nobody would ever answer.
        project.until(&format!("(cd photoprism; {photoprism} admin doctor)"));
    }
    let doctor = succeed(&format!("{photoprism} admin doctor"));
    assert!(doctor.contains("http://127.0.0.1:2342"), "{doctor}");
    assert_eq!(visit(&project, WEB.1), "200");
    succeed(&format!("{photoprism} auth rm -y {}", WEB.0));
    assert_eq!(visit(&project, WEB.1), "401", "it is ended there before the reply");
}
