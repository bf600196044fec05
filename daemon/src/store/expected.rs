//! What a start, or an earlier one, found at the path of the database: what may be created there.

use std::path::Path;

use super::detect::is_index;
use super::open::{OpenError, OpenOptions};

/// What is known about a database before it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: a first start.
    #[default]
    Unknown,
    /// There was one of the daemon's own: none is created in its place.
    Own,
    /// PhotoPrism's was there: it is waited for, and never created.
    PhotoPrism,
    /// The same, and this process serves it: no other kind is opened any more.
    StillPhotoPrism,
}

/// Whether PhotoPrism alone creates what is missing there.
pub(super) fn waits(options: &OpenOptions) -> bool {
    let known = matches!(options.expected, Expected::PhotoPrism | Expected::StillPhotoPrism);
    known || is_index(&options.path)
}

/// What follows where no database is: an error, unless one may be created.
pub(super) fn missing(options: &OpenOptions) -> Result<(), OpenError> {
    if waits(options) {
        return Err(OpenError::NotThereYet);
    }
    if options.expected == Expected::Own {
        return Err(OpenError::Gone(how_gone(&options.path)));
    }
    Ok(())
}

/// What is there instead of a database that is gone.
pub fn how_gone(path: &Path) -> &'static str {
    match std::fs::metadata(path) {
        Err(_) => "it is missing",
        Ok(found) if found.len() == 0 => "the file is empty",
        Ok(_) => "the file has no table",
    }
}
