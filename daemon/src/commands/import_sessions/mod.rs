//! Imports on their way, in memory: bounded in number, in bytes and in time.

mod parts;
mod results;
mod text;
mod valid_row;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use photoprism_protocol::account_text::MOST_BYTES;
use photoprism_protocol::secret::Secret;
use tokio::sync::Semaphore;

pub(crate) use self::parts::{Named, Parts};
pub(crate) use self::results::{Cancel, Options, Part, Results};
pub(crate) use self::text::Text;
pub(crate) use self::valid_row::{PasswordChange, RejectedRow, Rows, ValidRow, known_hash};
use crate::error::CommandError;

/// Imports at once: only administrators run them, and there are few of those.
const MOST: usize = 4;

/// Imports of one uid at once, so that others find a place.
const MOST_OF_UID: usize = 2;

/// Bytes of all texts, passwords from files and accounts of databases together.
pub(crate) const MOST_BYTES_OF_ALL: usize = 2 * MOST_BYTES;

/// After so long without a step an import is forgotten.
const TIMEOUT: Duration = Duration::from_mins(10);

/// The same where another import needs the room: a client that is still there takes its next step
/// at once.
const SHORT_TIMEOUT: Duration = Duration::from_secs(10);

/// Random bytes of a name.
const ID_BYTES: usize = 16;

/// One import between two steps.
#[derive(Default)]
pub(crate) struct ImportSession {
    pub(crate) text: Text,
    /// Once the text is whole.
    pub(crate) rows: Option<Arc<Rows>>,
    /// Bytes of what was sent, or read from a database.
    pub(crate) bytes: usize,
    /// Files that rows name and that were not given yet.
    pub(crate) missing: BTreeSet<String>,
    /// Passwords by the files that hold them, until the rows have them.
    pub(crate) files: BTreeMap<String, Secret>,
    /// A step took the text or the rows, and did not give them back.
    pub(crate) is_lost: bool,
    /// How it is carried out, from the first `run` on.
    pub(crate) options: Option<Options>,
    /// Rows whose passwords are prepared.
    pub(crate) prepared: usize,
    /// The results, from the end on.
    pub(crate) results: Option<Results>,
    /// What earlier parts have left.
    pub(crate) parts: Parts,
}

struct Entry {
    uid: u32,
    touched: Duration,
    /// Bytes that it takes, also while a step is running.
    bytes: usize,
    /// `None` while a step is running.
    staged: Option<ImportSession>,
}

type Places = HashMap<String, Entry>;

/// All imports that are on their way.
pub(crate) struct ImportSessions {
    places: RefCell<Places>,
    /// Locked by the one import that is read or checked.
    pub(crate) turn: Arc<Semaphore>,
}

