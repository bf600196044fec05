//! The account flags of `add` and `mod`.

use clap::Args;
use photoprism_protocol::users::Fields;

use crate::clock;
use crate::error::CliError;
use crate::flags::values;

/// Properties of an account. What is not given is not sent.
#[derive(Debug, Args)]
pub(super) struct FieldFlags {
    /// Full name for display
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,

    /// Unique email address
    #[arg(short = 'm', long, value_name = "EMAIL")]
    email: Option<String>,

    /// admin, user, viewer or guest
    #[arg(short, long, value_name = "ROLE")]
    role: Option<String>,

    /// Who checks the password: default, local, oidc, ldap or none
    #[arg(short = 'A', long, value_name = "PROVIDER")]
    auth: Option<String>,

    /// Subject or distinguished name at the provider
    #[arg(long, value_name = "ID")]
    auth_id: Option<String>,

    /// Identity provider that issued the auth id
    #[arg(long, value_name = "ISSUER")]
    auth_issuer: Option<String>,

    #[command(flatten)]
    switches: Switches,

    /// The account expires then: 2027-01-31 (00:00 UTC), RFC 3339, 90d or never
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,

    /// Sub-directory for uploads
    #[arg(short, long, value_name = "PATH")]
    upload_path: Option<String>,

    /// Base directory
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,

    /// Attributes
    #[arg(long, value_name = "ATTR")]
    attr: Option<String>,
}

/// Each with its opposite; `--webdav=false` is `--no-webdav`.
#[derive(Clone, Copy, Debug, Args)]
struct Switches {
    /// Super admin with full access
    #[arg(short, long, alias = "super", value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = values::switch)]
    superadmin: Option<bool>,

    /// No super admin
    #[arg(long, alias = "no-super", value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = values::switch,
          conflicts_with = "superadmin")]
    no_superadmin: Option<bool>,

    /// No login on the web interface
    #[arg(short = 'l', long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = values::switch)]
    no_login: Option<bool>,

    /// Login on the web interface
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = values::switch,
          conflicts_with = "no_login")]
    login: Option<bool>,

    /// May sync files through WebDAV
    #[arg(short, long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = values::switch)]
    webdav: Option<bool>,

    /// May not sync files through WebDAV
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = values::switch,
          conflicts_with = "webdav")]
    no_webdav: Option<bool>,
}

impl FieldFlags {
    /// The arguments of the protocol, without a password.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a time that is too far away.
    pub(super) fn into_fields(self) -> Result<Fields, CliError> {
        let Switches { superadmin, no_superadmin, no_login, login, webdav, no_webdav } =
            self.switches;
        let expires_at = match self.expires_at {
            None => None,
            Some(text) => Some(
                values::expiry(&text, clock::now())
                    .map_err(|why| CliError::Usage(format!("--expires-at: {why}")))?,
            ),
        };
        Ok(Fields {
            role: self.role,
            password: None,
            display_name: self.name,
            email: self.email,
            provider: self.auth,
            auth_id: self.auth_id,
            auth_issuer: self.auth_issuer,
            super_admin: either(superadmin, no_superadmin),
            can_login: either(login, no_login),
            webdav: either(webdav, no_webdav),
            base_path: self.base_path,
            upload_path: self.upload_path,
            attr: self.attr,
            expires_at,
        })
    }
}

/// A flag or its opposite; never both, clap refuses that.
fn either(flag: Option<bool>, opposite: Option<bool>) -> Option<bool> {
    flag.or(opposite.map(|off| !off))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        fields: FieldFlags,
        username: Option<String>,
    }

    fn fields(arguments: &[&str]) -> Option<Fields> {
        let line = Line::try_parse_from([&["x"], arguments].concat()).ok()?;
        line.fields.into_fields().ok()
    }

    fn switches(arguments: &[&str]) -> Option<[Option<bool>; 3]> {
        fields(arguments).map(|fields| [fields.super_admin, fields.can_login, fields.webdav])
    }

    #[test]
    fn what_is_not_given_is_not_there() {
        assert_eq!(fields(&[]), Some(Fields::default()));
        assert_eq!(fields(&["bob"]), Some(Fields::default()));
    }

    #[test]
    fn switches_can_be_undone() {
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(switches(&["-s", "-l", "-w", "bob"]), Some([yes, no, yes]));
        assert_eq!(switches(&["-slw", "bob"]), Some([yes, no, yes]));
        assert_eq!(switches(&["--no-superadmin", "--login", "--no-webdav"]), Some([no, yes, no]));
        assert_eq!(
            switches(&["--superadmin=false", "--no-login=false", "--webdav=false"]),
            Some([no, yes, no])
        );
        assert_eq!(switches(&["-w=false"]), Some([None, None, no]));
        assert_eq!(switches(&["--super", "bob"]), Some([yes, None, None]));
        assert_eq!(switches(&["--super=no"]), Some([no, None, None]));
        assert_eq!(switches(&["--no-super"]), Some([no, None, None]));
        // A value needs its `=`: what follows the flag is the name.
        assert_eq!(switches(&["-w", "false"]), Some([None, None, yes]));
    }

    #[test]
    fn both_a_switch_and_its_opposite_are_refused() {
        for pair in [
            ["--superadmin", "--no-superadmin"],
            ["--super", "--no-superadmin"],
            ["--login", "--no-login"],
            ["--webdav", "--no-webdav"],
            ["--no-webdav", "--webdav=false"],
            ["-l", "--login=false"],
            ["--webdav", "--webdav"],
            ["--webdav=maybe", "bob"],
        ] {
            assert_eq!(switches(&pair), None, "{pair:?}");
        }
    }

    #[test]
    fn flags_have_the_names_of_the_protocol() {
        let given = fields(&[
            "-n",
            "Bob",
            "-m",
            "bob@example.com",
            "-r",
            "guest",
            "-A",
            "oidc",
            "--auth-id",
            "1234",
            "--auth-issuer",
            "https://sso",
            "-u",
            "up",
            "--base-path",
            "base",
            "--attr",
            "x=1",
            "--expires-at",
            "2027-01-31",
        ]);
        let text = |text: &str| Some(text.to_owned());
        let expected = Fields {
            role: text("guest"),
            display_name: text("Bob"),
            email: text("bob@example.com"),
            provider: text("oidc"),
            auth_id: text("1234"),
            auth_issuer: text("https://sso"),
            base_path: text("base"),
            upload_path: text("up"),
            attr: text("x=1"),
            expires_at: text("2027-01-31T00:00:00Z"),
            ..Fields::default()
        };
        assert_eq!(given, Some(expected));
        assert_eq!(fields(&["--email="]).unwrap().email, text(""));
        assert_eq!(fields(&["-n", ""]).unwrap().display_name, text(""));
    }
}
