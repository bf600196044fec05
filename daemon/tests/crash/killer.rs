//! A daemon that dies before a step of its commits that a test names.

use std::fs;
use std::path::PathBuf;

use crate::common::test_daemon::TestDaemon;
use crate::preload::preload;

/// The files through which the library reports its steps and gets its order.
pub(crate) struct Killer {
    steps: PathBuf,
    order: PathBuf,
}

impl Killer {
    /// Puts it between the daemon of `home` and the disk.
    pub(crate) fn between(home: &mut TestDaemon) -> Self {
        let path = |name: &str| home.root().join(name);
        let killer = Self { steps: path("steps"), order: path("order") };
        preload(home, include_str!("killer.c"));
        home.set_env("KILLER_STEPS", &killer.steps);
        home.set_env("KILLER_ORDER", &killer.order);
        killer
    }

    /// It dies before that step from now on.
    pub(crate) fn order(&self, step: usize) {
        self.put(&step.to_string());
    }

    /// The same, where only syncs, deletions and renames are counted.
    pub(crate) fn order_sync(&self, step: usize) {
        self.put(&format!("s{step}"));
    }

    /// The same, where only pages are counted that are written to the daemon's own database.
    pub(crate) fn order_page(&self, page: usize) {
        self.put(&format!("p{page}"));
    }

    fn put(&self, order: &str) {
        // Renamed into place: a look sees all of it or nothing.
        let fresh = self.order.with_extension("fresh");
        fs::write(&fresh, order).unwrap();
        fs::rename(fresh, &self.order).unwrap();
    }

    /// It lives on.
    pub(crate) fn spare(&self) {
        let _ = fs::remove_file(&self.order);
    }

    /// The steps that were done since the last call.
    pub(crate) fn steps(&self) -> Vec<String> {
        let steps = fs::read_to_string(&self.steps).unwrap_or_default();
        let _ = fs::remove_file(&self.steps);
        steps.lines().map(Into::into).collect()
    }
}
