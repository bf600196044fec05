//! The paths by which a source file names other modules of its crate, read from its code: without
//! comments, texts and what is compiled for tests only.

use regex::Regex;

/// A name, or a sign.
#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// A path from the crate's root, with the name that a `use` gives it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) binds: Option<String>,
    pub(crate) line: usize,
}

/// What a file says about modules.
#[derive(Default)]
pub(crate) struct Paths {
    pub(crate) named: Vec<Named>,
    /// Modules that it declares for tests only.
    pub(crate) test_modules: Vec<String>,
}

/// The paths in the text of a file, which is the module of that path.
pub(crate) fn paths(text: &str, module: &[String]) -> Paths {
    let (tokens, test_modules) = without_tests(&tokens(text));
    let module = module.iter().map(String::as_str).collect();
    let mut reader = Reader { tokens, at: 0, module, depth: 0, inline: vec![], named: vec![] };
    reader.read();
    Paths { named: reader.named, test_modules }
}

/// The tokens of a text, without comments, texts and characters in quotes.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let quoted = [
        r"//[^\n]*",
        r"/\*(?s:.*?)\*/",
        r###"b?r"[^"]*"|b?r#"(?s:.*?)"#|b?r##"(?s:.*?)"##"###,
        r#"[bc]?"(?:[^"\\]|\\(?s:.))*""#,
        r"b?'(?:[^'\\]|\\(?:u\{[^}]*\}|x[0-9a-fA-F]{2}|.))'",
    ];
    let token = Regex::new(&format!(r"{}|(\w+|::|\S)", quoted.join("|"))).unwrap();
    let (mut line, mut seen) = (1, 0);
    let found = token.captures_iter(text).filter_map(|found| found.get(1));
    let found = found.map(|one| {
        line += text[seen..one.start()].matches('\n').count();
        seen = one.start();
        Token { text: one.as_str(), line }
    });
    found.collect()
}

/// The tokens without the items under `#[cfg(test)]`, and the modules declared by such items.
fn without_tests<'a>(tokens: &[Token<'a>]) -> (Vec<Token<'a>>, Vec<String>) {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut rest = tokens;
    while let Some(first) = rest.first() {
        if rest.iter().map(|token| token.text).take(ATTRIBUTE.len()).eq(ATTRIBUTE) {
            let item = &rest[ATTRIBUTE.len()..];
            let length = item_length(item);
            let mut words = item[..length].iter().map(|token| token.text);
            if words.any(|word| word == "mod") && item[..length].last().unwrap().text == ";" {
                modules.extend(words.next().map(str::to_owned));
            }
            rest = &item[length..];
        } else {
            kept.push(*first);
            rest = &rest[1..];
        }
    }
    (kept, modules)
}

/// Up to its semicolon or the end of its block.
fn item_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        depth += step(token.text);
        depth < 0 || depth == 0 && [";", "}"].contains(&token.text)
    });
    end.map_or(tokens.len(), |end| end + 1)
}

/// What a token adds to the depth of brackets.
fn step(token: &str) -> i32 {
    match token {
        "{" | "(" | "[" => 1,
        "}" | ")" | "]" => -1,
        _ => 0,
    }
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    module: Vec<&'a str>,
    depth: i32,
    /// The depths at which modules within the file began.
    inline: Vec<i32>,
    named: Vec<Named>,
}

impl<'a> Reader<'a> {
    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn read(&mut self) {
        while self.at < self.tokens.len() {
            match self.text(0) {
                "mod" if self.text(2) == "{" => {
                    self.module.push(self.text(1));
                    self.inline.push(self.depth);
                    self.at += 1;
                }
                // `impl Trait + use<'a>` is none.
                "use" if self.text(1) != "<" => {
                    self.at += 1;
                    self.tree(&[], true);
                }
                "crate" | "self" | "super" if self.text(1) == "::" => self.tree(&[], false),
                token => {
                    self.depth += step(token);
                    if token == "}" && self.inline.last() == Some(&self.depth) {
                        self.inline.pop();
                        self.module.pop();
                    }
                    self.at += 1;
                }
            }
        }
    }

