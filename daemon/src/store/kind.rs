//! The two kinds of database.

use super::engine::Connection;
use super::error::StoreError;
use crate::model::Edition;

/// Whose database it is, with what only that kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Created and owned by this daemon.
    Own,
    /// PhotoPrism's `index.db`.
    PhotoPrism {
        /// `versions.version`, newest row.
        version: String,
        /// `versions.edition`, `ce` for the community edition.
        edition: String,
    },
}

impl Kind {
    /// Its name in `status` and the ready line.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::PhotoPrism { .. } => "photoprism",
        }
    }

    /// The edition that reads it.
    pub fn edition(&self) -> Edition {
        match self {
            Self::PhotoPrism { edition, .. } if edition == "ce" => Edition::Community,
            Self::PhotoPrism { .. } | Self::Own => Edition::Full,
        }
    }
}

/// PhotoPrism's, with its version and edition.
pub(super) fn photoprism_kind(engine: &Connection) -> Result<Kind, StoreError> {
    let newest = "SELECT version, edition FROM versions ORDER BY id DESC LIMIT 1";
    let newest = engine.prepare_once(newest)?.one(&[], |row| Ok((row.text(0)?, row.text(1)?)))?;
    let (version, edition) = newest.unwrap_or_default();
    Ok(Kind::PhotoPrism { version, edition })
}
