//! A file that is written under a hidden name and renamed: who reads it finds all of it, or what was
//! there before.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// Writes a file whole. It gets just that mode and the owner of `like`, or, without one, what a new
/// file gets.
pub(crate) fn replace(
    path: &Path,
    text: &str,
    mode: u32,
    like: Option<&Metadata>,
) -> io::Result<()> {
    let mut file = NewFile::create(path, mode)?;
    if let Some(like) = like {
        file.give_to(like, mode)?;
    }
    file.write_all(text.as_bytes())?;
    file.settle()
}

/// The file, which is removed unless it was settled.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    hidden: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Creates it next to the path that it is going to have.
    pub(crate) fn create(path: &Path, mode: u32) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}", std::process::id()));
        let hidden = path.with_file_name(hidden);
        // One that a killed run of this process id left; no other process has it.
        let _ = fs::remove_file(&hidden);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&hidden)?;
        Ok(Self { file, hidden, path: path.to_owned() })
    }

    /// Gives it that mode, whatever the umask is, and the owner of `like`.
    fn give_to(&self, like: &Metadata, mode: u32) -> io::Result<()> {
        fchown(&self.file, Some(like.uid()), Some(like.gid()))?;
        self.file.set_permissions(Permissions::from_mode(mode))
    }

    /// Gives it its name, in the place of what has it.
    pub(crate) fn settle(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.hidden, &self.path)
    }
}

impl io::Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Once it is renamed nothing has the name.
        let _ = fs::remove_file(&self.hidden);
    }
}
