//! Runs the daemon: sockets, signals, the watchdog, and a clean end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Duration, timeout};
use tracing::{info, warn};

use super::accounts::{Accounts, Applied};
use super::build::{Daemon, Listening, SocketFile, policy};
use super::ended::keep_ended;
use super::environment;
use super::error::StartupError;
use super::fill_index::fill_index;
use super::first_start::log_missing_password;
use super::hash_durations::measure_expensive_hashes;
use super::housekeeping::{check_trail, flush_pending, housekeeping};
use super::lock_wait::LockWait;
use super::periodic_backups::write_periodic_backups;
use super::sockets::OpenSockets;
use crate::clock::{Clock, Floor, MonotoneClock, Monotonic, random};
use crate::commands::{
    App, BackupFiles, GatheredLogins, ImportSessions, Lifetimes, Memory, PageChecks, Paths,
    PeriodicBackups, PhotoPrismCheck, RefusalBuffer, RememberedPasswords, RequestIds,
    current_status, sink,
};
use crate::config::{Limits, Loaded, Settings};
use crate::limiter::{Limiter, Rate};
use crate::log::{self, Handle, Ready};
use crate::metrics::Metrics;
use crate::notify::Notifier;
use crate::peer::SocketKind;
use crate::photoprism::PhotoPrism;
use crate::server::Server;
use crate::session_index::{EndedIds, MOST_HELD, SessionIndex, Unnotified};
use crate::signals::{self, Signal};
use crate::socket::systemd;
use crate::store::{
    Counts, Database, Kind, Store, Threads, backup_sweep_uploads, counts, ended_ids, known_floor,
    limits_all, log_audit_head,
};

/// How long requests in progress may take to finish after a stop.
const STOPPING: Duration = Duration::from_secs(5);

/// How often the files of the sockets are checked.
const SOCKETS_EVERY: Duration = Duration::from_secs(15);

/// Timeout of the status for the log.
const STATUS: Duration = Duration::from_secs(5);

/// How often the watchdog's interval is divided. A database server may be silent for 15 s, half of
/// the unit's interval: checked that seldom, a thread that waits for it would look like one that
/// hangs.
const CHECKS: u32 = 6;

/// What is opened to clients, and reported once it is.
struct Service {
    sockets: Vec<Listening>,
    ready: Ready,
    accounts: Option<Accounts>,
}

/// Handles the signals.
struct Control {
    app: Rc<App>,
    loaded: Loaded,
    log: Handle,
    passed_group: Option<u32>,
    /// Requests that the declared accounts are applied again.
    declared: Rc<Notify>,
}

/// What signals request from now on.
fn handle_signals(wait: &LockWait) -> Result<mpsc::Receiver<Signal>, StartupError> {
    let (sender, inbox) = mpsc::channel(1);
    signals::start(sender).map_err(StartupError::running)?;
    wait.end();
    Ok(inbox)
}

pub(super) fn serve(built: Daemon) -> Result<(), StartupError> {
    let inbox = handle_signals(&built.wait)?;
    let ready = ready_line(&built);
    log_audit_head(built.slot.db(), "start");
    let runtime =
        Builder::new_current_thread().enable_all().build().map_err(StartupError::running)?;
    let own = built.slot.db().is_some_and(|db| *db.kind() == Kind::Own);
    // PhotoPrism's sessions are read at each check.
    let index = if own { SessionIndex::to_fill() } else { SessionIndex::default() };
    let memory = Memory { index, ended: ended(&built.slot)?, unnotified: Unnotified::default() };
    let (clock, stored_floor) = clock(&built.slot)?;
    let limiter = limiter(&built.slot, &built.loaded.settings.limits)?;
    let effects = sink(memory.clone(), clock.floor_reset());
    let (store, threads) = Store::start(built.slot, effects).map_err(StartupError::running)?;
    let (stop, stopped) = watch::channel(false);
    let notifier = notifier(&built.loaded.settings, own, &store, memory.unnotified)?;
    let passed_group = is_passed(&built.sockets[0]).then_some(built.policy.socket_gid).flatten();
    let app = Rc::new(App {
        store: store.clone(),
        index: memory.index,
        own,
        ended: memory.ended,
        notifier,
        address_unused: address_unused(&built.loaded.settings),
        limiter,
        refusals: RefusalBuffer::default(),
        remembered: RememberedPasswords::new(built.loaded.settings.verdict_ttl, random),
        gathered: GatheredLogins::default(),
        lifetimes: lifetimes(&built.loaded.settings),
        without_app_passwords: built.loaded.settings.app_passwords_disabled,
        pool: built.pool,
        clock,
        stored_floor: Cell::new(stored_floor),
        random,
        policy: RefCell::new(built.policy),
        limits: RefCell::new(built.loaded.settings.limits.clone()),
        rules: built.rules,
        backups: BackupFiles::default(),
        periodic: periodic_backups(&built.loaded.settings),
        page_checks: PageChecks::default(),
        photoprism_check: PhotoPrismCheck::default(),
        admin_user: built.admin_user,
        admin_password: built.loaded.settings.admin_password.clone(),
        env: environment,
        places: places(&built.sockets, &built.loaded),
        started: built.started,
        open: Cell::new(0),
        stop: stopped,
        imports: ImportSessions::default(),
        metrics: Metrics::default(),
        requests: RequestIds::default(),
    });
    let declared = Rc::default();
    let control = Control { app, loaded: built.loaded, log: built.log, passed_group, declared };
    let service = Service { sockets: built.sockets, ready, accounts: built.accounts };
    // Held to the very end: the next daemon may start only when this one is gone.
    let _lock = built.lock;
    end(&store, threads, run(&runtime, control, service, inbox, stop))
}

