//! `audit.verify`.

use photoprism_protocol::args::Int;
use photoprism_protocol::audit::{self, AuditVerify, Head, VerifyResult};
use photoprism_protocol::envelope::Success;

use crate::commands::app::App;
use crate::commands::reply::Reply;
use crate::commands::runner::{Outcome, Runner};
use crate::error::CommandError;
use crate::model::AuditHead;
use crate::store::{AuditRow, Db, audit_count, audit_head, audit_walk, link};

/// Records that one step checks: about 10 ms of work between other commands.
const STEP: usize = 5000;

/// A check of the chain, carried from step to step.
#[derive(Clone, Debug)]
struct Verify {
    wanted: Option<AuditHead>,
    reached: AuditHead,
    end: Option<i64>,
    seen: bool,
    broken_at: Option<i64>,
}

pub(in crate::commands) async fn run(runner: &Runner<'_>) -> Outcome {
    let check = Verify::parse(runner.args::<AuditVerify>()?)?;
    Reply::new(&verify_trail(runner.app, check).await?).map(Success::from)
}

/// The verdict on the chain as it is.
pub(crate) async fn verify_whole_trail(app: &App) -> Result<VerifyResult, CommandError> {
    verify_trail(app, Verify::whole()).await
}

/// The verdict on the chain. It is checked in steps, so that other commands run in between.
async fn verify_trail(app: &App, mut state: Verify) -> Result<VerifyResult, CommandError> {
    // Each step has the whole time in which work must begin: the check as a whole has no limit.
    let deadline = app.limits.borrow().request_timeout;
    loop {
        match app.store.read_once(deadline, |db| verify_step(db, state)).await? {
            Step::More(next) => state = next,
            Step::Done(verdict) => return Ok(verdict),
        }
    }
}

impl Verify {
    /// Checks the chain as it is, whatever it was.
    fn whole() -> Self {
        let reached = AuditHead::default();
        Self { wanted: None, reached, end: None, seen: false, broken_at: None }
    }

    /// Checks the arguments.
    ///
    /// # Errors
    /// `invalid_argument`: the number and the hash come together, or not at all.
    fn parse(args: audit::Verify) -> Result<Self, CommandError> {
        let wanted = match (args.number, args.hash) {
            (None, None) => None,
            (Some(number), Some(hash)) => Some(wanted(number, hash)?),
            (Some(_), None) => {
                return Err(CommandError::broken("hash", "a number needs the hash of that record"));
            }
            (None, Some(_)) => {
                return Err(CommandError::broken(
                    "number",
                    "a hash needs the number of its record",
                ));
            }
        };
        Ok(Self { wanted, ..Self::whole() })
    }
}

fn wanted(Int(number): Int, hash: String) -> Result<AuditHead, CommandError> {
    let number = i64::try_from(number)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| CommandError::broken("number", "records are numbered from 1"))?;
    let digits = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !digits {
        return Err(CommandError::broken("hash", "the hash must be 64 lower-case hex digits"));
    }
    Ok(AuditHead { number, hash })
}

/// The outcome of one step.
#[derive(Debug)]
enum Step {
    /// More to check.
    More(Verify),
    /// The verdict.
    Done(VerifyResult),
}

/// Checks the next records of the chain, up to the head that the first step found.
fn verify_step(db: &Db, mut state: Verify) -> Result<Step, CommandError> {
    let end = match state.end {
        Some(end) => end,
        None => *state.end.insert(audit_head(db)?.number),
    };
    // The first step begins before number 1: a row there is not one of the daemon's records.
    let first = if state.reached.number == 0 { i64::MIN } else { state.reached.number + 1 };
    let rows = audit_walk(db, first, STEP)?;
    let more = rows.len() == STEP;
    for (number, row) in rows {
        if number > end {
            break;
        }
        if !state.take(number, row) {
            return state.verdict(db);
        }
    }
    if more && state.reached.number < end { Ok(Step::More(state)) } else { state.verdict(db) }
}

impl Verify {
    /// Whether the record is the one that continues the chain.
    fn take(&mut self, number: i64, row: Option<AuditRow>) -> bool {
        let next = self.reached.number + 1;
        let holds = row.filter(|_| number == next).and_then(|row| {
            let head = link(&self.reached, row.host.as_deref(), &row.entry);
            (head.hash == row.hash).then_some(head)
        });
        let Some(head) = holds else {
            self.broken_at = Some(next);
            return false;
        };
        self.seen |= self.wanted.as_ref() == Some(&head);
        self.reached = head;
        true
    }

    fn verdict(self, db: &Db) -> Result<Step, CommandError> {
        let head = audit_head(db)?;
        let missing = self.wanted.filter(|_| !self.seen).map(|wanted| wanted.number);
        let broken_at = self.broken_at.or(missing);
        let verdict = VerifyResult {
            ok: broken_at.is_none(),
            records: audit_count(db)?,
            head: (head.number > 0)
                .then(|| Head { number: head.number.unsigned_abs(), hash: head.hash }),
            broken_at: broken_at.map(i64::unsigned_abs),
        };
        Ok(Step::Done(verdict))
    }
}
