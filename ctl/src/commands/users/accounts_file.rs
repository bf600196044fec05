//! The file of `users import` and `users apply`. It is opened once and read once: what comes
//! through a pipe (`<(…)`, a FIFO) is there only once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Take, stdin};
use std::mem;
use std::path::{Path, PathBuf};

use photoprism_protocol::account_text::password_files;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::setting_path::looks_like_address;
use zeroize::{Zeroize, Zeroizing};

use crate::error::CliError;
use crate::{password, paths};

/// Bytes of the longest text that the daemon takes.
const MOST_BYTES: u64 = photoprism_protocol::account_text::MOST_BYTES as u64;

/// Bytes of a piece of a longer one.
const PIECE: u64 = 4 * 1024 * 1024;

/// Room for most files: a buffer that grows leaves copies behind unless it is zeroed.
const FIRST_ROOM: u64 = 64 * 1024;

/// What an SQLite file begins with.
const DATABASE: &[u8] = b"SQLite format 3\0";

/// What the file turned out to be.
pub(super) enum Input {
    Text(Accounts),
    /// The whole path of a database, for the daemon to read.
    Database(String),
}

/// A text of accounts, with the passwords that it names by their files.
pub(super) struct Accounts {
    /// All of it, or as much as was read.
    text: Secret,
    /// What follows.
    rest: Option<Rest>,
    /// Bytes of the whole, where they are known.
    pub(super) size: Option<u64>,
    directory: PathBuf,
    /// The files that the text names, once they are asked for.
    named: Option<BTreeSet<String>>,
    /// Each file is read once, though a dry run comes before the run.
    passwords: BTreeMap<String, Secret>,
}

/// What is read of a text that is longer than one import may be.
struct Rest {
    source: Source,
    /// The beginning of a line.
    begun: Zeroizing<Vec<u8>>,
}

type Source = Box<dyn Read>;

/// What is done with a text that is longer than one import may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Long {
    /// It is refused.
    Refused,
    /// It is read piece by piece.
    InPieces,
}

/// Opens and reads a file, `-` for standard input. A database is not read but named: PhotoPrism's
/// `index.db` may have gigabytes. One that this user may not read, or does not see, may be the
/// daemon's to read; it is recognised by its name then.
///
/// # Errors
/// [`CliError::Usage`] where it cannot be read, is too long, is not text, or is a database without
/// a path.
pub(super) fn open(path: &Path, long: Long) -> Result<Input, CliError> {
    paths::check(path, "FILE")?;
    if path.as_os_str() == "-" {
        return sniffed(Box::new(stdin()), path, false, long);
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(_) if looks_like_address(path.as_os_str()) => {
            return Err(CliError::Usage(
                "FILE is the address of a database, which is not repeated here as there may be a \
                 password in it; give the path of a file"
                    .into(),
            ));
        }
        Err(_) if is_named_as_database(path) => return database(path),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let found = file.metadata().map_err(|error| unreadable(path, &error))?;
    // Descriptors of this process: the daemon has others under these names.
    let own = ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|own| path.starts_with(own));
    let has_path = found.is_file() && !own;
    let mut input = sniffed(Box::new(file), path, has_path, long)?;
    if let Input::Text(accounts) = &mut input {
        accounts.size = found.is_file().then_some(found.len());
    }
    Ok(input)
}

/// Distinguishes a database from a text by its first bytes, which are part of the text.
fn sniffed(mut source: Source, path: &Path, has_path: bool, long: Long) -> Result<Input, CliError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize_of(FIRST_ROOM)));
    let begin = source.by_ref().take(DATABASE.len() as u64).read_to_end(&mut bytes);
    let short = has_path && bytes.len() < DATABASE.len() && is_named_as_database(path);
    if has_path && (bytes.as_slice() == DATABASE || short) {
        return database(path);
    }
    begin.map_err(|error| unreadable(path, &error))?;
    if bytes.as_slice() == DATABASE {
        let why = "is an SQLite database without a path; the daemon reads databases itself: give \
                   the path of the file";
        return Err(CliError::Usage(format!("{} {why}", shown(path))));
    }
    let most = MOST_BYTES + 1 - bytes.len() as u64;
    let bytes =
        rest(source.by_ref().take(most), bytes).map_err(|error| unreadable(path, &error))?;
    let source = (long == Long::InPieces).then_some(source);
    text(bytes, source, path).map(Input::Text)
}

