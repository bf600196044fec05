//! How long files and functions may be.

use crate::source::Source;

const FILE: usize = 400;
const FUNCTION: usize = 60;
/// In `lib.rs`, `main.rs` and `mod.rs`, which are tables of contents.
const IN_CONTENTS: usize = 40;

/// Every file and every function that is too long.
pub(crate) fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = source.lines.len();
    if lines > FILE {
        faults.push(source.fault(1, &format!("has {lines} lines, {FILE} at most")));
    }
    let contents = ["lib.rs", "main.rs", "mod.rs"].contains(&source.name());
    let most = if contents { IN_CONTENTS } else { FUNCTION };
    for (at, length) in functions(source).filter(|(_, length)| *length > most) {
        faults.push(source.fault(at, &format!("a function of {length} lines, {most} at most")));
    }
    faults
}

/// First line and length of every function, as the formatter lays them out: the brace that ends
/// one is below its first word.
fn functions(source: &Source) -> impl Iterator<Item = (usize, usize)> {
    let starts = source.lines.iter().enumerate().filter(|(_, line)| begins_function(line));
    starts.map(|(at, line)| {
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", &line[..indent]);
        let ends = |line: &String| {
            *line == end
                || line.trim_end().ends_with(';')
                    && line.starts_with(&end[..indent])
                    && !line[indent..].starts_with(' ')
        };
        let alone = line.ends_with('}') || line.ends_with(';');
        let length = if alone { 1 } else { length(&source.lines[at..], ends) };
        (at + 1, length)
    })
}

fn length(lines: &[String], ends: impl Fn(&String) -> bool) -> usize {
    lines.iter().skip(1).position(ends).map_or(lines.len(), |at| at + 2)
}

fn begins_function(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let before = ["pub", "const", "async", "unsafe", "extern", "\"C\""];
    words.find(|word| !before.contains(word) && !word.starts_with("pub(")) == Some("fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        faults(&Source::new(path, text)).len()
    }

    fn function(head: &str, lines: usize) -> String {
        let indent = &head[..head.len() - head.trim_start().len()];
        format!("{head} {{\n{}{indent}}}\n", "        x;\n".repeat(lines - 2))
    }

    #[test]
    fn long_files_are_found() {
        assert_eq!(found("ctl/src/a.rs", &"x\n".repeat(400)), 0);
        assert_eq!(found("ctl/src/a.rs", &"x\n".repeat(401)), 1);
    }

    #[test]
    fn long_functions_are_found_and_earlier_in_tables_of_contents() {
        for head in ["fn a()", "    pub(super) async fn a(&self)", "pub const unsafe fn a()"] {
            assert_eq!(found("daemon/src/a.rs", &function(head, 60)), 0, "{head}");
            assert_eq!(found("daemon/src/a.rs", &function(head, 61)), 1, "{head}");
            for name in ["lib.rs", "main.rs", "mod.rs"] {
                let path = format!("daemon/src/a/{name}");
                assert_eq!(found(&path, &function(head, 40)), 0, "{head}");
                assert_eq!(found(&path, &function(head, 41)), 1, "{head}");
            }
        }
    }

    #[test]
    fn functions_next_to_each_other_are_counted_by_themselves() {
        let text = function("fn a()", 59).repeat(3) + "fn b() {}\ntrait T {\n    fn c();\n}\n";
        let source = Source::new("a.rs", &text);
        assert_eq!(
            functions(&source).map(|(_, length)| length).collect::<Vec<_>>(),
            [59, 59, 59, 1, 1]
        );
    }
}
