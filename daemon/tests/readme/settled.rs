//! What differs from run to run in what is printed.

use regex::Regex;

/// What differs from run to run, and what replaces it. Widths and rules follow from those.
const VARYING: [(&str, &str); 20] = [
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\b[0-9a-f]{48}\b", "TOKEN"),
    (r"\b[A-Za-z0-9]{6}-[A-Za-z0-9]{6}-[A-Za-z0-9]{6}-[A-Za-z0-9]{6}\b", "APP"),
    (r"\bsess[0-9a-z]{8}\b", "SESSION"),
    (r"secret=[A-Z2-7]{32}\b", "KEY"),
    (r#""key":"[A-Z2-7]{32}""#, "KEY"),
    (r#""exp":\d{10},"iat":\d{10}"#, "UNIX"),
    (r"(recovery code.*\n)[0-9a-z]{12}\b", "${1}RECOVERY"),
    (r"\bu[0-9a-z]{15}\b", "UID"),
    (r"\b[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3}\b", "PASSWORD"),
    (r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", "ARGON2ID"),
    (r"\b\d{8}T\d{6}\.\d{3}Z", "MOMENT"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}Z|Z)?", "TIME"),
    (r"(TIME;[^;]*;)\d+;\d+;\d+;", "${1}PEER;"),
    (r#""uid":\d+,"gid":\d+,"pid":\d+"#, "PEER"),
    (r#""next":"[A-Za-z0-9_-]{30,}""#, "NEXT"),
    (r"(Target +\|) \S+", "$1 TARGET"),
    (r"(Process ID +\|) \d+|(Uptime +\|) \d+s", "$1$2 N"),
    (r"-{3,}", "---"),
    (r" {2,}", " "),
];

/// `text` without that.
pub(crate) fn settled(text: &str) -> String {
    let settled = VARYING.iter().fold(text.to_owned(), |text, (pattern, name)| {
        Regex::new(pattern).unwrap().replace_all(&text, *name).into_owned()
    });
    settled.trim().to_owned()
}
