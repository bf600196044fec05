//! Imports on their way, in memory: bounded in number, in bytes and in time.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use data_encoding::HEXLOWER;
use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

use crate::error::CommandError;
use crate::handlers::users::{Bad, Options, Ready, Results};

/// Imports at once: they are the business of administrators, of whom there are few.
const MOST: usize = 4;

/// Bytes of one text.
const MOST_BYTES: usize = 16 << 20;

/// After so long without a step an import is forgotten.
const PATIENCE: Duration = Duration::from_mins(10);

/// The same where another one needs its place: a client that is still there takes its next step
/// at once.
const HASTE: Duration = Duration::from_secs(10);

/// Random bytes of a name.
const ID_BYTES: usize = 16;

/// One import between two steps.
#[derive(Default)]
pub(super) struct Staged {
    pub(super) text: Zeroizing<String>,
    /// Passwords by the files that they stand in.
    pub(super) files: BTreeMap<String, Secret>,
    /// Once the text is whole.
    pub(super) rows: Option<Vec<Result<Ready, Bad>>>,
    /// How it is carried out, from the first `run` on.
    pub(super) options: Option<Options>,
    /// Rows whose passwords are prepared.
    pub(super) prepared: usize,
    /// What it came to, from the end on.
    pub(super) results: Option<Results>,
}

struct Place {
    uid: u32,
    touched: Duration,
    /// `None` while a step is at work.
    staged: Option<Staged>,
}

/// All imports that are on their way.
#[derive(Default)]
pub struct Imports(RefCell<HashMap<String, Place>>);

impl Imports {
    /// Makes room for another one of `uid`.
    ///
    /// # Errors
    /// `busy` where there are too many.
    pub(super) fn begin(
        &self,
        uid: u32,
        (now, random): (Duration, fn(&mut [u8])),
    ) -> Result<String, CommandError> {
        let mut places = self.0.borrow_mut();
        let idle = |place: &Place| now.saturating_sub(place.touched);
        places.retain(|_, place| idle(place) < PATIENCE);
        if places.len() >= MOST {
            places.retain(|_, place| place.staged.is_none() || idle(place) < HASTE);
        }
        if places.len() >= MOST {
            return Err(CommandError::Busy { retry_after_s: HASTE.as_secs() });
        }
        let mut bytes = [0; ID_BYTES];
        random(&mut bytes);
        let id = HEXLOWER.encode(&bytes);
        places.insert(id.clone(), Place { uid, touched: now, staged: Some(Staged::default()) });
        Ok(id)
    }

    /// Takes one out for a step; whoever takes it puts it back.
    ///
    /// # Errors
    /// `not_found` for one that is not there, or somebody else's; `conflict` while it is taken.
    pub(super) fn take(&self, id: &str, uid: u32) -> Result<Staged, CommandError> {
        let mut places = self.0.borrow_mut();
        let place = places.get_mut(id).filter(|place| place.uid == uid);
        let place = place.ok_or_else(|| CommandError::NotFound {
            message: "there is no such import; it may have been forgotten, begin again".into(),
            hint: None,
        })?;
        place
            .staged
            .take()
            .ok_or_else(|| CommandError::Conflict("another step of this import is at work".into()))
    }

    /// Puts one back after a step.
    pub(super) fn put_back(&self, id: &str, staged: Staged, now: Duration) {
        if let Some(place) = self.0.borrow_mut().get_mut(id) {
            (place.staged, place.touched) = (Some(staged), now);
        }
    }

    /// Forgets one: its last results were read.
    pub(super) fn forget(&self, id: &str) {
        self.0.borrow_mut().remove(id);
    }
}

impl Staged {
    /// Adds to the text.
    ///
    /// # Errors
    /// `invalid_argument` where it grows too long, `conflict` where it was whole already.
    pub(super) fn add(&mut self, part: &Secret) -> Result<(), CommandError> {
        if self.rows.is_some() {
            return Err(CommandError::Conflict("this text was whole already; begin again".into()));
        }
        if self.text.len() + part.expose().len() > MOST_BYTES {
            return Err(CommandError::broken(
                "text",
                "a text has at most 16 MiB; import it in several pieces",
            ));
        }
        if self.text.len() + part.expose().len() > self.text.capacity() {
            // Growing in place would leave copies behind.
            let room = (self.text.len() + part.expose().len()).next_power_of_two();
            let mut grown = Zeroizing::new(String::with_capacity(room));
            grown.push_str(&self.text);
            self.text = grown;
        }
        self.text.push_str(part.expose());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(bytes: &mut [u8]) {
        crate::clock::random(bytes);
    }

    fn at(seconds: u64) -> (Duration, fn(&mut [u8])) {
        (Duration::from_secs(seconds), draw)
    }

    #[test]
    fn imports_are_bounded_and_forgotten() {
        let imports = Imports::default();
        let ids: Vec<String> = (0..MOST).map(|_| imports.begin(7, at(0)).unwrap()).collect();
        assert!(matches!(imports.begin(7, at(9)), Err(CommandError::Busy { .. })));
        let staged = imports.take(&ids[0], 7).unwrap();
        imports.put_back(&ids[0], staged, Duration::from_secs(5));
        let _at_work = imports.take(&ids[1], 7).unwrap();
        // Those that nobody came back to for ten seconds make room, one that is at work does not.
        let id = imports.begin(7, at(10)).unwrap();
        assert!(imports.take(&ids[2], 7).is_err() && imports.take(&ids[0], 7).is_ok());
        assert!(matches!(imports.take(&ids[1], 7), Err(CommandError::Conflict(_))));
        imports.forget(&id);
        let alone = Imports::default();
        let first = alone.begin(7, at(0)).unwrap();
        alone.begin(7, at(599)).unwrap();
        assert!(alone.take(&first, 7).is_ok_and(|staged| {
            alone.put_back(&first, staged, Duration::ZERO);
            true
        }));
        alone.begin(7, at(600)).unwrap();
        assert!(alone.take(&first, 7).is_err());
        assert!(matches!(imports.take(&id, 7), Err(CommandError::NotFound { .. })));
    }

    #[test]
    fn one_step_works_at_a_time_and_for_one_uid() {
        let imports = Imports::default();
        let id = imports.begin(7, at(0)).unwrap();
        assert!(matches!(imports.take(&id, 8), Err(CommandError::NotFound { .. })));
        let staged = imports.take(&id, 7).unwrap();
        assert!(matches!(imports.take(&id, 7), Err(CommandError::Conflict(_))));
        imports.put_back(&id, staged, Duration::ZERO);
        assert!(imports.take(&id, 7).is_ok());
    }

    #[test]
    fn a_text_has_an_end() {
        let mut staged = Staged::default();
        let part = Secret::new("x".repeat(MOST_BYTES / 2));
        staged.add(&part).unwrap();
        staged.add(&part).unwrap();
        assert!(matches!(staged.add(&Secret::new("x".into())), Err(CommandError::Invalid { .. })));
        staged.rows = Some(Vec::new());
        assert!(matches!(staged.add(&part), Err(CommandError::Conflict(_))));
    }
}