    /// A path, and all those in its braces.
    fn tree(&mut self, before: &[&'a str], binds: bool) {
        let mut path = before.to_vec();
        loop {
            let name = self.text(0);
            if name == "{" {
                self.at += 1;
                while !["}", ""].contains(&self.text(0)) {
                    self.tree(&path, binds);
                    self.at += usize::from(self.text(0) == ",");
                }
                self.at += 1;
                return;
            }
            let is_part = name == "*" || name.starts_with(|one: char| one.is_alphabetic());
            if is_part || name.starts_with('_') {
                path.push(name);
                self.at += 1;
            } else if path.len() == before.len() {
                // Neither a path nor the end of one: nothing that is read here has it.
                self.at += 1;
                return;
            }
            if self.text(0) != "::" || self.text(1) == "<" {
                return self.end(path, binds);
            }
            self.at += 1;
        }
    }

    fn end(&mut self, mut path: Vec<&'a str>, binds: bool) {
        let line = self.tokens[self.at - 1].line;
        if path.len() > 1 && path.last() == Some(&"self") {
            path.pop();
        }
        let mut bound = path.last().copied();
        if binds && self.text(0) == "as" {
            bound = Some(self.text(1));
            self.at += 2;
        }
        let bound = bound.filter(|_| binds).map(str::to_owned);
        let path = self.absolute(&path).into_iter().map(str::to_owned).collect();
        self.named.push(Named { path, binds: bound, line });
    }

    /// A bare name may be that of a module below this one, or of another crate.
    fn absolute(&self, path: &[&'a str]) -> Vec<&'a str> {
        let (up, rest) = match path[0] {
            "crate" => (self.module.len(), &path[1..]),
            "self" => (0, &path[1..]),
            _ => (0, path),
        };
        let supers = rest.iter().take_while(|name| **name == "super").count();
        let above = self.module.len().saturating_sub(up + supers);
        [&self.module[..above], &rest[supers..]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let module = ["a", "b"].map(str::to_owned);
        let path = |named: &Named| match &named.binds {
            Some(name) if named.path.last() != Some(name) => {
                format!("{} as {name}", named.path.join("::"))
            }
            _ => named.path.join("::"),
        };
        paths(text, &module).named.iter().map(path).collect()
    }

    #[test]
    fn paths_are_read_from_the_root() {
        for (text, expected) in [
            ("use crate::x::Y;", vec!["x::Y"]),
            ("use crate::x::Y as Z;", vec!["x::Y as Z"]),
            ("pub use self::x::Y;", vec!["a::b::x::Y"]),
            ("use super::x;", vec!["a::x"]),
            ("use super::super::x::y;", vec!["x::y"]),
            ("use super::{x, y::{self, Z}};", vec!["a::x", "a::y", "a::y::Z"]),
            ("use crate::{\n    x::Y,\n    z,\n};", vec!["x::Y", "z"]),
            ("let a = crate::x::y::<u8>(super::z(1));", vec!["x::y", "a::z"]),
            ("fn f(&self) -> super::X<'a> { self.x }", vec!["a::X"]),
            ("mod inner { use super::x; }\nuse super::x;", vec!["a::b::x", "a::x"]),
            ("use crate::x::*;", vec!["x::*"]),
            ("pub(in crate::a) fn f() -> impl A + use<'a> {}", vec!["a"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_texts_and_tests_have_none() {
        for text in [
            "// crate::x\n/* crate::y */\n/// [`crate::z`]",
            "\"crate::x \\\" crate::y\"; r#\"\" crate::z\"#; '\"'; b'\\''; '\\u{22}'",
            "#[cfg(test)]\nmod tests {\n    use crate::x;\n}",
            "#[cfg(test)]\n#[derive(X)]\nfn f() -> [u8; 2] { crate::x() }",
            "#[cfg(test)]\nuse crate::x;",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
        let text = "#[cfg(test)]\nfn f() {}\nuse crate::x;\n#[cfg(test)]\npub(crate) mod testing;";
        assert_eq!(found(text), ["x"]);
        assert_eq!(paths(text, &[]).test_modules, ["testing"]);
        assert_eq!(paths(text, &[]).named[0].line, 3);
    }
}