/// Reads to the end. A full buffer is replaced by one of twice its size, and zeroed.
fn rest(
    mut source: Take<&mut Source>,
    mut bytes: Zeroizing<Vec<u8>>,
) -> io::Result<Zeroizing<Vec<u8>>> {
    loop {
        let room = bytes.capacity() - bytes.len();
        if source.by_ref().take(room as u64).read_to_end(&mut bytes)? < room {
            return Ok(bytes);
        }
        let mut larger = Zeroizing::new(Vec::with_capacity(bytes.capacity() * 2));
        larger.extend_from_slice(&bytes);
        bytes = larger;
    }
}

fn text(
    bytes: Zeroizing<Vec<u8>>,
    source: Option<Source>,
    path: &Path,
) -> Result<Accounts, CliError> {
    let mut rest = None;
    let mut bytes = bytes;
    if bytes.len() as u64 > MOST_BYTES {
        let Some(source) = source else {
            return Err(CliError::Usage(format!(
                "{} has more than 16 MiB, and all of it is one transaction here; photoprism users \
                 import takes files of any length",
                shown(path)
            )));
        };
        let begun = cut(&mut bytes);
        if bytes.is_empty() {
            return Err(no_line_ends(path));
        }
        rest = Some(Rest { source, begun });
    }
    let text = utf8(bytes, path)?;
    let directory = path.parent().unwrap_or(Path::new("")).to_path_buf();
    Ok(Accounts { text, rest, size: None, directory, named: None, passwords: BTreeMap::new() })
}

fn no_line_ends(path: &Path) -> CliError {
    CliError::Usage(format!(
        "{} has megabytes without a line end; give each account a line of its own, as `photoprism \
         users export` writes them",
        shown(path)
    ))
}

/// Takes off what comes behind the last whole line.
fn cut(bytes: &mut Vec<u8>) -> Zeroizing<Vec<u8>> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let begun = Zeroizing::new(bytes[end..].to_vec());
    bytes[end..].zeroize();
    bytes.truncate(end);
    begun
}

fn utf8(mut bytes: Zeroizing<Vec<u8>>, path: &Path) -> Result<Secret, CliError> {
    let text = String::from_utf8(mem::take(&mut *bytes));
    let refused = |_| CliError::Usage(format!("{} is not UTF-8 text", shown(path)));
    text.map(Secret::new).map_err(refused)
}

fn database(path: &Path) -> Result<Input, CliError> {
    let whole = std::path::absolute(path).ok();
    let whole = whole.and_then(|path| path.into_os_string().into_string().ok());
    whole.map(Input::Database).ok_or_else(|| CliError::Usage("the path is not UTF-8 text".into()))
}

fn is_named_as_database(path: &Path) -> bool {
    path.extension().is_some_and(|name| name == "db")
}

