//! The file of `--config`: lines `NAME=VALUE` with the environment's names.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use photoprism_protocol::secret::Secret;
use photoprism_protocol::setting_path::check_line_ends;
use zeroize::Zeroizing;

use super::error::ConfigError;
use super::table::{Id, SETTINGS};
use super::values::quoted;
use crate::system::{FileId, descriptors_of};

/// Far more than every setting needs; a wrong file (a disk image, a device) is not read to its end.
const MOST_BYTES: u64 = 1024 * 1024;

/// Milliseconds that the next byte of a pipe may take.
const PIPE_MS: u16 = 10_000;

/// A line that gives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) id: Id,
    /// Exactly as it is in the file: quotes and blanks belong to it.
    pub(crate) value: &'a str,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileLineError {
    pub(crate) line: usize,
    pub(crate) why: String,
}

impl FileLineError {
    pub(crate) fn in_file(self, path: &Path) -> ConfigError {
        ConfigError::Line { path: shown(path), line: self.line, why: self.why }
    }
}

/// A path as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    crate::log::escape(&path.to_string_lossy())
}

/// When a file is read; this decides about pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At the start, which waits some seconds for what comes through a pipe.
    Start,
    /// While the daemon serves. A pipe was read to its end at the start: opening it again could
    /// wait for ever.
    Serving,
}

/// The text of a file.
#[derive(Debug)]
pub(crate) struct FileText {
    /// Zeroed when dropped: there may be a password in it.
    pub(crate) text: Zeroizing<String>,
    /// It came through a pipe and cannot be read a second time.
    pub(crate) piped: bool,
}

/// The whole text of a file of settings.
///
/// Gives the message for people where it cannot be read.
pub(crate) fn read(path: &Path, when: When) -> Result<FileText, String> {
    read_at_most(path, MOST_BYTES, when)
}

/// The text of a file of at most `most` bytes, opened and read once.
pub(crate) fn read_at_most(path: &Path, most: u64, when: When) -> Result<FileText, String> {
    let name = || quoted(&path.to_string_lossy());
    let failed = |error| format!("{} cannot be read: {error}", name());
    let _one_at_a_time = READING.lock().unwrap_or_else(PoisonError::into_inner);
    let file = open(path, when).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    let piped = found.file_type().is_fifo();
    if piped && when == When::Serving {
        return Err(format!("{} is a pipe, which can be read at the start alone", name()));
    }
    // The buffer must not grow: growing leaves copies behind that nobody zeroes.
    let size = if piped { most } else { found.len().clamp(4096, most) } + 1;
    let room = usize::try_from(size).unwrap_or(4096);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    if found.is_file() {
        file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let source = Unready { file, limit: PollTimeout::from(PIPE_MS) };
        source.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > most {
        return Err(format!("{} is larger than {most} bytes: the wrong file?", name()));
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(FileText { text: Zeroizing::new(text), piped }),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(format!("{} is not valid UTF-8 text", name()))
        }
    }
}

/// A pipe or a device, whose next byte is waited for no longer than this: nobody may be there to
/// write it, and a daemon that waits for that serves nobody.
struct Unready {
    file: File,
    limit: PollTimeout,
}

impl Read for Unready {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut wait = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
            match poll(&mut wait, self.limit) {
                Ok(0) => {
                    let why = "it is not a regular file, and nobody writes into it";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => match self.file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read,
                },
            }
        }
    }
}

/// Held while a file is read, so that `open` does not mistake another reader's descriptor for the
/// database's.
static READING: Mutex<()> = Mutex::new(());

/// Opens the file. While the daemon serves it has the database open, and closing a second
/// descriptor of that file would drop its locks: any peer that may write in the file's directory
/// could put a hard link to the database there. So it is first opened with `O_PATH`, which drops
/// none, and then through that descriptor.
fn open(path: &Path, when: When) -> io::Result<File> {
    let not_waiting = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).clone();
    if when == When::Start {
        return not_waiting.open(path);
    }
    let held = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path)?;
    let found = held.metadata()?;
    if found.is_file() && descriptors_of(FileId::of(&found))? > 1 {
        return Err(io::Error::other("the daemon has this file open for something else"));
    }
    let again = format!("/proc/self/fd/{}", held.as_raw_fd());
    not_waiting.open(again)
}

/// The entries of a file's text, in order. `\r\n` ends a line too.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry<'_>>, FileLineError> {
    let mut seen = BTreeMap::new();
    let mut entries = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let Some((id, value)) =
            parse_line(line).map_err(|why| FileLineError { line: number, why })?
        else {
            continue;
        };
        if let Some(first) = seen.insert(id, number) {
            let why = format!("{} is given twice, first in line {first}", id.setting().env);
            return Err(FileLineError { line: number, why });
        }
        entries.push(Entry { id, value, line: number });
    }
    Ok(entries)
}

/// The first account's password, where the text of this file contains it.
pub(crate) fn admin_password(path: &Path, text: &str) -> Result<Option<Secret>, ConfigError> {
    let entries = parse(text).map_err(|fault| fault.in_file(path))?;
    let entry = entries.iter().find(|entry| entry.id == Id::AdminPassword);
    Ok(entry.map(|entry| Secret::new(entry.value.to_owned())))
}

