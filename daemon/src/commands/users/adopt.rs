//! `users.adopt`: accounts from the table that an old PhotoPrism left.

use std::collections::HashSet;

use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::email::Email;
use photoprism_protocol::name::UserName;
use photoprism_protocol::rule::RuleError;
use photoprism_protocol::uid::is_user_uid_shape;
use photoprism_protocol::users::{self, AdoptResult, Adopted, UsersAdopt};
use photoprism_protocol::{provider, role};

use super::rules::check_stored_form;
use super::taken::refuse_lookalike;
use crate::commands::find::refuse_nul;
use crate::commands::properties::to_wire;
use crate::commands::reply::Written;
use crate::commands::request::{Context, Request};
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::model::{Account, NewAccount, Provider, Role};
use crate::store::{
    Db, LegacyRow, Tx, account_by_email, account_by_name, account_by_uid, account_insert,
    has_legacy, legacy_page, password_hash, password_set,
};

/// Most accounts of one command: a reply has its bound.
const MOST: usize = 1000;

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let prepare = async |args| {
        let request = Adopt::parse(args)?;
        let dry_run = request.dry_run;
        Ok(Prepared::new(request).dry_run(dry_run))
    };
    runner.write_after::<UsersAdopt, _>(runner.args::<UsersAdopt>()?, prepare, adopt).await
}

/// The checked arguments.
struct Adopt {
    /// `None`: all.
    names: Option<Vec<String>>,
    /// Only report what would be done.
    dry_run: bool,
}

impl Adopt {
    fn parse(args: users::Adopt) -> Result<Self, CommandError> {
        let all = args.all.unwrap_or(false);
        let names = args.names.unwrap_or_default();
        let broken = |message: &'static str| Err(CommandError::broken("names", message));
        if all != names.is_empty() {
            return broken("give names of legacy accounts, or all, and not both");
        }
        if names.len() > MOST {
            return broken("at most 1000 names at once; send the rest by itself");
        }
        for name in &names {
            refuse_nul("names", Some(name))?;
        }
        Ok(Self { names: (!all).then_some(names), dry_run: args.dry_run.unwrap_or(false) })
    }
}

/// A legacy account with the name that it was asked for by; `None` where there is none.
type Found = (String, Option<LegacyRow>);

/// Creates the accounts.
fn adopt(tx: &Tx<'_>, request: &Request<Adopt>) -> Result<Written<AdoptResult>, CommandError> {
    let (args, context) = (&request.args, &request.context);
    let mut accounts = Vec::new();
    let mut uids = HashSet::new();
    for (name, row) in find(tx, args)? {
        let uid = row.as_ref().map(|row| row.uid.clone());
        // Its password would be that of the first.
        let outcome = if uid.as_ref().is_some_and(|uid| uids.contains(uid)) {
            let why = "another legacy account of that UID comes first";
            RowOutcome::Not("exists", why.into())
        } else {
            check_row(tx, row)?
        };
        accounts.push(match outcome {
            RowOutcome::Adopt(new) => {
                let message = new.message.clone();
                let account = create_account(tx, context, new)?;
                uids.extend(uid);
                let user = to_wire(account, tx.kind().edition(), context.now);
                report(name, "adopted", message, Some(user))
            }
            RowOutcome::Not(outcome, why) => report(name, outcome, Some(why), None),
        });
    }
    let target = match &accounts[..] {
        [Adopted { user: Some(user), .. }] => user.uid.clone(),
        _ => String::new(),
    };
    let written = Written::new(target, &result(accounts, args.dry_run))?;
    Ok(written.with_warnings(nothing_there(tx)))
}

fn nothing_there(db: &Db) -> Option<String> {
    (!has_legacy(db)).then(|| "there is no table of legacy accounts, nothing to adopt".into())
}

fn report(
    name: String,
    outcome: &str,
    message: Option<String>,
    user: Option<users::User>,
) -> Adopted {
    Adopted { name, outcome: outcome.into(), message, user }
}

fn result(accounts: Vec<Adopted>, dry_run: bool) -> AdoptResult {
    let adopted = accounts.iter().filter(|account| account.user.is_some()).count() as u64;
    AdoptResult { dry_run, adopted, accounts }
}

/// The requested rows: people who are not deleted.
fn find(db: &Db, request: &Adopt) -> Result<Vec<Found>, CommandError> {
    let rows = legacy_page(db, 0, MOST + 1, |_| true)?;
    let Some(names) = &request.names else {
        if rows.len() > MOST {
            let message = "there are more than 1000 legacy accounts; give their names";
            return Err(CommandError::broken("all", message));
        }
        return Ok(rows.into_iter().map(|row| (row.user_name.clone(), Some(row))).collect());
    };
    let one = |name: &String| -> Result<Found, CommandError> {
        let form = UserName::lookup_form(name);
        let is_it =
            |row: &LegacyRow| row.uid == *name || UserName::lookup_form(&row.user_name) == form;
        Ok((name.clone(), legacy_page(db, 0, 1, is_it)?.pop()))
    };
    names.iter().map(one).collect()
}

