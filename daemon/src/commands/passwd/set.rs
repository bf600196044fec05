//! `passwd.set`.

use photoprism_protocol::level::Level;
use photoprism_protocol::passwd::{self, PasswdSet, SetResult};
use photoprism_protocol::secret::Secret;
use serde::Serialize;

use crate::commands::find::refuse_nul;
use crate::commands::reply::Written;
use crate::commands::request::Request;
use crate::commands::revoked::revoke;
use crate::commands::runner::{Outcome, Runner};
use crate::commands::users::{check_takes_password, note_first_password, own_name, user_to_change};
use crate::error::CommandError;
use crate::model::{Change, PasswordRules, Property, is_own_name};
use crate::peer::Permit;
use crate::store::{Tx, password_set};

/// The checked arguments, without the password.
struct Set {
    user: String,
    keep_sessions: bool,
    show_hash: bool,
}

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let args = runner.args::<PasswdSet>()?;
    permit_show_hash(&args, &runner.context.permit)?;
    let parse = |args| Set::parse(args, &runner.app.rules);
    let prepare = async |args| runner.prepare::<PasswdSet, _>(args, parse).await;
    runner.write_after::<PasswdSet, _>(args, prepare, set).await
}

/// Showing a hash needs a right of its own, which is checked before any value.
fn permit_show_hash(args: &passwd::Set, permit: &Permit) -> Result<(), CommandError> {
    if args.show_hash == Some(true) && permit.level() < Level::Admin {
        return Err(CommandError::Forbidden {
            message: "showing a password hash needs the level admin".into(),
            field: Some("show_hash"),
        });
    }
    Ok(())
}

impl Set {
    fn parse(args: passwd::Set, rules: &PasswordRules) -> Result<Self, CommandError> {
        refuse_nul("user", Some(&args.user))?;
        rules.check(&args.password).map_err(|rule| CommandError::invalid("password", &rule))?;
        Ok(Self {
            user: args.user,
            keep_sessions: args.keep_sessions.unwrap_or(false),
            show_hash: args.show_hash.unwrap_or(false),
        })
    }
}

/// Sets the password.
fn set(tx: &Tx<'_>, request: &Request<Set>) -> Result<Written<SetResult>, CommandError> {
    let (Set { user, keep_sessions, show_hash }, now) = (&request.args, request.context.now);
    let hashed = request.hashed()?;
    let account = user_to_change(tx, user)?;
    check_takes_password(&account)?;
    if is_own_name(&hashed.plain, &account.name) {
        return Err(own_name());
    }
    password_set(tx, &account.uid, &hashed.hash, now)?;
    note_first_password(tx, &account)?;
    let changed = (!keep_sessions).then_some(Property::Password).into_iter().collect();
    let (sessions_revoked, ended) = revoke(tx, &account, Change::Properties(&changed), now)?;
    let hash = show_hash.then(|| Secret::new(hashed.hash.clone()));
    let result = SetResult { sessions_revoked, hash, effective_within_s: None, pending: None };
    let written = Written::new(account.uid.clone(), &result)?.with_effects(ended);
    if *show_hash { written.replayed_as(&hidden(&result)) } else { Ok(written) }
}

/// The result for a replay: the field is there, the hash is not.
fn hidden(shown: &SetResult) -> impl Serialize {
    #[derive(Serialize)]
    struct Hidden {
        #[serde(flatten)]
        rest: SetResult,
        hash: (),
    }
    Hidden { rest: SetResult { hash: None, ..*shown }, hash: () }
}
