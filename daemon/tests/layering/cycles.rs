//! Modules that use each other, directly or through others: no two of them can be understood or
//! changed alone. Computed from the sources, of every directory of modules for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use crate::paths::{Named, Paths, paths};
use crate::source::Source;

/// The names of a module from the crate's root.
type Module = Vec<String>;

/// Where a module uses another: file and line.
type Uses = BTreeMap<(String, String), String>;

/// The modules of one crate.
struct Crate<'a> {
    files: Vec<(Module, &'a Source, Paths)>,
    modules: BTreeSet<Module>,
    /// What a name that a `use` has brought into a module stands for.
    bindings: BTreeMap<(Module, String), Module>,
}

impl<'a> Crate<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let read = |source: &'a Source| {
            let module = module(&source.path);
            let paths = paths(&source.lines.join("\n"), &module);
            (module, source, paths)
        };
        let mut files: Vec<_> = sources.iter().map(read).collect();
        let for_tests: BTreeSet<Module> = files
            .iter()
            .flat_map(|(module, _, paths)| {
                paths.test_modules.iter().map(|name| [&module[..], slice::from_ref(name)].concat())
            })
            .collect();
        files.retain(|(module, ..)| {
            !(1..=module.len()).any(|length| for_tests.contains(&module[..length]))
        });
        files.sort_by(|one, other| one.1.path.cmp(&other.1.path));
        let modules = files.iter().map(|(module, ..)| module.clone()).collect();
        let bindings = files.iter().flat_map(|(module, _, paths)| {
            paths.named.iter().filter_map(|named| {
                Some(((module.clone(), named.binds.clone()?), named.path.clone()))
            })
        });
        let bindings = bindings.collect();
        Self { files, modules, bindings }
    }

    /// The path itself and, where a module only passes a name on, those that it stands for.
    fn resolve(&self, path: &Module) -> Vec<Module> {
        let mut all = vec![path.clone()];
        let mut at = 0;
        while at < all.len() {
            let path = all[at].clone();
            at += 1;
            for (end, name) in path.iter().enumerate() {
                // A module in the middle of a path is itself; the last name may be of both kinds.
                if self.modules.contains(&path[..=end]) && end + 1 < path.len() {
                    continue;
                }
                let Some(target) = self.bindings.get(&(path[..end].to_vec(), name.clone())) else {
                    continue;
                };
                let target = [&target[..], &path[end + 1..]].concat();
                if !all.contains(&target) {
                    all.push(target);
                }
            }
        }
        all
    }

    /// The modules of every directory that use each other's, by the directory.
    fn uses(&self) -> BTreeMap<Module, Uses> {
        let mut all: BTreeMap<Module, Uses> = BTreeMap::new();
        for (module, source, paths) in &self.files {
            for Named { path, line, .. } in &paths.named {
                for path in self.resolve(path) {
                    let common = module.iter().zip(&path).take_while(|(one, two)| one == two);
                    let common = common.count();
                    if common < module.len() && self.has(&path, common) {
                        let arrow = (module[common].clone(), path[common].clone());
                        let uses = all.entry(path[..common].to_vec()).or_default();
                        uses.entry(arrow).or_insert_with(|| format!("{}:{line}", source.path));
                    }
                }
            }
        }
        all
    }

    fn has(&self, path: &[String], at: usize) -> bool {
        at < path.len() && self.modules.contains(&path[..=at])
    }

    /// With a glob the names are not in the sources, so that nobody could compute who uses whom.
    fn globs(&self) -> impl Iterator<Item = String> {
        self.files.iter().flat_map(|(_, source, paths)| {
            let globs = paths.named.iter().filter(|named| {
                let (name, module) = named.path.split_last().unwrap();
                name == "*" && self.modules.contains(module)
            });
            globs.map(|named| source.fault(named.line, "names what it uses instead of `*`"))
        })
    }
}

/// `["commands", "users"]` of `daemon/src/commands/users/mod.rs`.
fn module(path: &str) -> Module {
    let (_, path) = path.split_once("/src/").unwrap();
    let names = path.strip_suffix(".rs").unwrap().split('/').map(str::to_owned);
    let mut names: Module = names.collect();
    if ["mod", "lib", "main"].contains(&names[names.len() - 1].as_str()) {
        names.pop();
    }
    names
}

/// The groups of modules of which each uses each other, directly or not.
fn groups(uses: &Uses) -> Vec<BTreeSet<&str>> {
    let names: BTreeSet<&str> = uses.keys().flat_map(|(from, to)| [&from[..], to]).collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        names.iter().map(|name| (*name, reached(uses, name))).collect();
    let group = |name: &&str| -> BTreeSet<&str> {
        let back = |other: &&&str| reached[**other].contains(name);
        reached[*name].iter().filter(back).copied().collect()
    };
    let groups: BTreeSet<_> = names.iter().map(group).filter(|group| group.len() > 1).collect();
    groups.into_iter().collect()
}

