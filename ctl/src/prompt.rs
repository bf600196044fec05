//! Questions to a person. Asked only where standard input is a terminal; they go to standard
//! error.

mod echo;

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;

use nix::poll::PollFlags;
use photoprism_protocol::password::{MAX_CHARS, MIN_CHARS, check_ascii_form};
use photoprism_protocol::secret::Secret;
use rpassword::ConfigBuilder;

use crate::error::CliError;
use crate::escape;
use crate::interrupt::{Interrupt, Waited};
use echo::EchoOff;

const CANCELLED: &str = "cancelled; nothing was changed";

/// How often a new password is asked for.
pub(crate) const TRIES: usize = 3;

/// Who can be asked, and how.
#[derive(Debug)]
pub(crate) struct Person {
    /// Ends the process on Ctrl-C.
    pub interrupt: Rc<Interrupt>,
    /// Somebody can be asked.
    pub interactive: bool,
    /// Errors are for a program.
    pub json: bool,
}

/// Somebody agreed to what destroys. Only this module creates one.
#[derive(Debug)]
pub(crate) struct Consent(());

/// Takes `--yes`, or asks. `flag` is named where nobody can be asked.
///
/// # Errors
/// [`CliError::Cancelled`] after a no, [`CliError::Usage`] without a terminal.
pub(crate) fn consent(
    person: &Person,
    given: bool,
    question: &str,
    flag: &str,
) -> Result<Consent, CliError> {
    if given {
        return Ok(Consent(()));
    }
    if !person.interactive {
        return Err(CliError::Usage(format!("{question} No terminal to confirm on; use {flag}")));
    }
    if yes_or_no(person, question)? { Ok(Consent(())) } else { Err(CliError::Cancelled(CANCELLED)) }
}

/// Asks a question; nothing but a yes is one.
///
/// # Errors
/// [`CliError::Interrupted`] after Ctrl-C, [`CliError::System`] where the terminal cannot be read.
pub(crate) fn yes_or_no(person: &Person, question: &str) -> Result<bool, CliError> {
    let answer = ask(person, &format!("{question} [y/N] "))?;
    let answer = answer.unwrap_or_default().to_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes"))
}

/// The user name given, or asked for.
///
/// # Errors
/// [`CliError::Usage`] where none was given and nobody can be asked.
pub(crate) fn username(person: &Person, given: Option<String>) -> Result<String, CliError> {
    text(person, given, "Username", "USERNAME")
}

/// The text given, or asked for by its name. The flag is named where nobody can be asked.
pub(crate) fn text(
    person: &Person,
    given: Option<String>,
    name: &str,
    flag: &str,
) -> Result<String, CliError> {
    match given {
        Some(text) => Ok(text),
        None if person.interactive => ask(person, &format!("{name}: "))?
            .filter(|text| !text.is_empty())
            .ok_or(CliError::Cancelled("nothing was given; nothing was changed")),
        None => Err(CliError::Usage(format!("{} is needed: give {flag}", name.to_lowercase()))),
    }
}

/// Asks for a new password twice, without echo; anew where it breaks a rule or the two differ.
///
/// # Errors
/// The last refusal: [`CliError::Cancelled`] where the two differ, [`CliError::Usage`] where a rule
/// is broken; [`CliError::Interrupted`] after Ctrl-C. The terminal is as it was before in every
/// case.
pub(crate) fn new_password(person: &Person) -> Result<Secret, CliError> {
    let echo = EchoOff::new(person)?;
    let question = format!("New password ({MIN_CHARS} to {MAX_CHARS} characters): ");
    let mut tries = 1;
    loop {
        let first = hidden(&echo, &question)?;
        let refused = match check_ascii_form(&first, MIN_CHARS) {
            Err(rule) => CliError::Usage(rule.to_string()),
            Ok(()) if hidden(&echo, "Repeat the password: ")? == first => return Ok(first),
            Ok(()) => CliError::Cancelled("the two passwords differ; nothing was changed"),
        };
        if tries == TRIES {
            return Err(refused);
        }
        tries += 1;
        refused.report(person.json);
    }
}

/// Asks for something secret once, without echo.
pub(crate) fn hidden_text(person: &Person, question: &str) -> Result<Secret, CliError> {
    let echo = EchoOff::new(person)?;
    hidden(&echo, question)
}

/// One line; `None` at the end of the input.
fn ask(person: &Person, question: &str) -> Result<Option<String>, CliError> {
    let failed = |error| CliError::System("cannot read from the terminal", error);
    let mut err = io::stderr();
    let held = person.interrupt.hold();
    err.write_all(escape::line(question).as_bytes()).map_err(failed)?;
    let terminal = io::stdin();
    let waited = held.wait(terminal.as_fd(), PollFlags::POLLIN, None).map_err(failed)?;
    if waited == Waited::Interrupted {
        let _ = err.write_all(b"\n");
        return Err(CliError::Interrupted(CANCELLED));
    }
    let mut line = String::new();
    if terminal.read_line(&mut line).map_err(failed)? == 0 {
        // The cursor is still behind the question.
        let _ = err.write_all(b"\n");
        return Ok(None);
    }
    Ok(Some(line.trim().into()))
}

fn hidden(echo: &EchoOff<'_>, question: &str) -> Result<Secret, CliError> {
    let failed = |error| CliError::System("cannot read the password", error);
    let terminal = echo.reader().map_err(failed)?;
    let config = ConfigBuilder::new().input_reader(terminal).output_writer(io::stderr()).build();
    let typed = match rpassword::prompt_password_with_config(question, config) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => EchoOff::interrupted(),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(CliError::Cancelled("no password was given; nothing was changed"))
        }
        Err(error) => Err(failed(error)),
    };
    // The newline that was typed is not shown either.
    let _ = io::stderr().write_all(b"\n");
    typed
}
