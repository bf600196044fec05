//! The file of `--accounts`: checked before anything is created, applied before the daemon is ready,
//! at SIGHUP, and once a database that was missing is there.

use std::rc::Rc;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, timeout};
use tracing::{error, warn};

use super::error::StartupError;
use crate::commands::{App, DeclaredFile, apply_again, apply_declared};
use crate::config::{AccountsFile, ConfigError, Id, Loaded, Scheme, When};
use crate::error::CommandError;
use crate::model::PasswordRules;
use crate::signals::Signal;
use crate::store::{Db, StoreError};

/// Exit code of a start that refuses what is declared.
const REFUSED: u8 = 2;

/// Exit code of a start that could not write what is declared.
const NOT_WRITTEN: u8 = 74;

/// What a start names at most that ends because of it.
const MOST_LOGGED: usize = 100;

/// How often a missing database is looked for.
const POLL: Duration = Duration::from_secs(1);

/// How long to wait after an attempt that failed.
const RETRY: Duration = Duration::from_mins(1);

/// How long a step may wait for the database.
const DEADLINE: Duration = Duration::from_secs(30);

/// What is declared, and how strictly.
pub(super) struct Accounts {
    setting: AccountsFile,
    file: DeclaredFile,
}

/// What comes before the daemon is ready.
pub(super) enum Applied {
    /// It is applied, or there is nothing to apply.
    Now,
    /// Once the database exists.
    Later,
    /// The daemon was stopped meanwhile.
    Stopped,
}

/// Reads the file, and refuses what no database would take. Changes nothing.
///
/// # Errors
/// Exit 2 where it cannot be read; where it is not lenient, for anything that is refused as well.
pub(super) fn read(loaded: &Loaded) -> Result<Option<Accounts>, StartupError> {
    let Some(setting) = loaded.settings.accounts.clone() else { return Ok(None) };
    let refuse = |why: String| StartupError::from(loaded.refuse(Id::Accounts, why));
    let file = DeclaredFile::read(&setting.path, When::Start).map_err(refuse)?;
    let refused = summary(loaded, &file)?.refused;
    match refused.first().filter(|_| !setting.lenient) {
        None => Ok(Some(Accounts { setting, file })),
        Some(first) => {
            for why in refused.iter().take(MOST_LOGGED) {
                warn!("declared and refused: {why}");
            }
            Err(refuse(refusal(first, refused.len())))
        }
    }
}

/// What a start would apply.
pub(super) struct Summary {
    pub(super) text: String,
    pub(super) refused: Vec<String>,
}

fn summary(loaded: &Loaded, file: &DeclaredFile) -> Result<Summary, ConfigError> {
    let settings = &loaded.settings;
    let bcrypt = settings.password_hash == Some(Scheme::Bcrypt);
    let rules = PasswordRules { min_chars: settings.password_length, bcrypt };
    let declared = file.declared(rules, false);
    let declared = declared.map_err(|why| loaded.refuse(Id::Accounts, why))?;
    Ok(Summary { text: declared.summary(), refused: declared.refused() })
}

/// For `--check`: what would be applied.
///
/// # Errors
/// Exit 2 where the file cannot be read.
pub(super) fn check(loaded: &Loaded) -> Result<Option<Summary>, StartupError> {
    let Some(setting) = &loaded.settings.accounts else { return Ok(None) };
    let file = DeclaredFile::read(&setting.path, When::Start);
    let file = file.map_err(|why| loaded.refuse(Id::Accounts, why))?;
    Ok(Some(summary(loaded, &file)?))
}

/// The message of a start that ends because of what is refused.
pub(super) fn refusal(first: &str, count: usize) -> String {
    let more = match count - 1 {
        0 => String::new(),
        more => format!(", and {more} more are refused"),
    };
    format!("{first}{more}; correct the file, or start with --accounts-lenient")
}

impl Accounts {
    /// Applies it before the daemon is ready.
    ///
    /// # Errors
    /// Exit 2 where something is refused and that is not lenient; 74 where it cannot be written.
    pub(super) async fn apply(
        &self,
        app: &App,
        inbox: &mut mpsc::Receiver<Signal>,
    ) -> Result<Applied, StartupError> {
        if !is_open(app).await {
            return Ok(Applied::Later);
        }
        let work = self.apply_now(app);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                applied = &mut work => return applied.map(|()| Applied::Now),
                signal = inbox.recv() => {
                    if matches!(signal, None | Some(Signal::Stop)) {
                        return Ok(Applied::Stopped);
                    }
                }
            }
        }
    }

    async fn apply_now(&self, app: &App) -> Result<(), StartupError> {
        let is_strict = !self.setting.lenient;
        let failed = |why: String, code| {
            StartupError::new(format!("accounts: {why} (from --accounts)"), code)
        };
        let declared = self.file.declared(app.rules, !app.own);
        let declared = declared.map_err(|why| failed(why, REFUSED))?;
        match apply_declared(app, declared, is_strict).await {
            Ok(0) => Ok(()),
            Ok(_) if !is_strict => Ok(()),
            Ok(count) => {
                let what = "of what is declared was refused, as the log says, and nothing of it was \
                            applied; correct the file, or start with --accounts-lenient";
                Err(failed(format!("{count} {what}"), REFUSED))
            }
            Err(error) if !is_strict => {
                error!(%error, "the declared accounts were not applied; SIGHUP tries again");
                Ok(())
            }
            Err(error) => Err(failed(format!("not applied: {error}"), NOT_WRITTEN)),
        }
    }

    /// Applies the file again whenever that is requested, until the daemon stops.
    pub(super) async fn keep(self, app: Rc<App>, again: Rc<Notify>, is_due: bool) {
        let mut stop = app.stop.clone();
        let mut is_due = is_due;
        let path = self.setting.path;
        // Secrets of the start are not kept.
        drop(self.file);
        loop {
            tokio::select! {
                () = again.notified(), if !is_due => {}
                () = std::future::ready(()), if is_due => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            while !is_open(&app).await {
                if timeout(POLL, stop.wait_for(|stop| *stop)).await.is_ok() {
                    return;
                }
            }
            is_due = false;
            if let Err(error) = apply_again(&app, &path).await {
                warn!(%error, "applying the declared accounts failed and is tried again");
                let _ = timeout(RETRY, again.notified()).await;
                is_due = true;
            }
        }
    }
}

async fn is_open(app: &App) -> bool {
    let open = |db: Result<&Db, StoreError>| Ok::<_, CommandError>(db.is_ok());
    app.store.read_or_missing(DEADLINE, open).await.unwrap_or(false)
}
