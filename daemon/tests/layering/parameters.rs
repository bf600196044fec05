//! Tuple patterns in the parameter lists of functions: a pair that is put together only to be taken
//! apart again hides how many arguments there are, and its halves have no names where it is built.

use crate::source::{Source, words};

/// Every parameter with a tuple pattern. Values that belong together are a struct, others are
/// parameters of their own.
pub(crate) fn faults(source: &Source) -> Vec<String> {
    let lines = source.lines.iter().map(|line| line.split("//").next().unwrap());
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut faults = Vec::new();
    for at in words(&text, "fn") {
        let Some(list) = parameter_list(&text[at..]) else { continue };
        let line = text[..at].matches('\n').count() + 1;
        for parameter in pieces(list).into_iter().filter(|piece| has_tuple_pattern(piece)) {
            let what = format!("a parameter is a tuple pattern: {}", parameter.trim());
            faults.push(source.fault(line, &what));
        }
    }
    faults
}

/// What is in the parentheses of a function, from its `fn` on; `None` for the type of one.
fn parameter_list(text: &str) -> Option<&str> {
    let named = text.strip_prefix("fn")?.trim_start();
    let name = named.find(|one: char| !one.is_alphanumeric() && one != '_')?;
    let rest = if name == 0 { return None } else { named[name..].trim_start() };
    let rest = if rest.starts_with('<') { after_generics(rest)? } else { rest };
    let list = rest.trim_start().strip_prefix('(')?;
    let mut depth = 1;
    let end = list.find(|one| {
        depth += nesting(one);
        depth == 0
    })?;
    Some(&list[..end])
}

/// Arrows of function traits end no list of generics.
fn after_generics(text: &str) -> Option<&str> {
    let (mut depth, mut before) = (0, ' ');
    let end = text.find(|one| {
        depth += match one {
            '<' => 1,
            '>' if before != '-' => -1,
            _ => 0,
        };
        before = one;
        depth == 0
    })?;
    Some(&text[end + 1..])
}

fn nesting(one: char) -> i32 {
    match one {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}

/// The parameters of a list. One whose type has generics with commas comes in pieces, of which
/// only the first has a pattern.
fn pieces(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let comma = |one| {
        depth += nesting(one);
        one == ',' && depth == 0
    };
    list.split(comma).collect()
}

/// Whether the part before the type has parentheses that are not those of a struct. A parameter of
/// a property test has no type but `in`.
fn has_tuple_pattern(parameter: &str) -> bool {
    let mut depth = 0;
    let mut before = ' ';
    let mut found = false;
    let mut rest = parameter.chars().peekable();
    while let Some(one) = rest.next() {
        depth += nesting(one);
        if one == ':' && rest.next_if_eq(&':').is_none() && depth == 0 {
            return found;
        }
        let of_struct = before.is_alphanumeric() || before == '_';
        found |= one == '(' && !of_struct && rest.peek() != Some(&')');
        before = one;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        faults(&Source::new(path, text))
    }

    #[test]
    fn tuple_patterns_are_found() {
        for text in [
            "fn f((a, b): (u8, u8)) {}",
            "fn f(&self, (a, b): Pair) {}",
            "pub(super) async fn f(first: u8, (mut a, b): (u8, u8), last: u8) {}",
            "fn f(mut self, &(a, ref b): &Pair) {}",
            "fn f<F: Fn(u8) -> u8>((a, b): (F, u8)) {}",
            "fn f<'a, T: Into<Vec<u8>>, const N: usize>(x: [T; N], (a, _): &'a (u8, u8)) {}",
            "fn f(x: HashMap<u8, (u8, u8)>, (a, b): Pair) {}",
            "fn f(x: impl FnOnce((u8, u8)) -> (u8, u8), (a, b): Pair) {}",
            "fn f(((a, b), c): ((u8, u8), u8)) {}",
            "fn f(Named { pair: (a, b), .. }: Named) {}",
            "fn f([(a, b), ..]: [Pair; 2]) {}",
            "fn f(Wrapped((a, b)): Wrapped) {}",
            "fn f(\n    first: u8, // (c, d): not this one\n    (a, b): (u8, u8),\n) {}",
            "    #[test]\n    fn f((a, b): (u8, u8)) {}",
            "#[cfg(test)]\nmod tests {\n    fn f((a, b): (u8, u8)) {}\n}",
        ] {
            assert_eq!(found("daemon/src/store/open.rs", text).len(), 1, "{text}");
        }
        let two = "\n\nfn f((a, b): (u8, u8), (c, d): (u8, u8)) {}\n";
        assert_eq!(
            found("protocol/src/a.rs", two),
            [
                "protocol/src/a.rs:3: a parameter is a tuple pattern: (a, b): (u8, u8)",
                "protocol/src/a.rs:3: a parameter is a tuple pattern: (c, d): (u8, u8)"
            ]
        );
    }

    #[test]
    fn what_only_looks_like_one_passes() {
        for text in [
            "fn f(pair: (u8, u8)) {}",
            "fn f(mut pair: (u8, u8), &self) {}",
            "fn f(pair: Vec<(u8, crate::Pair)>, other: HashMap<u8, (u8, Pair)>) {}",
            "fn f(work: impl Fn((u8, u8)) -> (u8, u8), run: &dyn Fn(u8, (u8, u8))) {}",
            "fn f<F: Fn((u8, u8)) -> u8>(f: F) -> (u8, u8) {}",
            "fn f(x: fn((u8, u8)) -> u8) {}",
            "const F: fn((u8, u8)) -> u8 = g;",
            "fn f() { pairs.map(|(a, b)| a + b) }",
            "fn f() { let add = |(a, b): (u8, u8)| a + b; }",
            "fn f() { let (a, b): (u8, u8) = pair; for (a, b) in pairs {} }",
            "fn f(Wrapped(a): Wrapped, Named { a, .. }: &Named, (): ()) {}",
            "fn f((a, b) in (0..9_u8, any::<u8>()), c in 0..1 << 4) {}",
            "fn f(a in vec((0..9_u8, any::<bool>()), 0..4), b: u8) {}",
            "// fn f((a, b): (u8, u8)) {}",
            "/// As `fn f((a, b): (u8, u8))`.\nfn g() {}",
            "fn f(",
        ] {
            assert_eq!(found("daemon/src/store/open.rs", text), [""; 0], "{text}");
        }
    }
}
