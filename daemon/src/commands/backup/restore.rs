//! `backup.restore`: the accounts of a backup in place of those of the database.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use photoprism_protocol::backup::{self, AccountChange, BackupRestore, FileName, RestoreResult};
use photoprism_protocol::envelope::Success;

use super::{directory, parse_file, refusal};
use crate::commands::blocking::run_blocking;
use crate::commands::reply::{Reply, Written};
use crate::commands::request::Request;
use crate::commands::runner::{Outcome, Prepared, Runner};
use crate::error::CommandError;
use crate::model::passcodes::STEP_SECONDS;
use crate::model::{Effect, FIRST_ADMIN_ID};
use crate::store::{
    AccountsCopy, AdminPasswordState, Backup, BackupFile, Db, HeldSource, Layout, Plan, Present,
    Restored, StoreError, Tx, What, account_by_id, backup_open, other_super_admin,
    restore_accounts, set_admin_password_state,
};

/// The checked arguments.
struct Restore {
    file: FileName,
    with_sessions: bool,
}

/// The backup to restore, and what that is going to change.
struct Source {
    args: Restore,
    file: HeldSource,
    layout: Layout,
    plan: Arc<Mutex<Option<Plan>>>,
}

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let args = runner.args::<BackupRestore>()?;
    if args.dry_run == Some(true) {
        return compare(runner, args).await;
    }
    // Held until the accounts are there.
    let mut turn = None;
    let prepare = async |mut given: backup::Restore| {
        let args = Restore::parse(&given)?;
        turn = Some(runner.lock_backups().await?);
        runner.check_key_is_new::<BackupRestore>(&mut given).await?;
        let file = open(runner, &args.file).await?;
        if runner.is_abandoned() {
            return Err(runner.abandoned().await);
        }
        back_up(runner, args, file).await
    };
    runner.write_after::<BackupRestore, _>(args, prepare, restore).await
}

/// Prepares the backup of what is there, and its comparison with the one to restore.
async fn back_up(
    runner: &Runner<'_>,
    args: Restore,
    file: BackupFile,
) -> Result<Prepared<Source>, CommandError> {
    let (source, with_sessions) = (file.source(), args.with_sessions);
    let plan = Arc::new(Mutex::new(None));
    let found = Arc::clone(&plan);
    let (store, name) = (runner.app.store.clone(), runner.backup_name("backup-restore"));
    let prepare = move || {
        refuse_other(&store.connect()?, &file)?;
        let layout = file.layout()?;
        let compare = move |db: &Db, backup: Option<&Backup>| {
            *locked(&found) = Some(plan_of(db, backup, &file, with_sessions)?);
            Ok(())
        };
        let backup = store.backup_before(name, compare)?;
        backup.write_ahead(|_| Ok::<_, StoreError>(true))?;
        Ok((backup, layout))
    };
    let (backup, layout) = run_blocking(prepare).await?;
    let file = source.for_work();
    Ok(Prepared::new(Source { args, file, layout, plan }).after_backup(backup, source))
}

