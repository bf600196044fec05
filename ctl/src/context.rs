//! What every command needs: the daemon, the person, the notes.

use std::io::{self, IsTerminal, Write};
use std::rc::Rc;

use photoprism_protocol::command::Command;
use photoprism_protocol::envelope::Outgoing;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::connection::Line;
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::flags::Global;
use crate::interrupt::Interrupt;
use crate::prompt::{Consent, Person};
use crate::socket::SocketChoice;

/// Value of `PHOTOPRISM_CLI` that forbids questions, as in PhotoPrism.
const NONINTERACTIVE: &str = "noninteractive";

/// What a command returned.
pub(crate) struct Reply<T> {
    /// The result.
    pub value: T,
    /// The same as the daemon wrote it, for `--json`: a newer one may have more keys.
    pub raw: Box<RawValue>,
}

/// One run of a command.
#[derive(Debug)]
pub(crate) struct Context {
    client: Client,
    /// Who can be asked.
    pub person: Person,
    /// Builds the tree of commands, for those that print it.
    pub tree: fn() -> clap::Command,
    /// Output is for a program.
    pub json: bool,
    held_notes: Vec<String>,
    muted: bool,
}

impl Context {
    /// From the global flags and the environment; connects to nothing yet.
    pub(crate) fn new(
        global: &Global,
        interrupt: Interrupt,
        json: bool,
        tree: fn() -> clap::Command,
    ) -> Self {
        let forbidden =
            std::env::var_os("PHOTOPRISM_CLI").is_some_and(|mode| mode == NONINTERACTIVE);
        Self {
            client: Client::new(global.socket.clone(), global.timeout),
            person: Person {
                interrupt: Rc::new(interrupt),
                interactive: !global.no_input && !forbidden && io::stdin().is_terminal(),
                json,
            },
            tree,
            json,
            held_notes: Vec::new(),
            muted: false,
        }
    }

    /// Sends a command that destroys nothing.
    ///
    /// # Errors
    /// [`CliError::BadReply`] for a result of another type; what the daemon refused, or why it
    /// could not be asked.
    pub(crate) fn call<C: Command>(&mut self, args: &C::Args) -> Result<Reply<C::Reply>, CliError> {
        typed(self.call_untyped::<C>(args)?)
    }

    /// Sends a command that destroys, after somebody agreed.
    ///
    /// # Errors
    /// As [`Context::call`].
    pub(crate) fn call_agreed<C: Command>(
        &mut self,
        _: &Consent,
        args: &C::Args,
    ) -> Result<Reply<C::Reply>, CliError> {
        let request = Outgoing { cmd: C::NAME.name(), args, key: None, confirm: true };
        typed(self.send(&Line::new(&request)?)?)
    }

    /// As [`Context::call`], without decoding the result.
    pub(crate) fn call_untyped<C: Command>(
        &mut self,
        args: &C::Args,
    ) -> Result<Box<RawValue>, CliError> {
        const { assert!(!C::NAME.needs_confirm(), "it needs a consent") };
        self.send(&Line::new(&Outgoing { cmd: C::NAME.name(), args, key: None, confirm: false })?)
    }

    /// Sends a command that is known by its name alone.
    ///
    /// # Errors
    /// As [`Context::call`], but for the type of the result.
    pub(crate) fn call_raw(
        &mut self,
        request: &Outgoing<'_, Box<RawValue>>,
    ) -> Result<Box<RawValue>, CliError> {
        self.send(&Line::new(request)?)
    }

    /// Which socket is asked, with those passed over.
    pub(crate) fn socket_choice(&self) -> Result<SocketChoice, CliError> {
        self.client.choice()
    }

    fn send(&mut self, request: &Line) -> Result<Box<RawValue>, CliError> {
        let answer = self.client.call(request, &self.person.interrupt)?;
        for warning in &answer.warnings {
            self.note(&format!("warning: {warning}"));
        }
        Ok(answer.result)
    }

    /// Waits for replies after a Ctrl-C as well, from here on.
    pub(crate) fn wait_on(&mut self) {
        self.client.waits_on = true;
    }

    /// Shows how far a long command is, on a terminal, in the place of what was shown before; an empty
    /// text takes it away.
    pub(crate) fn progress(&self, text: &str) {
        if !self.muted && !self.json && io::stderr().is_terminal() {
            let _ = io::stderr().write_all(["\r\x1b[K", text].concat().as_bytes());
        }
    }

    /// No notes from here on.
    pub(crate) fn mute(&mut self) {
        self.muted = true;
    }

    /// Prints one line next to the data. With `--json` it waits for the end: an error must be
    /// alone on standard error.
    pub(crate) fn note(&mut self, text: &str) {
        let line = format!("{}\n", escape::line(text));
        if self.muted {
            return;
        }
        if self.json {
            self.held_notes.push(line);
        } else {
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    /// Prints the notes that had to wait.
    pub(crate) fn finish(&mut self) {
        let text: String = self.held_notes.drain(..).collect();
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

fn typed<T: DeserializeOwned>(raw: Box<RawValue>) -> Result<Reply<T>, CliError> {
    Ok(Reply { value: decode::result(raw.get())?, raw })
}
