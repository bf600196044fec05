//! What every list has in common: pages, the count, the formats.

use photoprism_protocol::args::Int;
use photoprism_protocol::command::Command;
use photoprism_protocol::list::{MAX_LIMIT, Page};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::decode;
use crate::error::CliError;
use crate::escape;
use crate::flags::FormatFlags;
use crate::output;
use crate::report::{Report, format};

/// The rows of a list.
pub(crate) struct Listing<T> {
    pub rows: Vec<Row<T>>,
    /// There may be more than were asked for.
    cut: bool,
}

/// A row of a list.
#[derive(Clone)]
pub(crate) struct Row<T> {
    pub value: T,
    /// The same as the daemon wrote it, for `--json`: a newer one may have more keys.
    pub raw: Box<RawValue>,
}

/// Pages through a list until there are `count` rows, 0 for all. `args` builds the arguments of a
/// page from its limit and cursor.
///
/// # Errors
/// As [`Context::call`].
pub(crate) fn fetch<C, T>(
    context: &mut Context,
    count: u64,
    args: impl Fn(Option<Int>, Option<String>) -> C::Args,
) -> Result<Listing<T>, CliError>
where
    C: Command<Reply = Page<T>>,
    T: DeserializeOwned,
{
    let mut rows = Vec::new();
    let ask = &mut |limit, cursor| context.call_untyped::<C>(&args(Some(limit), cursor));
    let take = &mut |raw: Box<RawValue>| {
        rows.push(Row { value: decode::result(raw.get())?, raw });
        Ok(())
    };
    let cut = pages(count, ask, take)?;
    Ok(Listing { rows, cut })
}

/// Gives each row of a whole list to `take` as it comes: no more than a page is held.
///
/// # Errors
/// As [`Context::call`], and those of `take`.
pub(crate) fn each<C: Command>(
    context: &mut Context,
    args: impl Fn(Option<Int>, Option<String>) -> C::Args,
    take: &mut Take<'_>,
) -> Result<(), CliError> {
    let ask = &mut |limit, cursor| context.call_untyped::<C>(&args(Some(limit), cursor));
    pages(0, ask, take).map(drop)
}

/// Asks for one page, by its limit and cursor.
type Ask<'a> = dyn FnMut(Int, Option<String>) -> Result<Box<RawValue>, CliError> + 'a;

/// Takes one row.
pub(crate) type Take<'a> = dyn FnMut(Box<RawValue>) -> Result<(), CliError> + 'a;

/// Whether there may be more rows. Not a generic function: it would be in the binary once for each
/// list.
fn pages(count: u64, ask: &mut Ask<'_>, take: &mut Take<'_>) -> Result<bool, CliError> {
    let mut wanted =
        if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) };
    let mut cursor: Option<String> = None;
    loop {
        let limit = wanted.min(MAX_LIMIT.into());
        let result = ask(Int(limit as i128), cursor.clone())?;
        let page: Page<Box<RawValue>> = decode::result(result.get())?;
        if page.items.is_empty() && page.next.is_some() && page.next == cursor {
            return Err(CliError::BadReply(
                "unexpected list from the daemon: it does not end".into(),
            ));
        }
        for row in page.items.into_iter().take(wanted) {
            take(row)?;
            wanted -= 1;
        }
        if page.next.is_none() || wanted == 0 {
            return Ok(page.next.is_some());
        }
        cursor = page.next;
    }
}

/// How the rows of a list are shown.
pub(crate) struct Shown<'a, T> {
    /// What one of them is called.
    pub noun: &'a str,
    /// Their table, outside JSON.
    pub table: &'a dyn Fn(&[&T]) -> Report,
}

impl<T> Listing<T> {
    /// Prints the rows, and reports how many there are.
    ///
    /// # Errors
    /// As [`output::data`].
    pub(crate) fn print(
        &self,
        context: &mut Context,
        format: FormatFlags,
        shown: &Shown<'_, T>,
    ) -> Result<(), CliError> {
        match format.layout() {
            None => output::data(&self.json())?,
            Some(layout) => {
                let values: Vec<&T> = self.rows.iter().map(|row| &row.value).collect();
                (shown.table)(&values).print(layout)?;
            }
        }
        let more = if self.cut { "; there are more, -n 0 shows them all" } else { "" };
        let found = format::count(self.rows.len() as u64, shown.noun);
        context.note(&format!("found {found}{more}"));
        Ok(())
    }

    /// The daemon's objects in an array, on one line.
    fn json(&self) -> String {
        let texts: Vec<_> = self.rows.iter().map(|row| escape::json(row.raw.get())).collect();
        format!("[{}]\n", texts.join(","))
    }
}