/// Every module that one uses, directly or not.
fn reached<'a>(uses: &'a Uses, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(name) = next.pop() {
        let direct = uses.keys().filter(|(from, _)| from == name).map(|(_, to)| to.as_str());
        next.extend(direct.filter(|name| found.insert(*name)).collect::<Vec<_>>());
    }
    found
}

/// Every cycle in the sources of one crate.
pub(crate) fn faults(sources: &[Source]) -> Vec<String> {
    let all = Crate::new(sources);
    let top = sources[0].path.split_inclusive("/src").next().unwrap();
    let mut faults: Vec<String> = all.globs().collect();
    for (module, uses) in all.uses() {
        let directory = [&[top.to_owned()], &module[..]].concat().join("/");
        faults.extend(groups(&uses).into_iter().map(|group| message(&directory, &group, &uses)));
    }
    faults
}

fn message(directory: &str, group: &BTreeSet<&str>, uses: &Uses) -> String {
    let names: Vec<_> = group.iter().copied().collect();
    let inside = |name: &str| group.contains(name);
    let arrows = uses.iter().filter(|((from, to), _)| from != to && inside(from) && inside(to));
    let arrows = arrows.map(|((from, to), place)| format!("\n    {from} uses {to}: {place}"));
    format!("{directory}: a cycle between {}{}", names.join(", "), arrows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let source = |(path, text): &(&str, &str)| Source::new(&format!("ctl/src/{path}"), text);
        faults(&files.iter().map(source).collect::<Vec<_>>())
    }

    #[test]
    fn a_tree_passes() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\npub use self::a::run;"),
            ("a.rs", "use crate::b::B;\nuse crate::c;\n#[cfg(test)]\nmod tests;"),
            ("a/tests.rs", "use crate::d;"),
            ("b/mod.rs", "mod one;\nmod two;\nuse self::one::B;"),
            ("b/one.rs", "use super::two::Two;\nuse crate::c::C;\n// crate::a"),
            ("b/two.rs", "#[cfg(test)]\nmod tests {\n    use crate::a;\n    use super::one;\n}"),
            ("c.rs", ""),
            ("d.rs", "use crate::a;"),
        ];
        assert_eq!(of(&files), [""; 0]);
    }

    #[test]
    fn two_modules_that_use_each_other_are_found() {
        let files = [("a.rs", "\nuse crate::b::B;"), ("b/mod.rs", ""), ("b/c.rs", "crate::a::f()")];
        assert_eq!(
            of(&files),
            ["ctl/src: a cycle between a, b\n    a uses b: ctl/src/a.rs:2\n    \
              b uses a: ctl/src/b/c.rs:1"]
        );
    }

    #[test]
    fn a_cycle_of_three_is_found() {
        let files = [
            ("a.rs", "use crate::{b, d};"),
            ("b.rs", "use super::c::C;"),
            ("c.rs", "use crate::{d, a::A};"),
            ("d.rs", ""),
        ];
        assert_eq!(
            of(&files),
            ["ctl/src: a cycle between a, b, c\n    a uses b: ctl/src/a.rs:1\n    \
              b uses c: ctl/src/b.rs:1\n    c uses a: ctl/src/c.rs:1"]
        );
    }

    #[test]
    fn a_cycle_through_the_module_above_the_one_above_is_found() {
        let files = [
            ("a/b/c.rs", "use super::super::d::D;"),
            ("a/d.rs", "use super::b;"),
            ("a/mod.rs", ""),
            ("a/b/mod.rs", ""),
        ];
        assert_eq!(
            of(&files),
            ["ctl/src/a: a cycle between b, d\n    b uses d: ctl/src/a/b/c.rs:1\n    \
              d uses b: ctl/src/a/d.rs:1"]
        );
    }

    #[test]
    fn a_name_that_a_module_passes_on_counts_for_where_it_comes_from() {
        let files = [
            ("a/mod.rs", "mod b;\nmod c;\npub use c::{C as Passed, D};"),
            ("a/b.rs", "use super::Passed;"),
            ("a/c.rs", "use crate::a::b::B;"),
        ];
        assert_eq!(
            of(&files),
            ["ctl/src/a: a cycle between b, c\n    b uses c: ctl/src/a/b.rs:1\n    \
              c uses b: ctl/src/a/c.rs:1"]
        );
    }

    #[test]
    fn globs_are_found() {
        let files = [("a.rs", "use std::io::*;"), ("b.rs", "use crate::a::*;")];
        assert_eq!(of(&files), ["ctl/src/b.rs:1: names what it uses instead of `*`"]);
    }
}