/// Compares all of it: with the backup that was just made where PhotoPrism would wait for a reader.
fn plan_of(
    db: &Db,
    backup: Option<&Backup>,
    file: &BackupFile,
    with_sessions: bool,
) -> Result<Plan, StoreError> {
    match backup {
        Some(backup) => {
            let copy = AccountsCopy::in_backup(backup, db)?;
            Plan::whole(&copy.present(), file, with_sessions)
        }
        None => Plan::whole(&Present::in_file(db)?, file, with_sessions),
    }
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is replaced as a whole.
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compares step by step, and changes nothing.
async fn compare(runner: &Runner<'_>, mut args: backup::Restore) -> Outcome {
    if let Some(replay) = runner.replay_of::<BackupRestore>(&mut args).await? {
        return Ok(replay);
    }
    let Restore { file, with_sessions } = Restore::parse(&args)?;
    let _turn = runner.lock_backups().await?;
    let file = open(runner, &file).await.map_err(CommandError::of_read)?;
    if runner.app.places.server.is_some() {
        return compare_with_copy(runner, file, with_sessions).await;
    }
    let store = &runner.app.store;
    let begin = move |db: &_| {
        refuse_other(db, &file)?;
        let plan = Plan::begin(&Present::in_file(db)?, &file, with_sessions)?;
        Ok::<_, CommandError>((plan, file))
    };
    let (mut plan, mut file) = store.read_once(runner.time_left(), begin).await?;
    loop {
        let step = move |db: &_| {
            let done = plan.step(&Present::in_file(db)?, &file)?;
            Ok::<_, StoreError>((plan, file, done))
        };
        let done;
        (plan, file, done) = store.read_once(runner.whole_time(), step).await?;
        if done {
            return Reply::new(&result(plan)).map(Success::from);
        }
    }
}

/// Compares with a copy of what a server has, which goes afterwards.
async fn compare_with_copy(runner: &Runner<'_>, file: BackupFile, with_sessions: bool) -> Outcome {
    let store = runner.app.store.clone();
    let compare = move || {
        let db = store.connect().map_err(CommandError::from)?;
        refuse_other(&db, &file)?;
        let copy = AccountsCopy::make(&db)?;
        Ok(Plan::whole(&copy.present(), &file, with_sessions)?)
    };
    let plan = run_blocking(compare).await.map_err(CommandError::of_read)?;
    Reply::new(&result(plan)).map(Success::from)
}

impl Restore {
    fn parse(args: &backup::Restore) -> Result<Self, CommandError> {
        Ok(Self {
            file: parse_file(&args.file)?,
            with_sessions: args.with_sessions.unwrap_or(false),
        })
    }
}

async fn open(runner: &Runner<'_>, file: &FileName) -> Result<BackupFile, CommandError> {
    let (directory, file) = (directory(runner), file.clone());
    run_blocking(move || backup_open(&directory, file.as_str()).map_err(refusal)).await
}

/// Refuses the backup of a database of the other kind: its hashes, its texts in columns that take
/// them for numbers, and what photos refer to would not be what they were.
fn refuse_other(db: &Db, file: &BackupFile) -> Result<(), CommandError> {
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

/// Restores it, after a backup of what is there. Every other write waits meanwhile, and no reader
/// sees accounts of both states.
fn restore(tx: &Tx<'_>, request: &Request<Source>) -> Result<Written<RestoreResult>, CommandError> {
    let (Source { args, plan, .. }, now) = (&request.args, request.context.now);
    let backup = request.begin_backup(tx)?;
    let restored = replace_accounts(tx, &request.args, now)?;
    request.complete_backup()?;
    let plan = locked(plan).clone();
    let plan = plan.ok_or_else(|| CommandError::Internal("nothing was compared".into()))?;
    if plan.sessions_revoked == 0 {
        // All that ended came back.
        tx.take_ended();
    }
    let backup = Some(backup);
    let result = RestoreResult { dry_run: false, backup, ..result(plan) };
    Ok(Written::new(args.file.as_str(), &result)?
        .with_effects([effect(args)])
        .with_warnings(warnings(restored)))
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
    source: &Source,
    now: Timestamp,
) -> Result<Restored, CommandError> {
    let Source { args, file, layout, .. } = source;
    let somebody = other_super_admin(tx, 0, now)?;
    // The step after this one counts as used as well: a clock may be ahead.
    let step = now.as_second().div_euclid(STEP_SECONDS) + 1;
    let restored = restore_accounts(tx, file, layout, args.with_sessions, step, now)?;
    if somebody && !other_super_admin(tx, 0, now)? {
        return Err(CommandError::Conflict(
            "the backup has no super admin who may log in; nobody could log in to fix that".into(),
        ));
    }
    if account_by_id(tx, FIRST_ADMIN_ID)?.is_some_and(|admin| admin.has_password) {
        set_admin_password_state(tx, AdminPasswordState::WasSet)?;
    }
    Ok(restored)
}

/// Every session ends, and those of the backup may begin.
fn effect(request: &Restore) -> Effect {
    if request.with_sessions { Effect::EverySessionReplaced } else { Effect::EverySessionEnded }
}

/// What a dry run replies.
fn result(plan: Plan) -> RestoreResult {
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
        dry_run: true,
        added: plan.added,
        changed: plan.changed,
        removed: plan.removed,
        unchanged: plan.unchanged,
        accounts: accounts.collect(),
        sessions_revoked: plan.sessions_revoked,
        sessions_restored: plan.sessions_restored,
        backup: None,
        effective_within_s: None,
        pending: None,
    }
}