/// An account that can be created.
struct New {
    account: Account,
    /// The hash, where it must be stored under another UID.
    hash: Option<String>,
    message: Option<String>,
}

enum RowOutcome {
    Adopt(Box<New>),
    Not(&'static str, String),
}

fn refused(rule: &RuleError) -> RowOutcome {
    RowOutcome::Not("refused", rule.to_string())
}

/// Checks a legacy account by the rules of new ones. One that breaks a rule is refused, not
/// changed to keep it.
fn check_row(db: &Db, row: Option<LegacyRow>) -> Result<RowOutcome, CommandError> {
    let Some(row) = row else {
        return Ok(RowOutcome::Not("not_found", "there is no legacy account of that name".into()));
    };
    let name = match UserName::parse(&row.user_name) {
        Ok(name) => name,
        Err(rule) => return Ok(refused(&rule)),
    };
    if let Some(why) = exists(db, &name, &row)? {
        return Ok(RowOutcome::Not("exists", why));
    }
    let email = match Email::parse(&row.email) {
        Ok(email) => email,
        Err(rule) => return Ok(refused(&rule)),
    };
    let display_name = match DisplayName::parse(row.name.trim()) {
        Ok(given) if given.as_str().is_empty() => DisplayName::default_for(&name),
        Ok(given) => given,
        Err(rule) => return Ok(refused(&rule)),
    };
    let email = email.as_str();
    if account_by_email(db, email)?.is_some() {
        let why = "its email address belongs to another account; add it without: users add";
        return Ok(RowOutcome::Not("refused", why.into()));
    }
    let new = Account {
        email: email.to_owned(),
        display_name: display_name.as_str().to_owned(),
        name: name.as_str().into(),
        ..Account::default()
    };
    if let Err(error) = refuse_lookalike(db, &Account::default(), &new) {
        let CommandError::Exists { message, .. } = error else { return Err(error) };
        return Ok(RowOutcome::Not("exists", message.into_owned()));
    }
    match check_stored_form(db, &Account::default(), &new) {
        Ok(()) => {}
        Err(CommandError::Invalid { message, .. }) => {
            return Ok(RowOutcome::Not("refused", message.into_owned()));
        }
        Err(error) => return Err(error),
    }
    Ok(RowOutcome::Adopt(Box::new(fill(db, &row, new)?)))
}

fn exists(db: &Db, name: &UserName, row: &LegacyRow) -> Result<Option<String>, CommandError> {
    let name = name.as_str();
    if let Some(other) = account_by_name(db, name)? {
        let deleted = if other.is_deleted() { " and is deleted" } else { "" };
        return Ok(Some(format!("an account of that name exists{deleted}; it was left alone")));
    }
    let keeps_uid = is_user_uid_shape(&row.uid);
    if keeps_uid && account_by_uid(db, &row.uid)?.is_some() {
        return Ok(Some("an account with its UID exists; it was left alone".into()));
    }
    Ok(None)
}

/// The rest of the account. It keeps its UID, to which its password and its photos belong, where
/// that has the form of one.
fn fill(db: &Db, old: &LegacyRow, row: Account) -> Result<New, CommandError> {
    let hash = password_hash(db, &old.uid)?;
    let keeps_uid = is_user_uid_shape(&old.uid);
    let member = if db.kind().edition().knows(&Role::Known(role::Role::User)) {
        Role::Known(role::Role::User)
    } else {
        Role::Known(role::Role::Guest)
    };
    let role = if old.admin { Role::Known(role::Role::Admin) } else { member };
    let message = hash
        .is_none()
        .then(|| format!("it has no password; set one with: photoprism passwd {}", row.name));
    let account = Account {
        uid: if keeps_uid { old.uid.clone() } else { String::new() },
        role,
        provider: Provider::Known(provider::Provider::Local),
        can_login: !old.disabled,
        webdav: old.webdav,
        has_password: hash.is_some(),
        ..row
    };
    Ok(New { account, hash: hash.filter(|_| !keeps_uid), message })
}

fn create_account(tx: &Tx<'_>, context: &Context, new: Box<New>) -> Result<Account, CommandError> {
    let New { account, hash, .. } = *new;
    let mut random = context.random;
    let new = NewAccount::generate(account, context.now, &mut random);
    account_insert(tx, &new)?;
    let uid = &new.account.uid;
    if let Some(hash) = hash {
        password_set(tx, uid, &hash, context.now)?;
    }
    account_by_uid(tx, uid)?
        .ok_or_else(|| CommandError::Internal("an account vanished while it was created".into()))
}
