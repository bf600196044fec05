//! `users show`.

use clap::Args;
use photoprism_protocol::users::{Target, UsersShow};

use crate::context::{Context, decode};
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::object::Object;
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
    /// User name or UID, asked for where it is left out
    username: Option<String>,

    #[command(flatten)]
    format: FormatFlags,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let user = prompt::username(&context.person, self.username)?;
        let result = context.call_untyped::<UsersShow>(&Target { user })?;
        let found = decode(&result)?;
        let user = found.object("user")?;
        match self.format.layout() {
            // As the daemon wrote it: a newer one may have more keys.
            None => output::line(&escape::json(found.raw("user"))),
            Some(layout) => Report::properties(properties(&user), layout).print(layout),
        }
    }
}

/// Names and values for people, sorted by name.
fn properties(user: &Object<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("Attributes", user.text("attr")),
        ("Auth ID", user.text("auth_id")),
        ("Auth Issuer", user.text("auth_issuer")),
        ("Authentication", format::authentication(&user.text("provider"), &user.text("method"))),
        ("Base Path", user.text("base_path")),
        ("Created At", user.time("created_at")),
        ("Deleted At", user.time("deleted_at")),
        ("Display Name", user.text("display_name")),
        ("Email", user.text("email")),
        ("Expires At", format::expiry(user.some_text("expires_at").as_deref())),
        ("Last Login", user.time("login_at")),
        ("Login Flag", format::yes(user.is_true("can_login"))),
        ("Password", format::yes(user.is_true("has_password"))),
        ("Role", format::role(&user.text("role"))),
        ("Super Admin", format::yes(user.is_true("super_admin"))),
        ("Two-Factor", format::enabled(user.is_true("two_factor"))),
        ("UID", user.text("uid")),
        ("Updated At", user.time("updated_at")),
        ("Upload Path", user.text("upload_path")),
        ("Username", user.text("name")),
        ("Web Login", format::enabled(user.is_true("may_login"))),
        ("WebDAV", format::enabled(user.is_true("may_webdav"))),
        ("WebDAV Flag", format::yes(user.is_true("webdav"))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Layout;

    #[test]
    fn names_are_sorted_and_empty_values_stay_out_of_the_table() {
        let pairs = properties(&serde_json::from_str(r#"{"uid":"u1"}"#).unwrap());
        assert!(pairs.is_sorted_by_key(|(name, _)| *name));
        let table = Report::properties(pairs.clone(), Layout::Table);
        assert!(table.rows.iter().all(|row| !row[1].is_empty()));
        assert!(table.rows.contains(&vec!["UID".into(), "u1".into()]));
        assert_eq!(Report::properties(pairs.clone(), Layout::Csv).rows.len(), pairs.len());
    }
}
