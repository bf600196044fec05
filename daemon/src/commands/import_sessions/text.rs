//! The text of an import, as it comes in parts.

use photoprism_protocol::account_text::MOST_BYTES;
use zeroize::Zeroizing;

use crate::error::CommandError;

/// Bytes of a piece. A text in one growing buffer would have to be copied, and its copies zeroed,
/// which blocks the async thread for milliseconds.
const PIECE: usize = 64 * 1024;

/// Pieces that are full, and the last one. Parts of any size take no more memory than their bytes.
#[derive(Default)]
pub(crate) struct Text(Vec<Zeroizing<Vec<u8>>>);

impl Text {
    /// Its bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.len()).sum()
    }

    /// Adds a part.
    ///
    /// # Errors
    /// `invalid_argument` where it grows too long.
    pub(crate) fn add(&mut self, part: &str) -> Result<(), CommandError> {
        if self.len() + part.len() > MOST_BYTES {
            return Err(CommandError::broken(
                "text",
                "a text has at most 16 MiB; import it in several pieces",
            ));
        }
        let mut rest = part.as_bytes();
        while !rest.is_empty() {
            let room = self.0.last().map_or(0, |piece| PIECE - piece.len());
            if room == 0 {
                self.0.push(Zeroizing::new(Vec::with_capacity(PIECE)));
                continue;
            }
            let (now, later) = rest.split_at(rest.len().min(room));
            if let Some(piece) = self.0.last_mut() {
                piece.extend_from_slice(now);
            }
            rest = later;
        }
        Ok(())
    }

    /// The whole of it. Takes milliseconds.
    ///
    /// # Errors
    /// [`CommandError::Internal`]: it came as UTF-8.
    pub(crate) fn whole(self) -> Result<Zeroizing<String>, CommandError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.len()));
        for piece in self.0 {
            bytes.extend_from_slice(&piece);
        }
        let text = String::from_utf8(std::mem::take(&mut *bytes));
        text.map(Zeroizing::new).map_err(|error| CommandError::Internal(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_an_end() {
        let mut text = Text::default();
        let part = "x".repeat(MOST_BYTES / 2);
        text.add(&part).unwrap();
        text.add(&part).unwrap();
        text.add("").unwrap();
        assert!(matches!(text.add("x"), Err(CommandError::Invalid { .. })));
        assert_eq!(text.whole().unwrap().len(), MOST_BYTES);
    }

    #[test]
    fn parts_of_any_size_are_one_text() {
        let mut text = Text::default();
        let all = "aä€😀".repeat(50_000);
        let mut rest = all.as_str();
        for size in [0, 1, 3, 60_000, 200_000, 7].into_iter().cycle() {
            let (now, later) = rest.split_at(rest.floor_char_boundary(size));
            text.add(now).unwrap();
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        assert!(text.0.len() <= all.len() / PIECE + 1);
        assert!(text.0.iter().all(|piece| piece.capacity() == PIECE));
        assert_eq!(*text.whole().unwrap(), all);
    }

    #[test]
    fn a_million_small_parts_take_no_more_than_their_bytes() {
        let mut text = Text::default();
        for _ in 0..1_000_000 {
            text.add("x").unwrap();
        }
        assert_eq!(text.0.len(), 1_000_000_usize.div_ceil(PIECE));
    }
}
