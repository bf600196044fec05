//! Several names on one command line.

use crate::context::Context;
use crate::failure::Failure;

/// Does it for every item, and reports each failure as it comes. An interrupt or a closed pipe
/// ends it at once.
///
/// # Errors
/// The exit code of the first failure.
pub fn for_each_user<T>(
    context: &mut Context,
    items: Vec<T>,
    mut act: impl FnMut(&mut Context, T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut first = None;
    for item in items {
        match act(context, item) {
            Ok(()) => {}
            Err(failure @ (Failure::ClosedPipe | Failure::Interrupted(_))) => return Err(failure),
            Err(failure) => {
                failure.report(context.json);
                first.get_or_insert(failure.exit());
            }
        }
    }
    first.map_or(Ok(()), |exit| Err(Failure::Reported(exit)))
}
