//! Several names on one command line.

use crate::context::Context;
use crate::error::CliError;

/// Does it for every item, and reports each failure as it comes. An interrupt or a closed pipe
/// ends it at once.
///
/// # Errors
/// The exit code of the first failure.
pub(crate) fn for_each_user<T>(
    context: &mut Context,
    items: Vec<T>,
    mut act: impl FnMut(&mut Context, T) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut first = None;
    for item in items {
        match act(context, item) {
            Ok(()) => {}
            Err(error @ (CliError::ClosedPipe | CliError::Interrupted(_))) => {
                return Err(error);
            }
            Err(error) => {
                error.report(context.json);
                first.get_or_insert(error.exit());
            }
        }
    }
    first.map_or(Ok(()), |exit| Err(CliError::Reported(exit)))
}
