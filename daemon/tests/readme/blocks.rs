//! The README, and the blocks of commands in such a document.

pub(crate) const README: &str = include_str!("../../../README.md");

/// Every command, tried.
pub(crate) const TOUR: &str = include_str!("../../../ctl/tour.md");

/// The page about the gate.
pub(crate) const GATE_PAGE: &str = include_str!("../../../ctl/gate.md");

/// A block of commands, and what they print.
pub(crate) struct Block {
    pub(crate) script: String,
    pub(crate) shown: Option<String>,
}

/// What is between fences, with its kind.
pub(crate) fn fenced(document: &str) -> Vec<(&str, &str)> {
    // Every other piece is the inside of a block.
    let inside = document.split("\n```").skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').expect("a block has a first line")).collect()
}

pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (kind, text) in fenced(document) {
        match kind {
            "sh" => blocks.push(Block { script: text.to_owned(), shown: None }),
            "text" => blocks.last_mut().expect("commands come first").shown = Some(text.to_owned()),
            other => panic!("a block of the kind {other:?} is neither run nor compared"),
        }
    }
    blocks
}

/// The section under `title`, up to the next one of its height.
pub(crate) fn section<'a>(document: &'a str, title: &str) -> &'a str {
    let (_, from) = document.split_once(title).expect("the section is there");
    from.split("\n## ").next().expect("there is always a first piece")
}
