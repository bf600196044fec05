//! What every list has in common: pages, the count, the formats.

use photoprism_protocol::args::Int;
use photoprism_protocol::command::CommandName;
use photoprism_protocol::list::{MAX_LIMIT, Page};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cli::flags::FormatFlags;
use crate::context::{Context, decode};
use crate::failure::Failure;
use crate::output;
use crate::report::{Report, escape, words};

/// The rows of a list, as the daemon wrote them.
#[derive(Debug)]
pub struct Listing {
    items: Vec<Box<RawValue>>,
    /// There may be more than were asked for.
    cut: bool,
}

/// Pages through a list until there are `count` rows, 0 for all. `args` makes the arguments of a
/// page from its limit and cursor.
///
/// # Errors
/// As [`Context::call`].
pub fn fetch<A: Serialize>(
    context: &mut Context,
    command: CommandName,
    count: u64,
    args: impl Fn(Option<Int>, Option<String>) -> A,
) -> Result<Listing, Failure> {
    let wanted = if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) };
    let mut items: Vec<Box<RawValue>> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let limit = (wanted - items.len()).min(MAX_LIMIT.into());
        let result = context.call(command, &args(Some(Int(limit as i128)), cursor.clone()))?;
        let page: Page<Box<RawValue>> = decode(&result)?;
        let stuck = page.items.is_empty() && page.next.is_some() && page.next == cursor;
        items.extend(page.items);
        if stuck {
            return Err(Failure::BadReply("the daemon's list does not come to an end".into()));
        }
        if page.next.is_none() || items.len() >= wanted {
            items.truncate(wanted);
            return Ok(Listing { items, cut: page.next.is_some() });
        }
        cursor = page.next;
    }
}

impl Listing {
    /// The rows themselves.
    #[must_use]
    pub fn into_items(self) -> Vec<Box<RawValue>> {
        self.items
    }

    /// Prints the rows, `report` telling how they look outside JSON, and says how many there are.
    ///
    /// # Errors
    /// [`Failure::BadReply`] for a row of another shape, and as [`output::data`].
    pub fn print<'a, T: Deserialize<'a>>(
        &'a self,
        context: &mut Context,
        format: FormatFlags,
        (noun, report): (&str, impl FnOnce(&[T]) -> Report),
    ) -> Result<(), Failure> {
        match format.layout() {
            None => output::data(&self.json())?,
            Some(layout) => {
                let rows: Result<Vec<T>, Failure> =
                    self.items.iter().map(|item| decode(item)).collect();
                report(&rows?).print(layout)?;
            }
        }
        let more = if self.cut { "; there are more, -n 0 shows them all" } else { "" };
        let found = words::count(self.items.len() as u64, noun);
        context.note(&format!("found {found}{more}"));
        Ok(())
    }

    /// The daemon's objects in an array, on one line.
    fn json(&self) -> String {
        let texts: Vec<_> = self.items.iter().map(|item| escape::json(item.get())).collect();
        format!("[{}]\n", texts.join(","))
    }
}
