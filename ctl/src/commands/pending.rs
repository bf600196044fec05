//! Nouns that are ours and yet to come: never handed to PhotoPrism's own program.

use std::ffi::OsString;

use clap::Args;

use crate::failure::Failure;

/// Takes any arguments.
#[derive(Debug, Args)]
pub struct Pending {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

impl Pending {
    /// Says that it is yet to come.
    ///
    /// # Errors
    /// Always [`Failure::NotBuilt`].
    pub fn run(self, noun: &'static str) -> Result<(), Failure> {
        drop(self.arguments);
        Err(Failure::NotBuilt(noun))
    }
}
