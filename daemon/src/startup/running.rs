//! The PhotoPrism that runs on the database, and whether it is notified of ended sessions.

use sha2::{Digest, Sha256};

use super::database_lock::remembered;
use super::error::StartupError;
use crate::config::{AdminSocket, Id, Loaded, Settings};
use crate::store::{DatabaseKind, Expected, Running, detect, is_index};

/// What the store has to know about it.
pub(super) fn running(settings: &Settings) -> Running {
    // The daemon's own token is an app password.
    let is_on = settings.photoprism_url.is_some() && !settings.app_passwords_disabled;
    let notifier = is_on.then(|| notifier(settings));
    Running { session_cache: settings.session_cache, notifier }
}

/// A number that this daemon has at each start, and no other daemon on the same database.
fn notifier(settings: &Settings) -> u64 {
    let host = nix::unistd::gethostname().unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(host.as_encoded_bytes());
    hash.update([0]);
    if let AdminSocket::At { path, .. } = &settings.socket {
        hash.update(path.as_os_str().as_encoded_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

/// Refuses an address of PhotoPrism for the daemon's own database, which no PhotoPrism has in
/// memory. Changes nothing.
pub(super) fn refuse_own_database(loaded: &Loaded) -> Result<(), StartupError> {
    let database = &loaded.settings.database;
    if loaded.settings.photoprism_url.is_none() || database.server.is_some() {
        return Ok(());
    }
    let is_own = match detect(&database.path) {
        Ok(DatabaseKind::Own(_)) => true,
        Ok(DatabaseKind::Nothing) => {
            !is_index(&database.path) && remembered(&database.path) != Expected::PhotoPrism
        }
        // What is wrong with another file is said where it is opened.
        Ok(DatabaseKind::PhotoPrism | DatabaseKind::Unfinished | DatabaseKind::Foreign(_))
        | Err(_) => false,
    };
    if is_own {
        let why = "no PhotoPrism has sessions of the daemon's own database in memory; leave it \
                   out, or name PhotoPrism's database with --database";
        return Err(loaded.refuse(Id::PhotoprismUrl, why).into());
    }
    Ok(())
}
