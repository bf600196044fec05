//! The ways in which a new password gets here.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use nix::fcntl::OFlag;
use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::error::CliError;
use crate::paths;
use crate::prompt::{self, Person};

/// Most bytes that are read for a password; the daemon refuses far shorter ones.
const MOST_BYTES: u16 = 4096;

/// Characters of a generated password: letters and digits that cannot be mistaken for each other.
const ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Groups of a generated password and characters in each: 20 of 57 characters, 116 bits.
const GROUPS: (usize, usize) = (4, 5);

const ADVICE: &str = "warning: a password on the command line can be seen in the process list and \
                      in the shell's history; --password-stdin, --password-file and --generate \
                      are safer";

/// Where the password comes from: one way at most.
#[derive(Debug, Args)]
#[group(id = "password_way", multiple = false)]
pub(crate) struct PasswordFlags {
    /// Password, 8 to 72 characters; can be seen by others, the ways below are safer
    #[arg(short, long, value_name = "PASSWORD", allow_hyphen_values = true)]
    password: Option<String>,

    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,

    /// Read the password from a file that others cannot read, - for standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Generate a password and print it once
    #[arg(long)]
    generate: bool,
}

/// A password to be set.
#[derive(Debug)]
pub(crate) struct NewPassword {
    pub secret: Secret,
    /// It was generated here and must be printed.
    pub generated: bool,
}

impl PasswordFlags {
    /// Whether it is typed at a terminal.
    pub(crate) fn is_typed(&self, person: &Person) -> bool {
        let is_pipe = self.password_file.as_ref().is_none_or(|path| path.as_os_str() == "-");
        person.interactive && !self.generate && self.password.is_none() && is_pipe
    }

    /// Whether a flag says how to get it.
    pub(crate) fn is_given(&self) -> bool {
        self.generate
            || self.password_stdin
            || self.password.is_some()
            || self.password_file.is_some()
    }

    /// The password, where a flag says how to get it.
    ///
    /// # Errors
    /// [`CliError::Usage`] for an empty one, a file that others can read, or one that is not text.
    pub(crate) fn take(self, context: &mut Context) -> Result<Option<NewPassword>, CliError> {
        if self.generate {
            let secret = generate(fill_random)?;
            return Ok(Some(NewPassword { secret, generated: true }));
        }
        let secret = if let Some(text) = self.password {
            context.note(ADVICE);
            Secret::new(text)
        } else if self.password_stdin {
            from_stdin(context)?
        } else {
            match self.password_file {
                None => return Ok(None),
                Some(path) if path.as_os_str() == "-" => from_stdin(context)?,
                Some(path) => from_file(&path, "--password-file")?,
            }
        };
        if secret.expose().is_empty() {
            return Err(CliError::Usage("the password is empty".into()));
        }
        Ok(Some(NewPassword { secret, generated: false }))
    }
}

/// The password of the flags, or the one that is typed now.
///
/// # Errors
/// [`CliError::Usage`] where there is neither a flag nor a terminal, and what a prompt may end in.
pub(crate) fn take_or_ask(
    flags: PasswordFlags,
    context: &mut Context,
) -> Result<NewPassword, CliError> {
    match flags.take(context)? {
        Some(password) => Ok(password),
        None => ask(context),
    }
}

/// Asks for a password.
pub(crate) fn ask(context: &Context) -> Result<NewPassword, CliError> {
    if !context.person.interactive {
        return Err(CliError::Usage(
            "a password is needed: give --password-stdin, --password-file FILE or --generate"
                .into(),
        ));
    }
    Ok(NewPassword { secret: prompt::new_password(&context.person)?, generated: false })
}

fn from_stdin(context: &Context) -> Result<Secret, CliError> {
    if context.person.interactive && io::stdin().is_terminal() {
        return prompt::new_password(&context.person);
    }
    read(io::stdin().lock(), "standard input", "password")
}

/// The password that is in a file, or comes through a pipe; `what` is for people.
///
/// # Errors
/// [`CliError::Usage`] for a file that cannot be read, that others can read, or that holds no text.
pub(crate) fn from_file(path: &Path, what: &str) -> Result<Secret, CliError> {
    from_opened(path, what, false)
}

/// As [`from_file`], for a file that somebody else's text names: nothing but a regular file is
/// read, and nothing is waited for.
///
/// # Errors
/// As [`from_file`], and for a FIFO, a device or a directory.
pub(crate) fn from_regular_file(path: &Path, what: &str) -> Result<Secret, CliError> {
    from_opened(path, what, true)
}

