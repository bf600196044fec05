//! PhotoPrism's Compose project: its files, its database, and whose that is.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::env_lines::{before, position, value};
use super::refused::{refused, unreadable};
use crate::error::CliError;

/// Files that are laid over those of PhotoPrism: for SQLite, for MariaDB, for the address of
/// PhotoPrism with SQLite.
pub(super) const OVERLAYS: [&str; 3] =
    ["compose.photoprism.yaml", "compose.photoprism-mariadb.yaml", "compose.photoprism-url.yaml"];

/// What Compose takes without `COMPOSE_FILE`.
const MAIN: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

pub(super) const STORAGE: &str = "PHOTOPRISM_STORAGE";
const DRIVER: &str = "PHOTOPRISM_DATABASE_DRIVER";
const INSIDE: &str = ":/photoprism/storage";

/// The keys of a mount that is written as a table.
const SOURCE: &str = "source:";
const TARGET: &str = "target:";

/// What was found.
#[derive(Debug)]
pub(super) struct Project {
    /// PhotoPrism's own files, as `COMPOSE_FILE` names them.
    pub files: String,
    pub is_mariadb: bool,
    /// Where the storage directory is, if the overlays have to be given it.
    pub storage: Option<String>,
    /// Of the database, or with MariaDB of the storage directory; `None` where only Docker can say.
    pub owner: Option<[String; 2]>,
}

/// What PhotoPrism's files say.
#[derive(Default)]
struct Entries<'a> {
    has_service: bool,
    /// What is mounted as the storage directory.
    storage: Option<&'a str>,
    /// What is behind the names of the driver.
    drivers: Vec<&'a str>,
}

impl Project {
    /// # Errors
    /// Where this is not PhotoPrism's directory, or the daemon could not run in it: what to do.
    pub(super) fn find(env: &str) -> Result<Self, CliError> {
        if !variable("COMPOSE_FILE", "").is_empty() {
            return Err(refused(&[
                "COMPOSE_FILE is set in the environment, where Compose prefers it to .env; unset it",
            ]));
        }
        let separator = separator(env);
        let mut files = merged(value(env, "COMPOSE_FILE"), separator, ["", ""], "");
        if files.is_empty() {
            files = default_files(separator)?;
        }
        let text = read(&files, separator)?;
        let entries = entries(&text);
        if !entries.has_service {
            return Err(refused(&[
                "this is not PhotoPrism's directory: there is no service photoprism in ",
                &files,
            ]));
        }
        let given = value(env, STORAGE);
        let storage = match entries.storage {
            _ if !given.is_empty() => given.to_owned(),
            Some(source) => expanded(source, env),
            None => "./storage".into(),
        };
        let is_mariadb = is_mariadb(&text, &entries, &storage, env)?;
        is_copied("photoprism-admin")?;
        is_copied(OVERLAYS[usize::from(is_mariadb)])?;
        let owner = owner(&storage, is_mariadb)?;
        let is_default = storage == "./storage" || !given.is_empty();
        let storage = (!is_default).then_some(storage);
        Ok(Self { files, is_mariadb, storage, owner })
    }
}

/// A variable of the environment, or of `.env`.
fn variable(name: &str, env: &str) -> String {
    let given = std::env::var(name).unwrap_or_default();
    if given.is_empty() { value(env, name).to_owned() } else { given }
}

/// How the names of files are separated in `COMPOSE_FILE`.
pub(super) fn separator(env: &str) -> char {
    variable("COMPOSE_PATH_SEPARATOR", env).chars().next().unwrap_or(':')
}

/// A file that has to be here, and a regular one: Docker would create a directory.
pub(super) fn is_copied(name: &str) -> Result<(), CliError> {
    if Path::new(name).is_file() {
        return Ok(());
    }
    Err(refused(&[name, " is not in this directory; copy it from photoprism-admin first"]))
}

/// The value of `COMPOSE_FILE` with those overlays and no others, each where it is already or at the
/// end; behind PhotoPrism's `files`, where it has none of them.
pub(super) fn merged(value: &str, separator: char, overlays: [&str; 2], files: &str) -> String {
    let mut merged = String::new();
    let mut has_own = false;
    for part in value.split(separator) {
        let name = part.trim_start_matches("./");
        if !OVERLAYS.contains(&name) {
            has_own |= !part.is_empty();
            push(&mut merged, separator, part);
        } else if overlays.contains(&name) && !merged.split(separator).any(|part| part == name) {
            push(&mut merged, separator, name);
        }
    }
    if !has_own {
        let rest = std::mem::replace(&mut merged, files.to_owned());
        push(&mut merged, separator, &rest);
    }
    for overlay in overlays {
        if !merged.split(separator).any(|part| part == overlay) {
            push(&mut merged, separator, overlay);
        }
    }
    merged
}

fn push(list: &mut String, separator: char, part: &str) {
    if !list.is_empty() && !part.is_empty() {
        list.push(separator);
    }
    list.push_str(part);
}

/// What Compose takes without `COMPOSE_FILE`; with it, no file of overrides is read by itself.
///
/// # Errors
/// Where there is no such file, or more than one.
pub(super) fn default_files(separator: char) -> Result<String, CliError> {
    let mut files = String::new();
    for name in MAIN {
        if !Path::new(name).exists() {
            continue;
        }
        if !files.is_empty() {
            return Err(refused(&[
                "both ",
                &files,
                " and ",
                name,
                " are here; name the one that is PhotoPrism's in .env: COMPOSE_FILE=",
                &files,
            ]));
        }
        files.push_str(name);
    }
    if files.is_empty() {
        return Err(refused(&["there is no compose file here; go to PhotoPrism's directory"]));
    }
    for name in OVERRIDES {
        if Path::new(name).exists() {
            push(&mut files, separator, name);
            break;
        }
    }
    Ok(files)
}

