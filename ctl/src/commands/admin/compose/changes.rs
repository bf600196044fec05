//! What changes in `.env` and next to it, and the writing of it.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::container;
use super::env_lines::{BEGIN, END, add, assignments, span, value};
use super::project::{OVERLAYS, Project, STORAGE, default_files, is_copied, merged, separator};
use super::refused::{refused, unreadable};
use crate::error::CliError;
use crate::escape;
use crate::new_file::replace;

const COMPOSE_FILE: &str = "COMPOSE_FILE";
const OWNER: [&str; 2] = ["PHOTOPRISM_UID", "PHOTOPRISM_GID"];
const URL: &str = "PHOTOPRISM_ADMIN_PHOTOPRISM_URL";

/// The variables of the database, for the daemon.
const VARIABLES: &str = "photoprism-admin.env";

/// What is to be written.
#[derive(Debug)]
pub(super) struct Changes {
    /// `.env`, or what is behind it if it is a link.
    path: PathBuf,
    /// Whether it is there.
    exists: bool,
    pub old: String,
    new: String,
    /// The file of variables, if it is to be written; empty if it is to be deleted.
    variables: Option<Zeroizing<String>>,
}

impl Changes {
    /// None so far.
    pub(super) fn read() -> Result<Self, CliError> {
        let name = Path::new(".env");
        let exists = fs::symlink_metadata(name).is_ok();
        let (mut path, mut old) = (name.to_owned(), String::new());
        if exists {
            let read = fs::canonicalize(name).and_then(|real| {
                path = real;
                fs::read_to_string(&path)
            });
            old = read.map_err(|error| unreadable(".env", &error))?;
        }
        Ok(Self { path, exists, old, new: String::new(), variables: None })
    }

    /// # Errors
    /// Where `.env` says something else, or PhotoPrism's container cannot be asked.
    pub(super) fn set_up(&mut self, project: &Project, url: bool) -> Result<(), CliError> {
        let new = &mut self.new;
        let separator = separator(&self.old);
        let named = value(&self.old, COMPOSE_FILE);
        let mut overlays = [OVERLAYS[usize::from(project.is_mariadb)], ""];
        if !project.is_mariadb && (url || named.contains(OVERLAYS[2])) {
            is_copied(OVERLAYS[2])?;
            overlays[1] = OVERLAYS[2];
        }
        let files = merged(named, separator, overlays, &project.files);
        for line in assignments(&self.old) {
            match span(line, COMPOSE_FILE) {
                Some(at) if line.as_bytes().as_ptr_range().contains(&named.as_ptr()) => {
                    new.extend([&line[..at.start], &files, &line[at.end..]]);
                }
                Some(at) => {
                    let rest = merged(&line[at], separator, ["", ""], "");
                    if !rest.is_empty() && rest != project.files {
                        return Err(refused(&[
                            "there are several COMPOSE_FILE in .env, of which Compose takes the \
                             last one; leave that one",
                        ]));
                    }
                }
                None if is_empty_owner(line) => {}
                None => new.push_str(line),
            }
        }
        if value(new, COMPOSE_FILE).is_empty() {
            add(new, COMPOSE_FILE, &files);
        }
        for (at, name) in OWNER.into_iter().enumerate() {
            owner(new, name, project.owner.as_ref().map(|owner| &*owner[at]))?;
        }
        if let Some(storage) = &project.storage {
            add(new, STORAGE, storage);
        }
        if project.is_mariadb && url && value(new, URL).is_empty() {
            add(new, URL, "http://photoprism:2342");
        }
        if project.is_mariadb && !Path::new(VARIABLES).exists() {
            self.variables = Some(container::database_variables(&project.files, separator)?);
        }
        Ok(())
    }

