//! `users rename`.

use clap::Args;
use photoprism_protocol::users;
use photoprism_protocol::users::UsersRename;

use crate::context::Context;
use crate::error::CliError;
use crate::flags::JsonFlag;
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users rename bob robert

UID, display name, directories, password, sessions and app passwords stay as they are.";

/// Give an account another name
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Rename {
    /// User name or UID, asked for if left out
    #[arg(value_name = "OLD")]
    username: Option<String>,

    /// Its new name, asked for if left out
    #[arg(value_name = "NEW")]
    name: Option<String>,

    #[command(flatten)]
    json: JsonFlag,
}

impl Rename {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::text(&context.person, self.username, "Username", "OLD")?;
        let name = prompt::text(&context.person, self.name, "New name", "NEW")?;
        let args = users::Rename { user, name };
        let reply = context.call::<UsersRename>(&args)?;
        let (name, uid) = (&reply.value.user.name, &reply.value.user.uid);
        context.note(&if reply.value.changed.is_empty() {
            format!("{name} ({uid}) has that name already")
        } else {
            format!("{} is now {name} ({uid})", args.user)
        });
        if self.json.json { output::json(&reply.raw, None) } else { Ok(()) }
    }
}
