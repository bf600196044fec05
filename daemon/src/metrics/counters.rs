//! Counters that only grow, from the start on.

use photoprism_protocol::command::CommandName;
use photoprism_protocol::error::ErrorCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// A label with its value. Values are words of ours: nobody can make new rows from outside.
pub(super) type Label = (&'static str, &'static str);

/// A counter for each set of labels.
pub(super) type Counters<const N: usize> = Family<[Label; N], Counter>;

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    pub(super) commands: Counters<2>,
    pub(super) rejected: Counters<1>,
    pub(super) accepted: Counter,
    pub(super) refused: Counters<1>,
    pub(super) logins: Counters<1>,
}

impl Metrics {
    /// A command was answered; `None`: it was done.
    pub fn command(&self, command: CommandName, failure: Option<ErrorCode>) {
        let code = failure.map_or("ok", ErrorCode::name);
        self.commands.get_or_create(&[("command", command.name()), ("code", code)]).inc();
    }

    /// A line was answered from which no command could be read.
    pub fn rejected(&self, code: ErrorCode) {
        self.rejected.get_or_create(&[("code", code.name())]).inc();
    }

    /// A connection got its place.
    pub fn accepted(&self) {
        self.accepted.inc();
    }

    /// A connection was turned away: `forbidden` or `busy`.
    pub fn refused(&self, code: ErrorCode) {
        self.refused.get_or_create(&[("code", code.name())]).inc();
    }

    /// A login was decided: `ok`, or the reason as the log tells it.
    pub fn login(&self, result: &'static str) {
        self.logins.get_or_create(&[("result", result)]).inc();
    }
}
