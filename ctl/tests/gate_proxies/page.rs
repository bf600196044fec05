//! The page about the gate, which shows what the tests here run.

const PAGE: &str = include_str!("../../gate.md");

/// The section under that title.
pub(crate) fn section(title: &str) -> &'static str {
    let (_, from) = PAGE.split_once(title).expect("the section is there");
    from.split("\n## ").next().expect("there is always a first piece")
}

#[test]
fn the_page_shows_the_files_that_are_run() {
    for (title, text) in [
        ("nginx", include_str!("nginx.conf")),
        ("Caddy", include_str!("Caddyfile")),
        ("HAProxy", include_str!("gate.lua")),
        ("HAProxy", include_str!("haproxy.cfg")),
        ("Apache", include_str!("apache.conf")),
        ("PAM", include_str!("pam")),
    ] {
        let shown = section(&format!("\n## {title}\n"));
        assert!(shown.contains(&format!("\n{text}```\n")), "{title}");
    }
}