fn unreadable(path: &Path, error: &io::Error) -> CliError {
    CliError::Usage(format!("cannot read {}: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() }
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl Accounts {
    pub(super) fn text(&self) -> &Secret {
        &self.text
    }

    /// Whether more of it follows.
    pub(super) const fn goes_on(&self) -> bool {
        self.rest.is_some()
    }

    /// Reads the next piece, in the place of the one before.
    ///
    /// # Errors
    /// [`CliError::Usage`] where it cannot be read, or is not text.
    pub(super) fn advance(&mut self, path: &Path) -> Result<(), CliError> {
        let Some(mut more) = self.rest.take() else { return Ok(()) };
        let before = more.begun.len();
        if before as u64 > PIECE {
            return Err(no_line_ends(path));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(before + usize_of(PIECE) + 1));
        bytes.extend_from_slice(&more.begun);
        let read = more.source.by_ref().take(PIECE).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(path, &error))?;
        if (bytes.len() - before) as u64 == PIECE {
            more.begun = cut(&mut bytes);
            self.rest = Some(more);
        }
        self.text = utf8(bytes, path)?;
        self.named = None;
        Ok(())
    }

    /// The password that is in `file`, next to the text, which must name it: no daemon gets
    /// another file of this user.
    ///
    /// # Errors
    /// As [`password::from_regular_file`]; [`CliError::BadReply`] for a file that the text does not
    /// name.
    pub(super) fn password(&mut self, file: &str) -> Result<Secret, CliError> {
        let named = self.named.get_or_insert_with(|| password_files(self.text.expose()));
        if !named.contains(file) {
            return Err(CliError::BadReply(
                "the daemon asks for a file that the accounts do not name; it was not read".into(),
            ));
        }
        if let Some(known) = self.passwords.get(file) {
            return Ok(known.clone());
        }
        let read = password::from_regular_file(&self.directory.join(file), "password_file")?;
        self.passwords.insert(file.to_owned(), read.clone());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at each read, as a slow pipe does.
    struct Slow(io::Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    fn read(bytes: &[u8]) -> Result<String, CliError> {
        let source = Box::new(Slow(io::Cursor::new(bytes.to_vec())));
        match sniffed(source, Path::new("-"), false, Long::Refused)? {
            Input::Text(accounts) => Ok(accounts.text().expose().to_owned()),
            Input::Database(path) => panic!("{path}"),
        }
    }

    #[test]
    fn all_of_a_pipe_is_the_text_however_it_comes() {
        for length in [0, 1, 15, 16, 17, 100, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 200_000] {
            let text: String = "name\nbob\n".chars().cycle().take(length).collect();
            assert_eq!(read(text.as_bytes()).unwrap(), text, "{length}");
        }
        assert!(matches!(read(b"k\xe4the"), Err(CliError::Usage(_))));
        let Err(CliError::Usage(why)) = read(b"SQLite format 3\0more") else { panic!() };
        assert!(why.contains("standard input") && why.contains("give the path"), "{why}");
        assert_eq!(read(b"SQLite format 3").unwrap(), "SQLite format 3");
    }

    #[test]
    fn a_text_has_at_most_16_mib() {
        let most = usize_of(MOST_BYTES);
        let long = |bytes: usize| Zeroizing::new(vec![b'#'; bytes]);
        assert!(text(long(most), None, Path::new("x")).is_ok());
        let Err(CliError::Usage(why)) = text(long(most + 1), None, Path::new("x")) else {
            panic!()
        };
        assert!(why.contains("16 MiB") && why.contains("users import"), "{why}");
    }

    #[test]
    fn a_longer_one_is_read_in_pieces_that_end_with_a_line() {
        let lines: Vec<_> = (0..1_500_000_u32).map(|number| format!("zeile ä {number}")).collect();
        let whole = format!("{}\n", lines.join("\n"));
        let source = Box::new(io::Cursor::new(whole.clone().into_bytes()));
        let path = Path::new("-");
        let Input::Text(mut accounts) = sniffed(source, path, false, Long::InPieces).unwrap()
        else {
            panic!()
        };
        let mut seen = String::new();
        loop {
            let piece = accounts.text().expose();
            assert!(piece.len() as u64 <= MOST_BYTES && piece.ends_with('\n'));
            seen += piece;
            if !accounts.goes_on() {
                break;
            }
            accounts.advance(path).unwrap();
        }
        assert!(seen == whole, "{} of {} bytes", seen.len(), whole.len());
    }
}