/// What was ended in PhotoPrism's database, as the last run stored it.
fn ended(slot: &Database) -> Result<EndedIds, StartupError> {
    let read = |db| ended_ids(db, MOST_HELD).map_err(StartupError::reading(db));
    let ids = slot.db().map(read).transpose()?;
    Ok(EndedIds::load(&ids.unwrap_or_default()))
}

fn periodic_backups(settings: &Settings) -> PeriodicBackups {
    PeriodicBackups::new(settings.backup_every, settings.backup_keep)
}

fn lifetimes(settings: &Settings) -> Lifetimes {
    Lifetimes {
        maxage: settings.session_maxage.as_i64(),
        timeout: settings.session_timeout.as_i64(),
    }
}

/// What notifies a running PhotoPrism, where its address is known.
fn notifier(
    settings: &Settings,
    own: bool,
    store: &Store,
    unnotified: Unnotified,
) -> Result<Option<Notifier>, StartupError> {
    let is_off = own || address_unused(settings);
    let Some(address) = settings.photoprism_url.clone().filter(|_| !is_off) else {
        return Ok(None);
    };
    let photoprism = PhotoPrism::start(address).map_err(StartupError::running)?;
    Ok(Some(Notifier::new(photoprism, store.clone(), unnotified, random)))
}

/// The daemon's own token would be an app password.
const fn address_unused(settings: &Settings) -> bool {
    settings.photoprism_url.is_some() && settings.app_passwords_disabled
}

/// Notifies it until the daemon stops.
async fn keep_notified(app: Rc<App>) {
    if let Some(notifier) = &app.notifier {
        notifier.run(app.stop.clone()).await;
    }
}

/// The machine's clock above the newest instant that the database knows, which is returned as well.
fn clock(slot: &Database) -> Result<(MonotoneClock, Floor), StartupError> {
    let read = |db| known_floor(db).map_err(StartupError::reading(db));
    let known = slot.db().map(read).transpose()?;
    let known = known.unwrap_or_default();
    let clock = MonotoneClock::new(Clock::System, Monotonic::start(), known);
    // Nothing has expired in a database without an instant.
    let known = if known.at.is_some() { known } else { clock.floor() };
    Ok((clock, known))
}

/// Restores the login limiter from its rows.
fn limiter(slot: &Database, limits: &Limits) -> Result<Limiter, StartupError> {
    let limiter = Limiter::new(Monotonic::start(), rate(limits));
    if let Some(db) = slot.db() {
        let rows = limits_all(db).map_err(StartupError::reading(db))?;
        limiter.load(&rows, Clock::System.unix());
    }
    Ok(limiter)
}

fn is_passed(socket: &Listening) -> bool {
    matches!(socket.file, SocketFile::Passed(_))
}

fn rate(limits: &Limits) -> Rate {
    Rate::new(limits.login_burst, limits.login_refill)
}

fn places(sockets: &[Listening], loaded: &Loaded) -> Paths {
    let path = |kind| sockets.iter().find(|socket| socket.kind == kind).map(|s| s.path.clone());
    Paths {
        database: loaded.settings.database.path.clone(),
        backups: loaded.settings.database.backups.clone(),
        server: loaded.settings.database.server.as_ref().map(ToString::to_string),
        admin: path(SocketKind::Admin).unwrap_or_default(),
        auth: path(SocketKind::Auth),
    }
}

fn ready_line(built: &Daemon) -> Ready {
    let found = built.slot.db().and_then(|db| counts(db).ok());
    let auth = built.sockets.iter().find(|socket| socket.kind == SocketKind::Auth);
    Ready {
        socket: built.sockets[0].path.display().to_string(),
        auth_socket: auth.map(|socket| socket.path.display().to_string()),
        database: built.slot.name(),
        kind: built.slot.db().map_or("photoprism, not there yet", |db| db.kind().name()),
        accounts: found.map_or(0, |Counts { users, .. }| users),
    }
}