/// What is in PhotoPrism's files, one after the other.
fn read(files: &str, separator: char) -> Result<String, CliError> {
    let mut text = String::new();
    for file in files.split(separator) {
        match fs::read_to_string(file) {
            Ok(more) => text.extend([&*more, "\n"]),
            Err(error) => return Err(unreadable(file, &error)),
        }
    }
    if position(&text, "PHOTOPRISM_ADMIN_IMAGE").is_some() {
        return Err(refused(&["this is photoprism-admin's directory; go to PhotoPrism's"]));
    }
    Ok(text)
}

/// Without comments, and what is in front of an entry.
fn entries(text: &str) -> Entries<'_> {
    let mut found = Entries::default();
    // Of the mount that is read.
    let (mut source, mut is_storage) = (None, false);
    for line in text.lines() {
        if line.trim_start().starts_with('-') {
            (source, is_storage) = (None, false);
        }
        let entry = line.trim_start_matches([' ', '-', '"', '\'']);
        if entry.starts_with('#') {
            continue;
        }
        found.has_service |= entry.starts_with("photoprism:") || entry.starts_with("photoprism\":");
        if let Some(at) = position(entry, INSIDE) {
            let is_below = entry[at + INSIDE.len()..].starts_with(['/', '-', '_']);
            if !is_below && found.storage.is_none() {
                found.storage = Some(&entry[..at]);
            }
        }
        if let Some(rest) = entry.strip_prefix(SOURCE) {
            source = Some(plain(rest));
        } else if let Some(rest) = entry.strip_prefix(TARGET) {
            is_storage = plain(rest).trim_end_matches('/') == &INSIDE[1..];
        }
        if is_storage && found.storage.is_none() {
            found.storage = source;
        }
        if let Some(rest) = entry.strip_prefix(DRIVER) {
            found.drivers.push(rest);
        }
    }
    found
}

/// A text of YAML without its quotes and what follows it.
fn plain(text: &str) -> &str {
    before(text, " #").trim().trim_matches(['"', '\''])
}

/// With a reference to a variable, or to the user's home, in front replaced, as Compose does it.
fn expanded(text: &str, env: &str) -> String {
    if let Some(rest) = text.strip_prefix("~/") {
        return [&variable("HOME", ""), "/", rest].concat();
    }
    let Some((inside, rest)) = text.strip_prefix("${").and_then(|text| text.split_once('}')) else {
        return text.to_owned();
    };
    let (name, default) = inside.split_once('-').unwrap_or((inside, ""));
    let value = variable(name.trim_end_matches(':'), env);
    [if value.is_empty() { default } else { &value }, rest].concat()
}

/// Which database PhotoPrism has.
fn is_mariadb(
    text: &str,
    entries: &Entries<'_>,
    storage: &str,
    env: &str,
) -> Result<bool, CliError> {
    // Of more weight than a variable, for PhotoPrism.
    let options = fs::read_to_string(Path::new(storage).join("config/options.yml"));
    let options = ["\n", &options.unwrap_or_default()].concat();
    let mut found = None;
    let mut differ = false;
    if let Some(at) = position(&options, "\nDatabaseDriver:") {
        found = by_name(options[at..].trim_start().lines().next().unwrap_or_default(), env);
    } else {
        for rest in &entries.drivers {
            let other = by_name(rest, env);
            differ |= other.is_none() || found.is_some_and(|found| Some(found) != other);
            found = other;
        }
    }
    if found.is_none() || differ {
        found = by_name("", env);
    }
    // SQLite is what PhotoPrism takes without that variable; another file may have it.
    let elsewhere = ["env_file", "mariadb", "mysql", DRIVER];
    if found.is_none() && !elsewhere.iter().any(|word| position(text, word).is_some()) {
        found = Path::new(storage).join("index.db").exists().then_some(false);
    }
    found.ok_or_else(|| {
        refused(&[
            "cannot see in PhotoPrism's files whether its accounts are in SQLite or MariaDB; write \
             it in .env: ",
            DRIVER,
            "=sqlite, or mysql",
        ])
    })
}

/// By the name of PhotoPrism's driver, or what is behind its key. Without one it is that of `.env`.
fn by_name(rest: &str, env: &str) -> Option<bool> {
    let text = before(rest, " #").trim().trim_start_matches("DatabaseDriver");
    let text = text.trim_matches([' ', ':', '=', '"', '\'']);
    let name = expanded(if text.is_empty() { value(env, DRIVER) } else { text }, env);
    let is = |other: &&str| name.eq_ignore_ascii_case(other);
    if ["mysql", "mariadb"].iter().any(is) {
        return Some(true);
    }
    ["sqlite", "sqlite3"].iter().any(is).then_some(false)
}

/// Whose files the daemon has to read and write, as numbers of user and group.
fn owner(storage: &str, is_mariadb: bool) -> Result<Option<[String; 2]>, CliError> {
    if !storage.contains('/') && !storage.starts_with('.') {
        // A volume of Docker's.
        return Ok(None);
    }
    let path = [storage.trim_end_matches('/'), if is_mariadb { "" } else { "/index.db" }].concat();
    match fs::metadata(&path) {
        Ok(found) => Ok(Some([found.uid().to_string(), found.gid().to_string()])),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(refused(&[
            &path,
            " is not there; start PhotoPrism once (docker compose up -d), or, where its storage \
             directory is another one, set it in .env: ",
            STORAGE,
            "=…",
        ])),
        Err(error) => Err(unreadable(&path, &error)),
    }
}
