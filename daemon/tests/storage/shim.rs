//! A daemon whose syncs are counted and whose writes fail on demand.

use std::fs;
use std::path::PathBuf;

use crate::common::test_daemon::TestDaemon;
use crate::preload::preload;

/// A failing write or sync, and how (`errno(3)`).
pub(crate) enum Order {
    /// Syncs of the write-ahead log fail with `EIO`.
    FailSyncs,
    /// Writes to it fail with `ENOSPC`.
    NoSpace,
    /// Writes to it fail with `EIO`.
    FailWrites,
    /// Nothing fails.
    Nothing,
}

/// The files through which the shim reports what it did, and gets its order.
pub(crate) struct Shim {
    log: PathBuf,
    order: PathBuf,
}

impl Shim {
    /// Puts it between the daemon of `home` and the disk.
    pub(crate) fn between(home: &mut TestDaemon) -> Self {
        let path = |name: &str| home.root().join(name);
        let shim = Self { log: path("log"), order: path("order") };
        preload(home, include_str!("shim.c"));
        home.set_env("SHIM_LOG", &shim.log);
        home.set_env("SHIM_ORDER", &shim.order);
        shim
    }

    /// Syncs of the write-ahead log that are done.
    pub(crate) fn syncs(&self) -> usize {
        self.count(b's')
    }

    /// Syncs that were failed.
    pub(crate) fn failed(&self) -> usize {
        self.count(b'F')
    }

    fn count(&self, what: u8) -> usize {
        let log = fs::read(&self.log).unwrap_or_default();
        log.into_iter().filter(|done| *done == what).count()
    }

    /// What fails from now on.
    pub(crate) fn order(&self, order: &Order) {
        let text = match order {
            Order::FailSyncs => "s5",
            Order::NoSpace => "w28",
            Order::FailWrites => "w5",
            Order::Nothing => "",
        };
        // Renamed into place: a look sees the one or the other.
        let fresh = self.order.with_extension("new");
        fs::write(&fresh, text).unwrap();
        fs::rename(fresh, &self.order).unwrap();
    }
}
