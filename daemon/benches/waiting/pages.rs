//! Pages of lists, and each kind of search: in a thousand accounts, and in all.

use photoprism_daemon::clock::Stopwatch;
use serde_json::{Value, json};

use crate::client::Client;
use crate::filled::Size;
use crate::options::Target;
use crate::place::{Served, Template};
use crate::table::Table;
use crate::waits::Waits;

/// What pages of a large database are compared with.
pub(crate) const FEW: Size = Size { accounts: 1000, sessions: 2000 };

/// Rounds of each page.
const ROUNDS: usize = 40;

/// Rows of a search: there are as many in a thousand accounts.
const ROWS: u32 = 10;

/// A name, a command, and what makes its arguments from what is in the database.
type Page = (&'static str, &'static str, fn(&Known) -> Value);

const PAGES: [Page; 30] = [
    ("users.ls", "users.ls", |_| json!({})),
    ("users.ls, a page further on", "users.ls", |facts| json!({"cursor": facts.further[0]})),
    ("users.ls with deleted ones", "users.ls", |_| json!({"deleted": true})),
    ("users.ls, search all", "users.ls", |_| json!({"search": "all"})),
    ("users.ls, beginning of names", "users.ls", |_| rows("maria")),
    ("users.ls, beginning of a display name", "users.ls", |_| rows("MARIA ")),
    ("users.ls, a name", "users.ls", |facts| rows(&facts.name)),
    ("users.ls, an email", "users.ls", |facts| rows(&facts.email)),
    ("users.ls, an id", "users.ls", |_| rows("500")),
    ("users.ls, a UID", "users.ls", |facts| rows(&facts.uid)),
    ("users.ls, nobody", "users.ls", |_| rows("qqq")),
    (
        "users.ls, nobody, with deleted ones",
        "users.ls",
        |_| json!({"search": "qqq", "deleted": true}),
    ),
    ("users.export", "users.export", |_| json!({"secrets": true})),
    ("users.export, beginning of names", "users.export", |_| rows("maria")),
    ("auth.ls", "auth.ls", |_| json!({})),
    ("auth.ls, a page further on", "auth.ls", |facts| json!({"cursor": facts.further[1]})),
    ("auth.ls, beginning of user names", "auth.ls", |_| rows("maria")),
    ("auth.ls, beginning of client names", "auth.ls", |_| rows("pho")),
    ("auth.ls, beginning of providers", "auth.ls", |_| rows("acc")),
    ("auth.ls, a user name", "auth.ls", |facts| rows(&facts.name)),
    ("auth.ls, a UID", "auth.ls", |facts| rows(&facts.uid)),
    ("auth.ls, a reference id", "auth.ls", |facts| rows(&facts.session)),
    ("auth.ls, expired", "auth.ls", |_| rows("expired")),
    ("auth.ls, nothing", "auth.ls", |_| rows("qqq")),
    ("logins.ls", "logins.ls", |_| json!({})),
    ("logins.ls, a page further on", "logins.ls", |facts| json!({"cursor": facts.further[2]})),
    ("logins.ls, failed", "logins.ls", |_| json!({"failed": true, "limit": ROWS})),
    ("logins.ls, beginning of addresses", "logins.ls", |_| rows("10.1")),
    ("logins.ls, nothing", "logins.ls", |_| rows("qqq")),
    ("audit.ls", "audit.ls", |_| json!({})),
];

fn rows(search: &str) -> Value {
    json!({"search": search, "limit": ROWS})
}

/// What one database holds.
struct Known {
    name: String,
    email: String,
    uid: String,
    session: String,
    /// Cursors of the lists of accounts, sessions and logins; null where no logins are recorded.
    further: [Value; 3],
}

impl Known {
    fn find(client: &mut Client, pages: usize, target: Target) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let further = ["users.ls", "auth.ls", "logins.ls"]
            .map(|cmd| if has(target, cmd) { further(client, cmd, pages) } else { Value::Null });
        let page = client.ok("users.ls", &json!({"cursor": further[0]}));
        let account = &page["items"][0];
        let sessions = client.ok("auth.ls", &json!({"cursor": further[1]}));
        Self {
            name: text(&account["name"]),
            email: text(&account["email"]),
            uid: text(&account["uid"]),
            session: text(&sessions["items"][0]["id"]),
            further,
        }
    }
}

/// Backups, from which MariaDB's is restored, hold no records of logins.
fn has(target: Target, cmd: &str) -> bool {
    target != Target::MariaDb || cmd != "logins.ls"
}

/// The cursor behind so many pages of a hundred.
fn further(client: &mut Client, cmd: &str, pages: usize) -> Value {
    let mut args = json!({});
    for _ in 0..pages {
        args["cursor"] = client.ok(cmd, &args)["next"].take();
        assert!(!args["cursor"].is_null(), "{cmd} has fewer pages");
    }
    args["cursor"].take()
}

pub(crate) fn pages(table: &mut Table, few: &Template, many: &Template) {
    let wanted: Vec<&Page> = PAGES
        .iter()
        .filter(|(name, cmd, _)| has(few.target(), cmd) && table.wants(&format!("page of {name}")))
        .collect();
    if wanted.is_empty() {
        return;
    }
    Table::head("Pages");
    let (few, many) = (few.start().0, many.start().0);
    let clients = |served: &Served<'_>, pages| {
        let mut client = served.connect();
        let facts = Known::find(&mut client, pages, served.target);
        (client, facts)
    };
    let accounts = table.options().size.accounts as usize;
    let mut sides = [clients(&few, 5), clients(&many, (accounts / 200).min(200))];
    for (name, cmd, args) in wanted {
        let mut waits = [Waits::default(), Waits::default()];
        let lines =
            sides.each_ref().map(|side| json!({"cmd": cmd, "args": args(&side.1)}).to_string());
        for round in 0..=ROUNDS {
            for (way, side) in sides.iter_mut().enumerate() {
                let watch = Stopwatch::start();
                let error = side.0.error_of(&lines[way]);
                if round > 0 {
                    waits[way].add(watch.elapsed(), error);
                }
            }
        }
        let [mut few, mut many] = waits;
        table.page(&format!("page of {name}"), &mut few, &mut many);
    }
}
