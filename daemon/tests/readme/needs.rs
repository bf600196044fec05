//! What a block of commands needs: programs that may be missing here, and the variables and
//! functions that blocks before it set.

use std::collections::BTreeMap;

use regex::Regex;

use super::blocks::Block;
use super::outside::skipped;
use super::place::Place;

/// Programs that a block may need beyond bash and coreutils, with how to see that they are there.
const EXTRAS: [(&str, &str); 4] = [
    ("nc", "nc -h 2>&1 | grep -q -- -U"),
    ("python3", "python3 --version"),
    ("oathtool", "oathtool --version"),
    ("curl", "curl --version"),
];

/// The program that `script` needs and this machine lacks.
pub(crate) fn lacking(place: &Place, script: &str) -> Option<&'static str> {
    let missing = |(name, look): &&(&str, &str)| {
        let needed = script.split(|c: char| !c.is_alphanumeric()).any(|word| word == *name);
        needed && !place.bash(look).output().unwrap().status.success()
    };
    EXTRAS.iter().find(missing).map(|(name, _)| *name)
}

/// The same, and says it.
pub(crate) fn lacks(place: &Place, script: &str) -> bool {
    let missing = lacking(place, script);
    if let Some(name) = missing {
        skipped(&format!("no {name} here to run\n{script}"));
    }
    missing.is_some()
}

/// The blocks that can run here. What is left out is said, and why.
pub(crate) fn able<'a>(place: &Place, blocks: &'a [Block]) -> Vec<&'a Block> {
    let reasons = left_out(blocks, |script| lacking(place, script));
    let mut able = Vec::new();
    for (block, reason) in blocks.iter().zip(reasons) {
        match reason {
            None => able.push(block),
            Some(why) => skipped(&format!("{why} to run\n{}", block.script)),
        }
    }
    able
}

/// For each block why it cannot run, if it cannot.
fn left_out(
    blocks: &[Block],
    lacking: impl Fn(&str) -> Option<&'static str>,
) -> Vec<Option<String>> {
    let mut unset: BTreeMap<String, String> = BTreeMap::new();
    let reason = |block: &Block| {
        let script = &block.script;
        let missing = lacking(script).map(|program| format!("no {program} here"));
        let reason = missing.or_else(|| {
            let needed = unset.iter().find(|(name, _)| uses(script, name));
            needed.map(|(name, why)| format!("no {name} ({why})"))
        });
        for name in sets(script) {
            match &reason {
                Some(why) => unset.insert(name, why.clone()),
                None => unset.remove(&name),
            };
        }
        reason
    };
    blocks.iter().map(reason).collect()
}

/// Variables and functions that a script sets.
fn sets(script: &str) -> Vec<String> {
    let setting = Regex::new(r"(?m)^(?:export )?([A-Za-z_][A-Za-z0-9_]*)(?:=|\(\))").unwrap();
    setting.captures_iter(script).map(|found| found[1].to_owned()).collect()
}

/// Whether a script needs a variable or a function that it does not set itself.
fn uses(script: &str, name: &str) -> bool {
    let used = format!(r"(?m)\$\{{?{name}\b|(?:^|[|;&({{])\s*{name} ");
    Regex::new(&used).unwrap().is_match(script) && !sets(script).iter().any(|set| set == name)
}

#[test]
fn what_depends_on_a_block_that_is_left_out_is_left_out_too() {
    let block = |script: &str| Block { script: script.into(), shown: None };
    let blocks = [
        "SOCKET=$(nc -l)\nask() { nc \"$@\"; }",
        "cat \"$SOCKET\"",
        "echo $(ask 1 | ask 2)",
        "echo ask --no-ask; echo SOCKET",
        "NEXT=${SOCKET}x",
        "echo $NEXT",
        "SOCKET=x\necho $SOCKET",
        "cat $SOCKET",
    ]
    .map(block);
    let without_nc = left_out(&blocks, |script| script.contains("nc").then_some("nc"));
    let reasons: Vec<_> = without_nc.iter().map(|why| why.as_deref().unwrap_or_default()).collect();
    let expected = [
        "no nc here",
        "no SOCKET (no nc here)",
        "no ask (no nc here)",
        "",
        "no SOCKET (no nc here)",
        "no NEXT (no SOCKET (no nc here))",
        "",
        "",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(left_out(&blocks, |_| None), [const { None }; 8]);
}
