//! How a bug in this program ends it. Nothing unwinds: a panic ends the process in its hook,
//! after it restored the terminal.

use std::panic::{self, PanicHookInfo};
use std::process;

use crate::error::CliError;

/// A panic prints where it happened and ends the process. `before` restores what must be, such as
/// the terminal.
pub fn on_panic(json: bool, before: impl Fn() + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |info| {
        before();
        let error = fault(info);
        error.report(json);
        process::exit(error.exit().number().into());
    }));
}

/// The location alone: the message of a panic could contain anything.
fn fault(info: &PanicHookInfo<'_>) -> CliError {
    let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
    CliError::Internal(format!(
        "a fault of this program, please report it: {}",
        place.unwrap_or_default()
    ))
}
