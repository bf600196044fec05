//! `users show`.

use clap::Args;
use photoprism_protocol::users::{Target, User, UsersShow};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::report::{Report, format};
use crate::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  photoprism users show bob          for people
  photoprism users show bob --json   for programs";

/// Show all properties of an account
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Show {
    /// User name or UID, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let reply = context.call::<UsersShow>(&Target { user })?;
        match self.format.layout() {
            None => {
                let written: Written = decode::result(reply.raw.get())?;
                output::line(&escape::json(written.user.get()))
            }
            Some(layout) => Report::properties(properties(&reply.value.user), layout).print(layout),
        }
    }
}

/// The account as the daemon wrote it: a newer one may have more keys.
#[derive(Deserialize)]
struct Written {
    user: Box<RawValue>,
}

/// Names and values for people, sorted by name.
fn properties(user: &User) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("Attributes", user.attr.clone()),
        ("Auth ID", user.auth_id.clone()),
        ("Auth Issuer", user.auth_issuer.clone()),
        ("Authentication", format::authentication(&user.provider, &user.method)),
        ("Base Path", user.base_path.clone()),
        ("Created At", format::time(user.created_at.as_deref())),
        ("Deleted At", format::time(user.deleted_at.as_deref())),
        ("Display Name", user.display_name.clone()),
        ("Email", user.email.clone()),
        ("Expires At", format::expiry(user.expires_at.as_deref())),
        ("Last Login", format::time(user.login_at.as_deref())),
        ("Login Flag", format::yes(user.can_login)),
        ("Password", format::yes(user.has_password)),
        ("Role", format::role(&user.role)),
        ("Super Admin", format::yes(user.super_admin)),
        ("Two-Factor", format::enabled(user.two_factor)),
        ("UID", user.uid.clone()),
        ("Updated At", format::time(user.updated_at.as_deref())),
        ("Upload Path", user.upload_path.clone()),
        ("Username", user.name.clone()),
        ("Web Login", format::enabled(user.may_login)),
        ("WebDAV", format::enabled(user.may_webdav)),
        ("WebDAV Flag", format::yes(user.webdav)),
    ];
    // Only newer versions of PhotoPrism have it.
    if !user.scope.is_empty() {
        let at = pairs.partition_point(|(name, _)| *name < "Scope");
        pairs.insert(at, ("Scope", user.scope.clone()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Layout;

    #[test]
    fn names_are_sorted_and_empty_values_stay_out_of_the_table() {
        let old = properties(&User::default());
        assert!(old.iter().all(|(name, _)| *name != "Scope"), "only where there is one");
        let user = User { uid: "u1".into(), scope: "webdav".into(), ..User::default() };
        let pairs = properties(&user);
        assert!(pairs.contains(&("Scope", "webdav".into())));
        assert!(pairs.is_sorted_by_key(|(name, _)| *name));
        let table = Report::properties(pairs.clone(), Layout::Table);
        assert!(table.rows.iter().all(|row| !row[1].is_empty()));
        assert!(table.rows.contains(&vec!["UID".into(), "u1".into()]));
        assert_eq!(Report::properties(pairs.clone(), Layout::Csv).rows.len(), pairs.len());
    }
}
