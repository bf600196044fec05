//! What every list has in common: pages, the count, the formats.

use photoprism_protocol::args::Int;
use photoprism_protocol::command::Command;
use photoprism_protocol::list::MAX_LIMIT;
use serde_json::value::RawValue;

use crate::context::{Context, decode, decode_all};
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::object::Object;
use crate::output;
use crate::report::{Report, format};

/// The rows of a list, as the daemon wrote them.
#[derive(Debug)]
pub(crate) struct Listing {
    items: Vec<Box<RawValue>>,
    /// There may be more than were asked for.
    cut: bool,
}

/// Pages through a list until there are `count` rows, 0 for all. `args` builds the arguments of a
/// page from its limit and cursor.
pub(crate) fn fetch<C: Command>(
    context: &mut Context,
    count: u64,
    args: impl Fn(Option<Int>, Option<String>) -> C::Args,
) -> Result<Listing, CliError> {
    pages(count, &mut |limit, cursor| context.call_untyped::<C>(&args(Some(limit), cursor)))
}

/// Asks for one page, by its limit and cursor.
type Ask<'a> = dyn FnMut(Int, Option<String>) -> Result<Box<RawValue>, CliError> + 'a;

/// Not a generic function: it would be in the binary once for each list.
fn pages(count: u64, ask: &mut Ask<'_>) -> Result<Listing, CliError> {
    let wanted = if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) };
    let mut items: Vec<Box<RawValue>> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let limit = (wanted - items.len()).min(MAX_LIMIT.into());
        let result = ask(Int(limit as i128), cursor.clone())?;
        let page = decode(&result)?;
        let (rows, next) = (page.rows("items")?, page.some_text("next"));
        let stuck = rows.is_empty() && next.is_some() && next == cursor;
        items.extend(rows);
        if stuck {
            return Err(CliError::BadReply(
                "unexpected list from the daemon: it does not end".into(),
            ));
        }
        if next.is_none() || items.len() >= wanted {
            items.truncate(wanted);
            return Ok(Listing { items, cut: next.is_some() });
        }
        cursor = next;
    }
}

/// How rows are laid out outside JSON.
type Draw<'a> = dyn Fn(&[Object<'_>]) -> Report + 'a;

impl Listing {
    pub(crate) fn into_items(self) -> Vec<Box<RawValue>> {
        self.items
    }

    /// Prints the rows, laid out by `report` outside JSON, and reports how many there are.
    ///
    /// # Errors
    /// [`CliError::BadReply`] for a row of another shape, and as [`output::data`].
    pub(crate) fn print(
        &self,
        context: &mut Context,
        format: FormatFlags,
        (noun, report): (&str, &Draw<'_>),
    ) -> Result<(), CliError> {
        match format.layout() {
            None => output::data(&self.json())?,
            Some(layout) => report(&decode_all(&self.items)?).print(layout)?,
        }
        let more = if self.cut { "; there are more, -n 0 shows them all" } else { "" };
        let found = format::count(self.items.len() as u64, noun);
        context.note(&format!("found {found}{more}"));
        Ok(())
    }

    /// The daemon's objects in an array, on one line.
    fn json(&self) -> String {
        let texts: Vec<_> = self.items.iter().map(|item| escape::json(item.get())).collect();
        format!("[{}]\n", texts.join(","))
    }
}
