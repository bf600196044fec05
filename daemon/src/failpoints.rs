//! Defences that can be switched off, so that a test harness is shown to find what they prevent.
//!
//! Only a build with the feature `failpoints` has them, which is that of `cargo test`; there only
//! `examples/faulty.rs` switches one off, which tests start in place of `photoprismd`.

/// A defence that is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Failpoint {
    /// Writes are acknowledged before their commit.
    AcknowledgeEarly = 1,
    /// `synchronous=NORMAL`: commits are not synced.
    SyncSeldom = 1 << 1,
    /// Every `users.restore` panics in its transaction.
    PanicInRestore = 1 << 2,
    /// Each write waits for a byte on standard input inside its transaction.
    Stall = 1 << 3,
    /// A commit whose sync failed counts as done.
    IgnoreSyncError = 1 << 4,
    /// A panic of a command ends the database thread.
    LetPanicsPass = 1 << 5,
    /// Work may begin however late it is.
    WaitForever = 1 << 6,
    /// Accepting is retried at once where no descriptor is free.
    NoAcceptBackoff = 1 << 7,
    /// PhotoPrism's locks are not waited for.
    NoLockTimeout = 1 << 8,
    /// The names of the database's files are not checked again.
    TrustNames = 1 << 9,
    /// Backups are damaged after they are written and before they are checked.
    SpoilBackup = 1 << 10,
    /// A start assumes that the last changes to PhotoPrism's database were committed.
    TrustLastGroup = 1 << 11,
    /// The session index stays as empty as it is at the start.
    NeverFillIndex = 1 << 12,
    /// Groups leave no mark by which their COMMIT is found.
    NoMark = 1 << 13,
    /// A COMMIT without an answer counts as not made.
    NoAnswerIsNo = 1 << 14,
    /// A connection to a server is used again after an answer that did not come in time.
    UseLostConnection = 1 << 15,
    /// Answers of a server are waited for a second, so that a test need not wait longer.
    ShortSilence = 1 << 16,
}

impl Failpoint {
    /// Every failpoint with its name in `examples/faulty.rs`.
    pub const ALL: [(&'static str, Self); 17] = [
        ("acknowledge-early", Self::AcknowledgeEarly),
        ("sync-seldom", Self::SyncSeldom),
        ("panic-in-restore", Self::PanicInRestore),
        ("stall", Self::Stall),
        ("ignore-sync-error", Self::IgnoreSyncError),
        ("let-panics-pass", Self::LetPanicsPass),
        ("wait-forever", Self::WaitForever),
        ("no-accept-backoff", Self::NoAcceptBackoff),
        ("no-lock-timeout", Self::NoLockTimeout),
        ("trust-names", Self::TrustNames),
        ("spoil-backup", Self::SpoilBackup),
        ("trust-last-group", Self::TrustLastGroup),
        ("never-fill-index", Self::NeverFillIndex),
        ("no-mark", Self::NoMark),
        ("no-answer-is-no", Self::NoAnswerIsNo),
        ("use-lost-connection", Self::UseLostConnection),
        ("short-silence", Self::ShortSilence),
    ];
}

/// One bit for each.
#[cfg(feature = "failpoints")]
static ENABLED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// Switches one defence off for the rest of the process.
#[cfg(feature = "failpoints")]
pub fn enable(failpoint: Failpoint) {
    ENABLED.fetch_or(failpoint as u32, std::sync::atomic::Ordering::Relaxed);
}

/// Whether this defence is off.
#[cfg(feature = "failpoints")]
pub(crate) fn enabled(failpoint: Failpoint) -> bool {
    ENABLED.load(std::sync::atomic::Ordering::Relaxed) & failpoint as u32 != 0
}

/// Without the feature none can be off, and the compiler leaves their code out.
#[cfg(not(feature = "failpoints"))]
pub(crate) const fn enabled(_: Failpoint) -> bool {
    false
}
