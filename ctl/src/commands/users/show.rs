//! `users show`.

use clap::Args;
use photoprism_protocol::command::CommandName;
use photoprism_protocol::users::{Target, User};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::flags::FormatFlags;
use crate::context::{Context, decode};
use crate::failure::Failure;
use crate::report::{Report, words};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users show bob          for people
  photoprism users show bob --json   for programs";

/// Show all properties of an account
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Show {
    /// User name or UID, asked for where it is left out
    username: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    /// Carries it out.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn run(self, context: &mut Context) -> Result<(), Failure> {
        /// The object is kept as the daemon wrote it: a newer one may have more keys.
        #[derive(Deserialize)]
        struct OneUser {
            user: Box<RawValue>,
        }
        let user = prompt::username(context, self.username)?;
        let result = context.call(CommandName::UsersShow, &Target { user })?;
        let found: OneUser = decode(&result)?;
        match self.format.layout() {
            None => output::json(&found.user, None),
            Some(layout) => {
                Report::properties(properties(decode(&found.user)?), layout).print(layout)
            }
        }
    }
}

/// Names and values for people, sorted by name.
fn properties(user: User) -> Vec<(&'static str, String)> {
    let time = |value: &Option<String>| words::time(value.as_deref());
    vec![
        ("Attributes", user.attr),
        ("Auth ID", user.auth_id),
        ("Auth Issuer", user.auth_issuer),
        ("Authentication", words::authentication(&user.provider, &user.method)),
        ("Base Path", user.base_path),
        ("Created At", time(&user.created_at)),
        ("Deleted At", time(&user.deleted_at)),
        ("Display Name", user.display_name),
        ("Email", user.email),
        ("Expires At", words::expiry(user.expires_at.as_deref())),
        ("Last Login", time(&user.login_at)),
        ("Login Flag", words::yes(user.can_login)),
        ("Password", words::yes(user.has_password)),
        ("Role", words::role(&user.role)),
        ("Super Admin", words::yes(user.super_admin)),
        ("Two-Factor", words::enabled(user.two_factor)),
        ("UID", user.uid),
        ("Updated At", time(&user.updated_at)),
        ("Upload Path", user.upload_path),
        ("Username", user.name),
        ("Web Login", words::enabled(user.may_login)),
        ("WebDAV", words::enabled(user.may_webdav)),
        ("WebDAV Flag", words::yes(user.webdav)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Layout;

    #[test]
    fn names_are_sorted_and_empty_values_stay_out_of_the_table() {
        let pairs = properties(User { uid: "u1".into(), ..User::default() });
        assert!(pairs.is_sorted_by_key(|(name, _)| *name));
        let table = Report::properties(pairs.clone(), Layout::Table);
        assert!(table.rows.iter().all(|row| !row[1].is_empty()));
        assert!(table.rows.contains(&vec!["UID".into(), "u1".into()]));
        assert_eq!(Report::properties(pairs.clone(), Layout::Csv).rows.len(), pairs.len());
    }
}
