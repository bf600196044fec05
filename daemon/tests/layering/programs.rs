//! Which programs tests start: `.ci/run` leaves out those that may be missing, one by one.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::source::Source;

/// What tests may start without asking: the essential packages of Debian, what builds them, and the
/// name under which the daemon's own command line is parsed.
const NEEDED: [&str; 13] = [
    "/bin/sh",
    "/proc/self/exe",
    "bash",
    "cargo",
    "cc",
    "cp",
    "mount",
    "nsenter",
    "photoprismd",
    "prlimit",
    "setpriv",
    "sh",
    "umount",
];

/// What the blocks of the READMEs may use: the shell's own, and coreutils.
const IN_BLOCKS: [&str; 15] = [
    "cargo",
    "cat",
    "cut",
    "echo",
    "export",
    "grep",
    "id",
    "mkdir",
    "photoprism",
    "photoprismd",
    "printf",
    "rm",
    "sed",
    "sort",
    "umask",
];

/// Each program of the list with its test targets.
pub(crate) fn listed(list: &str) -> BTreeMap<String, BTreeSet<String>> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let words = lines.map(|line| line.split_whitespace().map(str::to_owned));
    words.filter_map(|mut words| Some((words.next()?, words.collect()))).collect()
}

/// Programs that a test target starts, by the text of its sources. Those of `known` are also found
/// where a text of a test begins with them, or a command in it does; files of their names that a test
/// writes are its own.
pub(crate) fn started(source: &Source, known: &[&str]) -> Vec<(String, String)> {
    let call = r#"(?:Command::new|lacks|works)\("([^" ]+) ?([^" ]*)"#;
    let call = Regex::new(call).unwrap();
    let text = source.lines.join("\n");
    let called = call.captures_iter(&text).map(|found| {
        let words = [&found[1], &found[2]];
        // What cargo starts is a program of its own.
        match words {
            ["cargo", name @ ("deb" | "generate-rpm")] => format!("cargo-{name}"),
            _ => words[0].to_owned(),
        }
    });
    let begins = format!(r#"(\b(?:write|path)\()?["|;&(] ?({})[ "]"#, known.join("|"));
    let begins = Regex::new(&begins).unwrap();
    let in_texts = if source.is_test() { text.as_str() } else { "" };
    let begun = begins.captures_iter(in_texts).filter(|found| found.get(1).is_none());
    let begun = begun.map(|found| found[2].to_owned());
    let found = called.chain(begun).filter(|program| !NEEDED.contains(&program.as_str()));
    let found: BTreeSet<_> = found.map(|program| (program, target(&source.path))).collect();
    found.into_iter().collect()
}

/// The test target that a file belongs to.
fn target(path: &str) -> String {
    let name = path.split_once("/tests/").filter(|(top, _)| !top.contains('/'));
    let name = name.and_then(|(_, rest)| rest.split(['/', '.']).next());
    name.unwrap_or("lib").to_owned()
}

/// Programs that the blocks of commands in a document start, beyond those of every machine.
pub(crate) fn in_blocks(document: &str) -> BTreeSet<String> {
    let inside = document.split("\n```").skip(1).step_by(2);
    // As one, since functions of one block are used in others.
    let scripts: Vec<_> = inside.filter_map(|block| block.strip_prefix("sh\n")).collect();
    let found = commands(&scripts.join("\n")).into_iter();
    found.filter(|name| !IN_BLOCKS.contains(&name.as_str())).collect()
}

/// The first words of the commands in a script, without the functions that it defines.
fn commands(script: &str) -> Vec<String> {
    let plain = without_data(script);
    let first = Regex::new(r"(?m)(?:^|[|;&({])[ \t]*([A-Za-z][\w.-]*)(=|\(\))?").unwrap();
    let all: Vec<_> = first.captures_iter(&plain).collect();
    let sets = |name: &str| all.iter().any(|one| one.get(2).is_some() && &one[1] == name);
    all.iter().map(|one| &one[1]).filter(|name| !sets(name)).map(str::to_owned).collect()
}

/// A script with its lines joined, without texts in single quotes and without here-documents.
fn without_data(script: &str) -> String {
    let mut lines = Vec::new();
    let mut end = None;
    for line in script.lines() {
        if end.is_some_and(|end| end == line) {
            end = None;
        } else if end.is_none() {
            end = line.split_once("<<'").and_then(|(_, rest)| rest.split('\'').next());
            lines.push(line);
        }
    }
    let joined = lines.join("\n").replace("\\\n", " ");
    Regex::new("'[^']*'").unwrap().replace_all(&joined, "''").into_owned()
}

/// Programs and targets of which the list says something else than the sources.
pub(crate) fn faults(list: &str, found: &[(String, String)]) -> Vec<String> {
    let listed = listed(list);
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (program, target) in found {
        seen.entry(program).or_default().insert(target.clone());
    }
    let names = listed.keys().map(String::as_str).chain(seen.keys().copied());
    let names: BTreeSet<&str> = names.collect();
    let differ = names.into_iter().filter_map(|name| match (listed.get(name), seen.get(name)) {
        (None, Some(targets)) => Some(format!("{name} of {targets:?} is not listed")),
        (Some(said), found) => {
            let found = found.cloned().unwrap_or_default();
            (*said != found).then(|| format!("{name} is started by {found:?}, not by {said:?}"))
        }
        (None, None) => None,
    });
    differ.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<(String, String)> {
        started(&Source::new(path, text), &["nc", "jq"])
    }

    fn pair(program: &str, target: &str) -> (String, String) {
        (program.into(), target.into())
    }

    #[test]
    fn programs_are_found_with_their_targets() {
        let text = "Command::new(\"jq\"); Command::new(\"cc\"); Command::new(own)";
        assert_eq!(of("daemon/tests/wire/a.rs", text), [pair("jq", "wire")]);
        assert_eq!(of("ctl/tests/auth.rs", "if lacks(\"zsh\")"), [pair("zsh", "auth")]);
        assert_eq!(of("daemon/src/tests/a.rs", "works(\"jq .\")"), [pair("jq", "lib")]);
        for begins in ["run(\"nc -l\")", "(\"nc\", 1)", "\"a | nc b\"", "\"(nc b)\""] {
            assert_eq!(of("daemon/tests/a.rs", begins), [pair("nc", "a")], "{begins}");
        }
        for other in ["\"ncat\"", "\"a nc\"", "nc()", "\"nc/1\"", "write(\"nc\", 1)"] {
            assert_eq!(of("daemon/tests/a.rs", other), [], "{other}");
        }
        assert_eq!(of("daemon/tests/a.rs", "works(\"cargo deb -V\")"), [pair("cargo-deb", "a")]);
    }

    #[test]
    fn commands_of_blocks_are_found() {
        let script = "A=$(one | two 'not | three') && four\n(five; B=1)\nsix() { seven \"$@\"; }\n\
                      six <<'END'\neight | nine\nEND\nten \\\n  eleven; echo \"$(twelve x)\"";
        let document = format!("text\n```sh\n{script}\n```\n\n```python\nthirteen\n```\n");
        let expected = ["five", "four", "one", "seven", "ten", "twelve", "two"];
        assert_eq!(in_blocks(&document).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_list_that_is_out_of_date_is_noticed() {
        let list = "# one\njq  a b\nnc\n";
        assert_eq!(faults(list, &[pair("jq", "a"), pair("jq", "b"), pair("jq", "b")]), [""; 0]);
        assert_eq!(faults(list, &[pair("jq", "a")]).len(), 1, "too much is listed");
        assert_eq!(faults(list, &[pair("jq", "a"), pair("jq", "b"), pair("nc", "a")]).len(), 1);
        assert_eq!(faults("", &[pair("jq", "a")]).len(), 1);
    }
}
