//! An import that is carried out in parts, each a transaction of its own: what those before leave to
//! the next.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Results, Rows, Text};
use crate::error::CommandError;

/// Rows of all parts: of each some bytes stay in memory.
const MOST_ROWS_OF_ALL: usize = 1_800_000;

/// What the parts before have left.
#[derive(Default)]
pub(crate) struct Parts {
    /// What comes before the first row: of a CSV the names of its columns.
    header: Zeroizing<String>,
    /// Lines before what is left of the text.
    lines: usize,
    named: Arc<Named>,
    /// The part before, until a thread has time for it.
    over: Option<(Arc<Rows>, Option<Results>)>,
}

/// Accounts that rows of earlier parts are about.
#[derive(Clone, Default)]
pub(crate) struct Named {
    hashes: RandomState,
    /// The line of each, by the hash of its name: names would take the memory of all rows.
    lines: HashMap<u64, u32>,
    rows: usize,
}

impl Named {
    /// The line of an earlier part that is about this account.
    pub(crate) fn line_of(&self, name: &str) -> Option<u64> {
        self.lines.get(&self.hashes.hash_one(name)).copied().map(u64::from)
    }

    fn add(&mut self, rows: &Rows) {
        self.rows += rows.len();
        for row in rows.iter().flatten() {
            let line = u32::try_from(row.line).unwrap_or(u32::MAX);
            self.lines.entry(self.hashes.hash_one(row.name.as_str())).or_insert(line);
        }
    }
}

impl Parts {
    /// The text of the next part, in which each line has the number that it has in the whole.
    ///
    /// # Errors
    /// As [`Text::whole`]; `invalid_argument` where there are too many rows.
    pub(crate) fn next(&mut self, text: Text) -> Result<Zeroizing<String>, CommandError> {
        if let Some((rows, _)) = self.over.take() {
            Arc::make_mut(&mut self.named).add(&rows);
        }
        if self.named.rows > MOST_ROWS_OF_ALL {
            return Err(CommandError::broken(
                "text",
                "there are more than 1,800,000 rows; import the rest as a file of its own",
            ));
        }
        let text = text.whole()?;
        if self.lines == 0 {
            return Ok(text);
        }
        let before = self.lines - newlines(&self.header);
        let mut whole = String::with_capacity(self.header.len() + before + text.len());
        whole += &self.header;
        whole.extend(std::iter::repeat_n('\n', before));
        whole += &text;
        Ok(Zeroizing::new(whole))
    }

    /// Leaves what begins with that line to the next part; `first` is the line of the first row.
    ///
    /// # Errors
    /// None: it was a text already.
    pub(crate) fn leave(
        &mut self,
        text: &str,
        first: Option<u64>,
        line: u64,
    ) -> Result<Text, CommandError> {
        let mut left = Text::default();
        if self.lines == 0 {
            let Some(first) = first else {
                // Without a row nobody knows what comes before the first one.
                left.add(text)?;
                return Ok(left);
            };
            self.header = Zeroizing::new(text[..start_of(text, first)].into());
        }
        let start = start_of(text, line);
        self.lines = newlines(&text[..start]);
        left.add(&text[start..])?;
        Ok(left)
    }

    /// Those whose rows earlier parts had.
    pub(crate) fn named(&self) -> Arc<Named> {
        Arc::clone(&self.named)
    }

    /// A part is over.
    pub(crate) fn end(&mut self, rows: Option<Arc<Rows>>, results: Option<Results>) {
        self.over = rows.map(|rows| (rows, results));
    }
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

/// Where a line begins, from 1.
fn start_of(text: &str, line: u64) -> usize {
    let before = usize::try_from(line.saturating_sub(2)).unwrap_or(usize::MAX);
    let end = (line > 1).then(|| text.match_indices('\n').nth(before)).flatten();
    end.map_or(0, |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        let mut whole = Text::default();
        whole.add(text).unwrap();
        whole
    }

    #[test]
    fn lines_keep_their_numbers_and_the_header_stays() {
        let mut parts = Parts::default();
        let first = parts.next(text("\n# x\nname\na\nb\nc")).unwrap();
        let left = parts.leave(&first, Some(4), 6).unwrap();
        let second = parts.next(left).unwrap();
        assert_eq!(*second, "\n# x\nname\n\n\nc");
        // More comes before it is read again.
        let mut left = parts.leave(&second, Some(6), 6).unwrap();
        left.add("c\nd\n").unwrap();
        assert_eq!(*parts.next(left).unwrap(), "\n# x\nname\n\n\ncc\nd\n");
        let mut objects = Parts::default();
        let first = objects.next(text("{}\n{}\n")).unwrap();
        let left = objects.leave(&first, Some(1), 2).unwrap();
        assert_eq!(*objects.next(left).unwrap(), "\n{}\n");
        // Nothing was a row yet.
        let mut none = Parts::default();
        let first = none.next(text("name;ro")).unwrap();
        let mut left = none.leave(&first, None, 1).unwrap();
        left.add("le\na;user\n").unwrap();
        assert_eq!(*none.next(left).unwrap(), "name;role\na;user\n");
    }

    #[test]
    fn all_parts_together_are_bounded() {
        let mut parts = Parts::default();
        Arc::make_mut(&mut parts.named).rows = MOST_ROWS_OF_ALL;
        parts.next(Text::default()).unwrap();
        Arc::make_mut(&mut parts.named).rows += 1;
        assert!(matches!(parts.next(Text::default()), Err(CommandError::Invalid { .. })));
    }
}
