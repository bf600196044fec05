//! `backup.restore`: the accounts of a backup in place of those of the database.

use std::collections::BTreeSet;

use photoprism_protocol::backup::{self, AccountChange, FileName, RestoreResult};
use photoprism_protocol::envelope::Success;

use super::parse_file;
use crate::commands::context::{Context, Outcome, success};
use crate::commands::revoked::effective_within;
use crate::commands::write::{Key, WriteResult, run_write};
use crate::error::CommandError;
use crate::model::passcodes::STEP_SECONDS;
use crate::model::{Effect, FIRST_ADMIN_ID, to_file_name};
use crate::store::{
    AdminPasswordState, BackupFile, Db, Kind, Plan, Restored, Tx, What, account_by_id,
    account_by_uid, all_sessions, backed_up, other_super_admin, overlay_last_use, restore_accounts,
    set_admin_password_state,
};

/// A checked request.
#[derive(Clone, Debug)]
pub(crate) struct Restore {
    /// Which backup.
    pub file: FileName,
    /// Only report what would change.
    pub dry_run: bool,
    /// Bring sessions back as well.
    pub with_sessions: bool,
}

impl Restore {
    /// Checks each argument by its own rule.
    pub(crate) fn parse(args: &backup::Restore) -> Result<Self, CommandError> {
        Ok(Self {
            file: parse_file(&args.file)?,
            dry_run: args.dry_run.unwrap_or(false),
            with_sessions: args.with_sessions.unwrap_or(false),
        })
    }
}

/// Refuses the backup of a database of the other kind: its hashes, its texts in columns that take
/// them for numbers, and what photos refer to would not be what they were.
pub(crate) fn refuse_other(db: &Db, file: &BackupFile) -> Result<(), CommandError> {
    if file.is_of(db.kind()) {
        return Ok(());
    }
    Err(CommandError::Conflict(if file.of_photoprism {
        "this backup was made of PhotoPrism's database, and this one is the daemon's own".into()
    } else {
        "this backup was made of a database of the daemon's own, and this one is PhotoPrism's"
            .into()
    }))
}

/// Restores it, after a backup of what is there. Everything else waits meanwhile: no reader sees
/// accounts of both states.
///
/// # Errors
/// `conflict`, or the store's; nothing is changed then.
pub(crate) fn restore(
    tx: &Tx<'_>,
    context: &Context,
    key: Option<&Key>,
    (request, file): (&Restore, &BackupFile),
) -> Result<Outcome, CommandError> {
    run_write(tx, context, key, || {
        refuse_other(tx, file)?;
        let mut plan = Plan::begin(tx, file, request.with_sessions)?;
        while !plan.step(tx, file)? {}
        let name = format!("{}-backup-restore", to_file_name(context.now));
        let (backup, restored) = backed_up(tx, &name, Some(&file.path), |before| {
            let restored = replace_accounts(tx, context, request, file)?;
            Ok::<_, CommandError>((before.path.display().to_string(), restored))
        })?;
        let effective_within_s = effective_within(tx, plan.sessions_revoked);
        let result = RestoreResult { effective_within_s, ..result(plan, (false, Some(backup))) };
        let mut written = WriteResult::new(request.file.as_str(), &result)?
            .with_effects(effects(tx, request)?)
            .with_cache_warning(effective_within_s);
        written.warnings.extend(warnings(restored));
        Ok(written)
    })
}

fn warnings(Restored { lost, left, warnings }: Restored) -> Vec<String> {
    let lost = (!lost.is_empty())
        .then(|| format!("this database has no place for some of the backup: {}", lost.join(", ")));
    let left = (!left.is_empty()).then(|| {
        format!("clients that belong to nobody by now were left as they are: {}", left.join(", "))
    });
    [lost, left].into_iter().flatten().chain(warnings).collect()
}

fn replace_accounts(
    tx: &Tx<'_>,
    context: &Context,
    request: &Restore,
    file: &BackupFile,
) -> Result<Restored, CommandError> {
    let somebody = other_super_admin(tx, 0, context.now)?;
    // The step after this one counts as used as well: a clock may be ahead.
    let step = context.now.as_second().div_euclid(STEP_SECONDS) + 1;
    let restored = restore_accounts(tx, file, request.with_sessions, step, context.now)?;
    if somebody && !other_super_admin(tx, 0, context.now)? {
        return Err(CommandError::Conflict(
            "the backup holds no super admin who may log in; nobody could mend that".into(),
        ));
    }
    if account_by_id(tx, FIRST_ADMIN_ID)?.is_some_and(|admin| admin.has_password) {
        set_admin_password_state(tx, AdminPasswordState::WasSet)?;
    }
    Ok(restored)
}

/// Every session ends, and those that came back begin.
fn effects(tx: &Tx<'_>, request: &Restore) -> Result<Vec<Effect>, CommandError> {
    let mut effects = vec![Effect::EverySessionEnded];
    if !request.with_sessions || *tx.kind() != Kind::Own {
        return Ok(effects);
    }
    overlay_last_use(tx, &[])?;
    let mut known = BTreeSet::new();
    for session in all_sessions(tx)? {
        let account = match session.user_uid.as_str() {
            uid if known.insert(uid.to_owned()) => account_by_uid(tx, uid)?,
            _ => None,
        };
        effects.push(Effect::SessionCreated(Box::new(session), account.map(Box::new)));
    }
    Ok(effects)
}

/// The reply to a dry run: what would change.
pub(crate) fn outcome(plan: Plan) -> Result<Success, CommandError> {
    success(&result(plan, (true, None)))
}

fn result(plan: Plan, (dry_run, backup): (bool, Option<String>)) -> RestoreResult {
    let accounts = plan.accounts.into_iter().map(|account| AccountChange {
        uid: account.uid,
        name: account.name,
        change: match account.what {
            What::Added => "added",
            What::Changed => "changed",
            What::Removed => "removed",
        }
        .into(),
        fields: account.fields,
    });
    RestoreResult {
        dry_run,
        added: plan.added,
        changed: plan.changed,
        removed: plan.removed,
        unchanged: plan.unchanged,
        accounts: accounts.collect(),
        sessions_revoked: plan.sessions_revoked,
        sessions_restored: plan.sessions_restored,
        backup,
        effective_within_s: None,
    }
}