    /// Takes back what was added, by the recipes of earlier versions too; what somebody else added
    /// since stays.
    pub(super) fn undo(&mut self) {
        let new = &mut self.new;
        let separator = separator(&self.old);
        let default = default_files(separator).unwrap_or_default();
        let mut is_inside = false;
        for line in assignments(&self.old) {
            let sets = |key: &&str| span(line, key).is_some();
            let is_added = is_inside && [OWNER[0], OWNER[1], STORAGE, URL].iter().any(sets);
            let name = line.trim_end();
            if let Some(at) = span(line, COMPOSE_FILE) {
                let rest = merged(&line[at.clone()], separator, ["", ""], "");
                let is_own = rest.is_empty() || is_inside && rest == default;
                if !is_own {
                    new.extend([&line[..at.start], &rest, &line[at.end..]]);
                }
            } else if name == BEGIN {
                is_inside = true;
            } else if name == END {
                is_inside = false;
                if !line.ends_with('\n') {
                    // As it was before.
                    new.truncate(new.len().saturating_sub(1));
                }
            } else if !is_added && !is_empty_owner(line) {
                new.push_str(line);
            }
        }
        if Path::new(VARIABLES).exists() {
            self.variables = Some(Zeroizing::default());
        }
    }

    /// As a list for people; empty where there is nothing to do.
    pub(super) fn shown(&self) -> String {
        let mut shown = String::new();
        if self.old != self.new {
            shown.push_str(".env\n");
            differing(&mut shown, "- ", &self.old, &self.new);
            differing(&mut shown, "+ ", &self.new, &self.old);
        }
        match &self.variables {
            None => {}
            Some(text) if text.is_empty() => shown += "photoprism-admin.env\n- the whole file\n",
            Some(_) => {
                shown += "photoprism-admin.env\n+ the database's variables of PhotoPrism's \
                          container, its password too (mode 0600)\n";
            }
        }
        shown
    }

    /// Writes all of it; `.env` names nothing before it is there.
    pub(super) fn write(&self) -> io::Result<()> {
        let directory = fs::metadata(".")?;
        let variables = self.variables.as_ref().map_or("", |text| text);
        if !variables.is_empty() {
            replace(VARIABLES.as_ref(), variables, 0o600, Some(&directory))?;
        }
        if self.old != self.new {
            let like = if self.exists { fs::metadata(&self.path)? } else { directory };
            let mode = if self.exists { like.permissions().mode() & 0o7777 } else { 0o644 };
            if self.exists {
                let copy = self.path.with_file_name(".env.before-photoprism-admin");
                replace(&copy, &self.old, mode, Some(&like))?;
            }
            if self.new.is_empty() {
                fs::remove_file(&self.path)?;
            } else {
                replace(&self.path, &self.new, mode, Some(&like))?;
            }
        }
        if self.variables.is_some() && variables.is_empty() {
            fs::remove_file(VARIABLES)?;
        }
        Ok(())
    }
}

/// An empty uid or gid, which an earlier recipe could leave, is as good as none, and Compose fails on it.
fn is_empty_owner(line: &str) -> bool {
    OWNER.iter().any(|key| span(line, key).is_some_and(|at| at.is_empty()))
}

/// Sets the owner where there is none.
fn owner(env: &mut String, name: &str, owner: Option<&str>) -> Result<(), CliError> {
    let given = value(env, name);
    match owner {
        Some(owner) if given.is_empty() => add(env, name, owner),
        Some(owner) if given != owner => {
            return Err(refused(&[
                name,
                " is ",
                given,
                " in .env, but PhotoPrism's files belong to ",
                owner,
                "; correct one of them",
            ]));
        }
        None if given.is_empty() => {
            return Err(refused(&[
                "the storage directory is a volume of Docker's; set PHOTOPRISM_UID and \
                 PHOTOPRISM_GID in .env to what this prints: docker compose exec photoprism stat \
                 -c '%u %g' /photoprism/storage",
            ]));
        }
        Some(_) | None => {}
    }
    Ok(())
}

/// The lines of one text that are not in the other.
fn differing(shown: &mut String, sign: &str, text: &str, other: &str) {
    for line in text.lines() {
        if line != END && !other.lines().any(|other| other == line) {
            shown.extend([sign, &*escape::line(line), "\n"]);
        }
    }
}
