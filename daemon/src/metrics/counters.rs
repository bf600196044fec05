//! Counters that only grow, from the start on.

use photoprism_protocol::command::CommandName;
use photoprism_protocol::error::ErrorCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// A label with its value. Values are fixed names, so that no peer can create new series.
pub(super) type Label = (&'static str, &'static str);

/// A counter for each set of labels.
pub(super) type Counters<const N: usize> = Family<[Label; N], Counter>;

/// What happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(super) commands: Counters<2>,
    pub(super) rejected: Counters<1>,
    pub(super) accepted: Counter,
    pub(super) refused: Counters<1>,
    pub(super) logins: Counters<1>,
    pub(super) remembered: Counter,
    pub(super) gathered: Counter,
}

impl Metrics {
    /// A command was answered; `None`: it succeeded.
    pub(crate) fn command(&self, command: CommandName, failure: Option<ErrorCode>) {
        let code = failure.map_or("ok", ErrorCode::name);
        self.commands.get_or_create(&[("command", command.name()), ("code", code)]).inc();
    }

    /// A line was answered that contained no readable command.
    pub(crate) fn rejected(&self, code: ErrorCode) {
        self.rejected.get_or_create(&[("code", code.name())]).inc();
    }

    /// A connection was accepted.
    pub(crate) fn accepted(&self) {
        self.accepted.inc();
    }

    /// A connection was turned away: `forbidden` or `busy`.
    pub(crate) fn refused(&self, code: ErrorCode) {
        self.refused.get_or_create(&[("code", code.name())]).inc();
    }

    /// A login was decided: `ok`, or the reason as logged.
    pub(crate) fn login(&self, result: &'static str) {
        self.logins.get_or_create(&[("result", result)]).inc();
    }

    /// A login needed no hash, since its password was remembered.
    pub(crate) fn remembered(&self) {
        self.remembered.inc();
    }

    /// A login is written with others.
    pub(crate) fn gathered(&self) {
        self.gathered.inc();
    }
}