impl Default for ImportSessions {
    fn default() -> Self {
        Self { places: RefCell::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl ImportSessions {
    /// Begins another one of `uid`, whose first step brings so many bytes.
    ///
    /// # Errors
    /// `busy` where there are too many, or too much of them.
    pub(crate) fn begin(
        &self,
        uid: u32,
        first: usize,
        now: Duration,
        random: fn(&mut [u8]),
    ) -> Result<String, CommandError> {
        self.check_place(uid, first, now)?;
        let mut bytes = [0; ID_BYTES];
        random(&mut bytes);
        let id = HEXLOWER.encode(&bytes);
        let staged = Some(ImportSession::default());
        let place = Entry { uid, touched: now, bytes: 0, staged };
        self.places.borrow_mut().insert(id.clone(), place);
        Ok(id)
    }

    /// Takes one out for a step; the step puts it back.
    ///
    /// # Errors
    /// `not_found` for one that is not there, or somebody else's; `conflict` while it is taken.
    pub(crate) fn take(&self, id: &str, uid: u32) -> Result<ImportSession, CommandError> {
        let mut places = self.places.borrow_mut();
        let place = places.get_mut(id).filter(|place| place.uid == uid);
        let place = place.ok_or_else(|| CommandError::NotFound {
            message: "there is no such import; it may have been forgotten, begin again".into(),
            hint: None,
        })?;
        place.staged.take().ok_or_else(|| {
            CommandError::Conflict("another request for this import is still running".into())
        })
    }

    /// Puts one back after a step.
    pub(crate) fn put_back(&self, id: &str, staged: ImportSession, now: Duration) {
        match self.places.borrow_mut().get_mut(id) {
            Some(place) => {
                (place.bytes, place.touched, place.staged) = (staged.bytes, now, Some(staged));
            }
            None => drop_on_thread(staged),
        }
    }

    /// Forgets one: its last results were read, or it cannot go on.
    pub(crate) fn forget(&self, id: &str) {
        if let Some(Entry { staged: Some(staged), .. }) = self.places.borrow_mut().remove(id) {
            drop_on_thread(staged);
        }
    }

    /// Whether another one of `uid` with so many bytes can begin; idle ones make room.
    ///
    /// # Errors
    /// `busy` where it cannot.
    pub(crate) fn check_place(
        &self,
        uid: u32,
        bytes: usize,
        now: Duration,
    ) -> Result<(), CommandError> {
        self.make_room(now, |places| {
            let own = places.values().filter(|place| place.uid == uid).count();
            places.len() < MOST && own < MOST_OF_UID && fits(places, bytes)
        })
    }

    /// Whether `more` bytes fit next to those of all imports; idle ones make room. The one that
    /// they are for is running meanwhile, so that it is never idle itself.
    ///
    /// # Errors
    /// `busy` where they do not.
    pub(crate) fn check_room(&self, more: usize, now: Duration) -> Result<(), CommandError> {
        self.make_room(now, |places| fits(places, more))
    }

    fn make_room(
        &self,
        now: Duration,
        is_enough: impl Fn(&Places) -> bool,
    ) -> Result<(), CommandError> {
        let mut places = self.places.borrow_mut();
        let idle = |place: &Entry| now.saturating_sub(place.touched);
        forget_where(&mut places, |place| idle(place) >= TIMEOUT);
        if !is_enough(&places) {
            forget_where(&mut places, |place| {
                place.staged.is_some() && idle(place) >= SHORT_TIMEOUT
            });
        }
        if is_enough(&places) {
            return Ok(());
        }
        Err(CommandError::Busy { retry_after_s: SHORT_TIMEOUT.as_secs() })
    }
}

fn fits(places: &Places, more: usize) -> bool {
    let held: usize = places.values().map(|place| place.bytes).sum();
    held + more <= MOST_BYTES_OF_ALL
}

fn forget_where(places: &mut Places, is_over: impl Fn(&Entry) -> bool) {
    for (_, place) in places.extract_if(|_, place| is_over(place)) {
        if let Some(staged) = place.staged {
            drop_on_thread(staged);
        }
    }
}

/// Zeroing megabytes on the async thread would delay every connection. There are no more of these
/// threads at a time than there were imports.
fn drop_on_thread(staged: ImportSession) {
    // If no thread can be started, the closure is dropped here, with what it holds.
    let _ = std::thread::Builder::new().name("forget".into()).spawn(move || drop(staged));
}

impl ImportSession {
    /// Adds to the text.
    ///
    /// # Errors
    /// `invalid_argument` where it grows too long, `conflict` where it was whole already.
    pub(crate) fn add(&mut self, part: &Secret) -> Result<(), CommandError> {
        if self.rows.is_some() {
            return Err(CommandError::Conflict("this text was whole already; begin again".into()));
        }
        self.text.add(part.expose())?;
        self.bytes += part.expose().len();
        Ok(())
    }

    /// Whether another part may follow, once this one has its results.
    pub(crate) fn goes_on(&self) -> bool {
        self.results.is_some()
            && match self.options.and_then(|how| how.part) {
                None => false,
                Some(Part::Middle) => true,
                Some(Part::End) => self.text.len() > 0,
            }
    }

    /// Begins the next part, with what is left of the text.
    pub(crate) fn begin_next(&mut self) {
        self.parts.end(self.rows.take(), self.results.take());
        (self.options, self.prepared, self.bytes) = (None, 0, self.text.len());
    }

    /// Takes the password of a file that rows name.
    ///
    /// # Errors
    /// `invalid_argument` for a file that no row names or that was given, and where all of it
    /// grows too long.
    pub(crate) fn give(&mut self, file: String, password: Secret) -> Result<(), CommandError> {
        if !self.missing.contains(&file) {
            return Err(CommandError::broken(
                "file",
                "this file is not one of missing_files; give those, each once, after a run",
            ));
        }
        let bytes = self.bytes + password.expose().len();
        if bytes > MOST_BYTES {
            return Err(CommandError::broken(
                "password",
                "text and passwords have at most 16 MiB together; import them in several pieces",
            ));
        }
        self.missing.remove(&file);
        self.files.insert(file, password);
        self.bytes = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(bytes: &mut [u8]) {
        crate::clock::random(bytes);
    }

    fn begin(
        imports: &ImportSessions,
        uid: u32,
        bytes: usize,
        seconds: u64,
    ) -> Result<String, CommandError> {
        imports.begin(uid, bytes, Duration::from_secs(seconds), draw)
    }

    #[test]
    fn imports_are_bounded_and_forgotten() {
        let imports = ImportSessions::default();
        let ids: Vec<String> =
            [7, 7, 8, 8].into_iter().map(|uid| begin(&imports, uid, 0, 0).unwrap()).collect();
        assert!(matches!(begin(&imports, 9, 0, 9), Err(CommandError::Busy { .. })));
        let staged = imports.take(&ids[0], 7).unwrap();
        imports.put_back(&ids[0], staged, Duration::from_secs(5));
        let _running = imports.take(&ids[1], 7).unwrap();
        // Those without a step for ten seconds make room, one with a running step does not.
        let id = begin(&imports, 9, 0, 10).unwrap();
        assert!(imports.take(&ids[2], 8).is_err() && imports.take(&ids[0], 7).is_ok());
        assert!(matches!(imports.take(&ids[1], 7), Err(CommandError::Conflict(_))));
        imports.forget(&id);
        assert!(matches!(imports.take(&id, 9), Err(CommandError::NotFound { .. })));
        let alone = ImportSessions::default();
        let first = begin(&alone, 7, 0, 0).unwrap();
        begin(&alone, 8, 0, 599).unwrap();
        let staged = alone.take(&first, 7).unwrap();
        alone.put_back(&first, staged, Duration::ZERO);
        begin(&alone, 8, 0, 600).unwrap();
        assert!(alone.take(&first, 7).is_err());
    }

    #[test]
    fn one_uid_leaves_room_for_others() {
        let imports = ImportSessions::default();
        for _ in 0..MOST_OF_UID {
            begin(&imports, 7, 0, 0).unwrap();
        }
        assert!(matches!(begin(&imports, 7, 0, 9), Err(CommandError::Busy { .. })));
        begin(&imports, 8, 0, 9).unwrap();
        begin(&imports, 7, 0, 10).unwrap();
    }

    /// Imports of uids from 0 on, each with so many bytes.
    fn holding(bytes: &[usize]) -> (ImportSessions, Vec<String>) {
        let imports = ImportSessions::default();
        let ids = (0..).zip(bytes).map(|(uid, bytes)| {
            let id = begin(&imports, uid, 0, 0).unwrap();
            let mut staged = imports.take(&id, uid).unwrap();
            staged.bytes = *bytes;
            imports.put_back(&id, staged, Duration::ZERO);
            id
        });
        let ids = ids.collect();
        (imports, ids)
    }

    #[test]
    fn all_imports_together_have_a_limit_in_bytes() {
        let (imports, ids) = holding(&[MOST_BYTES_OF_ALL / 2 - 1; 2]);
        // Those that are running count as well, and are not forgotten.
        let _running = [imports.take(&ids[0], 0).unwrap(), imports.take(&ids[1], 1).unwrap()];
        for now in [0, 9, 10, 599].map(Duration::from_secs) {
            imports.check_room(2, now).unwrap();
            assert!(matches!(imports.check_room(3, now), Err(CommandError::Busy { .. })));
            imports.check_place(2, 2, now).unwrap();
            assert!(matches!(imports.check_place(2, 3, now), Err(CommandError::Busy { .. })));
        }
        assert!(matches!(begin(&imports, 2, 3, 10), Err(CommandError::Busy { .. })));
        begin(&imports, 2, 2, 10).unwrap();
    }

    #[test]
    fn idle_ones_make_room_for_bytes_too() {
        let (ten, half) = (Duration::from_secs(10), MOST_BYTES_OF_ALL / 2);
        for check in [
            |imports: &ImportSessions, now| imports.check_room(1, now),
            |imports: &ImportSessions, now| imports.check_place(2, 1, now),
        ] {
            let (imports, ids) = holding(&[half, half]);
            let busy = check(&imports, Duration::from_secs(9));
            assert!(matches!(busy, Err(CommandError::Busy { .. })));
            // One took a step since.
            let staged = imports.take(&ids[0], 0).unwrap();
            imports.put_back(&ids[0], staged, Duration::from_secs(1));
            check(&imports, ten).unwrap();
            assert!(imports.take(&ids[0], 0).is_ok() && imports.take(&ids[1], 1).is_err());
        }
        // Where there is room none is forgotten.
        let (imports, ids) = holding(&[half, half - 1]);
        imports.check_room(1, ten).unwrap();
        assert!(imports.take(&ids[0], 0).is_ok() && imports.take(&ids[1], 1).is_ok());
    }

    #[test]
    fn one_step_works_at_a_time_and_for_one_uid() {
        let imports = ImportSessions::default();
        let id = begin(&imports, 7, 0, 0).unwrap();
        assert!(matches!(imports.take(&id, 8), Err(CommandError::NotFound { .. })));
        let staged = imports.take(&id, 7).unwrap();
        assert!(matches!(imports.take(&id, 7), Err(CommandError::Conflict(_))));
        imports.put_back(&id, staged, Duration::ZERO);
        assert!(imports.take(&id, 7).is_ok());
    }

    #[test]
    fn files_are_those_that_rows_name_each_once_and_bounded() {
        let mut staged = ImportSession { bytes: MOST_BYTES - 8, ..ImportSession::default() };
        staged.missing = ["a", "b"].map(str::to_owned).into();
        let mut give = |file: &str, password: &str| {
            let given = staged.give(file.into(), Secret::new(password.into()));
            given.map_err(|error| error.into_body("").field.unwrap_or_default().into_owned())
        };
        assert_eq!(give("c", "x"), Err("file".into()));
        assert_eq!(give("a", "123456789"), Err("password".into()));
        assert_eq!(give("a", "12345678"), Ok(()));
        assert_eq!(give("a", ""), Err("file".into()));
        assert_eq!(give("b", "1"), Err("password".into()));
        let mut whole = ImportSession { rows: Some(Arc::default()), ..ImportSession::default() };
        assert!(matches!(whole.add(&Secret::new("x".into())), Err(CommandError::Conflict(_))));
    }
}