/// `None` for a blank line or a comment. Messages never repeat a value: it may be a secret.
fn parse_line(line: &str) -> Result<Option<(Id, &str)>, String> {
    if line.trim().is_empty() || line.trim_start().starts_with('#') {
        return Ok(None);
    }
    let Some((name, value)) = line.split_once('=') else {
        return Err("is not NAME=VALUE; a comment begins with #".into());
    };
    let name = name.trim();
    let Some(setting) = SETTINGS.iter().find(|setting| setting.env == name) else {
        return Err(format!("{} is not a setting; photoprismd --help lists them", quoted(name)));
    };
    if setting.id == Id::Config {
        return Err(format!("{name} cannot be set in the file that it names"));
    }
    if value.contains('\0') {
        return Err(format!("the value of {name} has a NUL in it"));
    }
    check_line_ends(value).map_err(|rule| format!("the value of {name} {rule}"))?;
    Ok(Some((setting.id, value)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_give_values_literally() {
        let text = "\u{feff}# comment\r\n\r\n  # indented=x\n \
                    PHOTOPRISM_ADMIN_MAX_LINE =2048\r\nPHOTOPRISM_ADMIN_USER=\"a=b\" \n\n\
                    PHOTOPRISM_ADMIN_GROUP=";
        let entry = |id, value, line| Entry { id, value, line };
        assert_eq!(
            parse(text).unwrap(),
            [
                entry(Id::MaxLine, "2048", 4),
                entry(Id::AdminUser, "\"a=b\" ", 5),
                entry(Id::SocketGroup, "", 7),
            ]
        );
    }

    #[test]
    fn faults_name_their_line_and_no_value() {
        for (text, line, part) in [
            ("\nnonsense hunter22", 2, "NAME=VALUE"),
            (
                "PHOTOPRISM_ADMIN_PASSWROD=hunter22",
                1,
                "\"PHOTOPRISM_ADMIN_PASSWROD\" is not a setting",
            ),
            ("photoprism_admin_max_line=1\n", 1, "is not a setting"),
            ("=x", 1, "is not a setting"),
            (
                "PHOTOPRISM_ADMIN_MAX_LINE=4096\nPHOTOPRISM_ADMIN_MAX_LINE=4096",
                2,
                "first in line 1",
            ),
            ("PHOTOPRISM_ADMIN_CONFIG=/x", 1, "cannot be set in the file"),
            ("PHOTOPRISM_ADMIN_SOCKET=/a\0b", 1, "NUL"),
            ("PHOTOPRISM_ADMIN_PASSWORD=hunter22\rX=y\n", 1, "carriage return"),
            ("PHOTOPRISM_ADMIN_PASSWORD=hunter22\r\r\n", 1, "ends in a carriage return"),
            ("export PHOTOPRISM_ADMIN_USER=x", 1, "is not a setting"),
            ("a\u{1b}[31m\u{202e}b=hunter22", 1, "\\u{1b}"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.line, line, "{text:?}");
            assert!(fault.why.contains(part), "{text:?}: {}", fault.why);
            assert!(!fault.why.contains("hunter22"), "{}", fault.why);
            assert!(!fault.why.contains(char::is_control), "{}", fault.why);
        }
    }

    #[test]
    fn a_huge_or_binary_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings");
        std::fs::write(&path, "#".repeat(1024 * 1024)).unwrap();
        let read = |path: &Path| super::read(path, When::Start).map(|file| file.text);
        assert!(read(&path).is_ok());
        std::fs::write(&path, "#".repeat(1024 * 1024 + 1)).unwrap();
        assert!(read(&path).unwrap_err().contains("larger than"));
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert!(read(&path).unwrap_err().contains("UTF-8"));
        assert!(read(directory.path()).unwrap_err().contains("cannot be read"));
        assert!(read(&directory.path().join("none")).unwrap_err().contains("cannot be read"));
        assert!(read(Path::new("/dev/zero")).unwrap_err().contains("larger than"));
    }

    #[test]
    fn a_pipe_that_nobody_writes_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let open = || super::open(&path, When::Start).unwrap();
        let read = |file| {
            let mut text = String::new();
            let mut source = Unready { file, limit: PollTimeout::from(20_u8) };
            source.read_to_string(&mut text).map(|_| text)
        };
        assert_eq!(read(open()).unwrap_err().kind(), io::ErrorKind::TimedOut);
        // Nor is the end of one that is written half.
        let (file, mut writer) = (open(), OpenOptions::new().write(true).open(&path).unwrap());
        io::Write::write_all(&mut writer, b"half").unwrap();
        assert_eq!(read(file).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let file = open();
        io::Write::write_all(&mut writer, b" and all").unwrap();
        drop(writer);
        assert_eq!(read(file).unwrap(), " and all");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn anything_near_a_setting_is_read_or_refused(
            name in prop::sample::select(SETTINGS.iter().map(|row| row.env).collect::<Vec<_>>()),
            before in "[ \t#\r=]{0,3}", value in "\\PC{0,40}", end in "(\r\n|\n|\r|)",
        ) {
            let text = format!("{before}{name}={value}{end}");
            if let Ok(entries) = parse(&text) {
                prop_assert!(entries.len() <= 1);
                for entry in entries {
                    prop_assert_eq!(entry.id.setting().env, name);
                    prop_assert_eq!(entry.value, value.as_str());
                }
            }
        }
    }
}