fn from_opened(path: &Path, what: &str, only_regular: bool) -> Result<Secret, CliError> {
    paths::check(path, what)?;
    let shown = path.display();
    let unreadable = |error| CliError::Usage(format!("cannot read {what} {shown}: {error}"));
    let flags = if only_regular { OFlag::O_NONBLOCK | OFlag::O_NOCTTY } else { OFlag::empty() };
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
    let file = file.map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if only_regular && !found.is_file() {
        return Err(CliError::Usage(format!(
            "{what} {shown} is not a regular file: write the password into one"
        )));
    }
    if found.mode() & 0o004 != 0 && !found.file_type().is_char_device() {
        return Err(CliError::Usage(format!(
            "{what} {shown} can be read by everyone: run `chmod 600` on it first, or for a mounted \
             secret use --password-stdin < FILE"
        )));
    }
    read(file, "the file", "password")
}

/// Reads a text to the end of the source, as [`Secret::from_file_text`].
///
/// # Errors
/// [`CliError::Usage`] where there is too much, or no UTF-8 text; `what` and `name` are for people.
pub(crate) fn read(source: impl Read, name: &str, what: &str) -> Result<Secret, CliError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::from(MOST_BYTES) + 1));
    source
        .take(u64::from(MOST_BYTES) + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::Usage(format!("cannot read the {what} from {name}: {error}")))?;
    if bytes.len() > MOST_BYTES.into() {
        return Err(CliError::Usage(format!("there is more than one {what} in {name}")));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| CliError::Usage(format!("the {what} in {name} is not UTF-8 text")))?;
    Ok(Secret::from_file_text(text))
}

fn fill_random(bytes: &mut [u8]) -> Result<(), CliError> {
    getrandom::fill(bytes)
        .map_err(|error| CliError::System("cannot get random bytes", io::Error::other(error)))
}

/// Draws characters without bias: a byte beyond the last whole multiple is thrown away.
fn generate(mut fill: impl FnMut(&mut [u8]) -> Result<(), CliError>) -> Result<Secret, CliError> {
    let (groups, length) = GROUPS;
    let usable = 256 - 256 % ALPHABET.len();
    let mut text = Zeroizing::new(String::with_capacity(groups * (length + 1)));
    let mut drawn = 0;
    while drawn < groups * length {
        let mut byte = Zeroizing::new([0]);
        fill(&mut *byte)?;
        let number = usize::from(byte[0]);
        if number >= usable {
            continue;
        }
        if drawn > 0 && drawn % length == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[number % ALPHABET.len()]));
        drawn += 1;
    }
    Ok(Secret::new(std::mem::take(&mut *text)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn text(source: &[u8]) -> Result<String, u8> {
        read(source, "here", "password")
            .map(|secret| secret.expose().to_owned())
            .map_err(|error| error.exit().number())
    }

    #[test]
    fn one_trailing_newline_goes() {
        assert_eq!(text(b"secret\n"), Ok("secret".into()));
        assert_eq!(text(b"secret\r\n"), Ok("secret".into()));
        assert_eq!(text(b"secret\n\n"), Ok("secret\n".into()));
        assert_eq!(text(b" secret \r"), Ok(" secret \r".into()));
        assert_eq!(text(b"\xef\xbb\xbfsecret\r\n"), Ok("secret".into()));
        assert_eq!(text(b"\xff"), Err(2));
        assert_eq!(text(&[b'x'; 4097]), Err(2));
    }

    #[test]
    fn a_file_for_everyone_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("password");
        std::fs::write(&path, "secret12\n").unwrap();
        let mode = |bits| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
            from_file(&path, "--password-file").map(|secret| secret.expose().to_owned())
        };
        assert_eq!(mode(0o640).unwrap(), "secret12");
        let Err(CliError::Usage(message)) = mode(0o604) else { panic!() };
        assert!(message.contains("--password-file") && message.contains("chmod"), "{message}");
        assert!(from_file(&directory.path().join("missing"), "--password-file").is_err());
    }

    #[test]
    fn generated_passwords_are_drawn_evenly() {
        let mut next = 255_u8;
        let secret = generate(|bytes| {
            next = next.wrapping_add(1);
            bytes.fill(next);
            Ok(())
        });
        assert_eq!(secret.unwrap().expose(), "abcde-fghij-kmnop-qrstu");
        let mut bytes = [255, 228, 0].into_iter().chain(std::iter::repeat(1));
        let secret = generate(|place| {
            place.fill(bytes.next().unwrap());
            Ok(())
        });
        assert!(secret.unwrap().expose().starts_with("abbbb-"));
    }
}