/// Serves until a signal requests the end; true where every connection ended in time.
fn run(
    runtime: &Runtime,
    control: Control,
    service: Service,
    mut inbox: mpsc::Receiver<Signal>,
    stop: watch::Sender<bool>,
) -> Result<bool, StartupError> {
    let tasks = LocalSet::new();
    let app = Rc::clone(&control.app);
    // Nobody sends any yet. Where backups cannot be kept, the command that needs them says why.
    let _ = backup_sweep_uploads(&app.places.backups);
    tasks.block_on(runtime, async move {
        let Service { sockets, ready, accounts } = service;
        let Some(ready) = declare(&control, accounts, ready, &mut inbox).await? else {
            let _ = stop.send(true);
            return Ok(true);
        };
        log_missing_password(&control.app).await;
        let server = Server::new(Rc::clone(&control.app));
        let mut sockets = OpenSockets::serve(&server, sockets)?;
        spawn_local(watchdog(Rc::clone(&control.app)));
        spawn_local(fill_index(Rc::clone(&control.app)));
        spawn_local(housekeeping(Rc::clone(&control.app)));
        spawn_local(measure_expensive_hashes(Rc::clone(&control.app)));
        spawn_local(write_periodic_backups(Rc::clone(&control.app)));
        spawn_local(check_trail(Rc::clone(&control.app)));
        spawn_local(keep_ended(Rc::clone(&control.app)));
        spawn_local(keep_notified(Rc::clone(&control.app)));
        log::ready(&ready);
        let _ = systemd::ready();
        control.until_stopped(inbox, &mut sockets).await;
        let _ = systemd::stopping();
        info!("stopping");
        drop(sockets);
        let _ = stop.send(true);
        let clean = server.drain(STOPPING).await;
        flush_pending(&app).await;
        Ok(clean)
    })
}

/// Applies what is declared, and keeps doing so at each reload. `None`: the daemon was stopped.
async fn declare(
    control: &Control,
    accounts: Option<Accounts>,
    ready: Ready,
    inbox: &mut mpsc::Receiver<Signal>,
) -> Result<Option<Ready>, StartupError> {
    let (app, Some(accounts)) = (&control.app, accounts) else { return Ok(Some(ready)) };
    let is_due = match accounts.apply(app, inbox).await? {
        Applied::Now => false,
        Applied::Later => true,
        Applied::Stopped => return Ok(None),
    };
    spawn_local(accounts.keep(Rc::clone(app), Rc::clone(&control.declared), is_due));
    let count = |db: &_| counts(db).map(|Counts { users, .. }| users);
    let accounts = app.store.read(STATUS, count).await.unwrap_or(ready.accounts);
    Ok(Some(Ready { accounts, ..ready }))
}

fn end(
    store: &Store,
    threads: Threads,
    served: Result<bool, StartupError>,
) -> Result<(), StartupError> {
    store.stop();
    if matches!(served, Ok(false)) {
        warn!("connections were still busy after {} s, they are cut", STOPPING.as_secs());
    }
    threads.join().map_err(|_| StartupError::new("a database thread failed", 1))?;
    log::settle();
    info!("stopped");
    served.map(drop)
}

impl Control {
    async fn until_stopped(mut self, mut inbox: mpsc::Receiver<Signal>, sockets: &mut OpenSockets) {
        loop {
            match timeout(SOCKETS_EVERY, inbox.recv()).await {
                Ok(None | Some(Signal::Stop)) => return,
                Ok(Some(Signal::Reload)) => {
                    self.reload();
                    sockets.restore().await;
                }
                Ok(Some(Signal::Status)) => self.log_status().await,
                Err(_) => sockets.restore().await,
            }
        }
    }

    fn reload(&mut self) {
        let _ = systemd::reloading();
        match self.loaded.reload(self.passed_group) {
            Ok(reloaded) => {
                let settings = &reloaded.settings;
                self.log.set_level(settings.log_level);
                *self.app.policy.borrow_mut() = policy(settings, self.passed_group);
                self.app.limiter.set_rate(rate(&settings.limits));
                self.app.pool.set_login_places(settings.limits.hash_queue);
                *self.app.limits.borrow_mut() = settings.limits.clone();
                let waiting_for_a_restart = reloaded.needs_restart.join(", ");
                info!(waiting_for_a_restart, "settings read again");
            }
            Err(error) => warn!(%error, "the settings stay as they were"),
        }
        self.declared.notify_one();
        let _ = systemd::ready();
    }

    async fn log_status(&self) {
        match current_status(&self.app, STATUS).await {
            Ok(status) => info!(status = status.result.get(), "status"),
            Err(error) => warn!(%error, "status"),
        }
    }
}

/// Notifies systemd's watchdog as long as the database threads make progress.
async fn watchdog(app: Rc<App>) {
    let Some(interval) = systemd::watchdog_interval() else { return };
    let mut stop = app.stop.clone();
    let mut seen = None;
    while timeout(interval / CHECKS, stop.wait_for(|stop| *stop)).await.is_err() {
        let turns = app.store.heartbeat();
        let moves = seen.is_none_or(|seen: [u64; 2]| seen.iter().zip(&turns).all(|(a, b)| a != b));
        if moves {
            seen = Some(turns);
            let _ = systemd::watchdog();
        }
    }
}
