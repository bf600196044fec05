//! Splits bytes into lines, and never buffers more than the limit.

use std::io;

use bytes::BytesMut;
use thiserror::Error;
use tokio_util::codec::Decoder;

/// Why there is no next line.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    /// The line is longer than the limit.
    #[error("the line is too long")]
    TooLong,
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Splits at newlines; one `\r` before a newline is dropped. The last line needs no newline.
#[derive(Debug)]
pub(crate) struct LineCodec {
    max: usize,
    scanned: usize,
}

impl LineCodec {
    /// Lines of at most `max` bytes without the newline; a `\r` counts.
    pub(crate) const fn new(max: usize) -> Self {
        Self { max, scanned: 0 }
    }

    fn checked(&self, line: BytesMut) -> Result<Option<BytesMut>, LineError> {
        if line.len() > self.max { Err(LineError::TooLong) } else { Ok(Some(line)) }
    }
}

impl Decoder for LineCodec {
    type Item = BytesMut;
    type Error = LineError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<BytesMut>, LineError> {
        let Some(newline) = buffer[self.scanned..].iter().position(|byte| *byte == b'\n') else {
            self.scanned = buffer.len();
            return if buffer.len() > self.max { Err(LineError::TooLong) } else { Ok(None) };
        };
        let mut line = buffer.split_to(self.scanned + newline + 1);
        self.scanned = 0;
        line.truncate(line.len() - 1);
        let line = self.checked(line)?;
        Ok(line.map(without_return))
    }

    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<BytesMut>, LineError> {
        match self.decode(buffer)? {
            Some(line) => Ok(Some(line)),
            None if buffer.is_empty() => Ok(None),
            None => {
                self.scanned = 0;
                self.checked(buffer.split())
            }
        }
    }
}

fn without_return(mut line: BytesMut) -> BytesMut {
    if line.last() == Some(&b'\r') {
        line.truncate(line.len() - 1);
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(codec: &mut LineCodec, pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut buffer = BytesMut::new();
        let mut lines = Vec::new();
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(line) = codec.decode(&mut buffer).unwrap() {
                lines.push(line.to_vec());
            }
        }
        while let Some(line) = codec.decode_eof(&mut buffer).unwrap() {
            lines.push(line.to_vec());
        }
        lines
    }

    #[test]
    fn the_last_line_needs_no_newline_and_a_return_is_dropped() {
        let mut codec = LineCodec::new(10);
        assert_eq!(lines(&mut codec, &[b"a\r\n\nb", b"c\r\r\nd"]), [&b"a"[..], b"", b"bc\r", b"d"]);
    }

    #[test]
    fn the_limit_is_the_line_without_its_newline() {
        for (text, fits) in
            [(&b"1234\n"[..], true), (b"12345\n", false), (b"123\r\n", true), (b"1234\r\n", false)]
        {
            let mut buffer = BytesMut::from(text);
            assert_eq!(LineCodec::new(4).decode(&mut buffer).is_ok(), fits, "{text:?}");
        }
        let mut buffer = BytesMut::from(&b"12345"[..]);
        assert!(matches!(LineCodec::new(4).decode(&mut buffer), Err(LineError::TooLong)));
        let mut buffer = BytesMut::from(&b"1234"[..]);
        assert!(LineCodec::new(4).decode(&mut buffer).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_does_not_matter(
            text in prop::collection::vec(prop::sample::select(b"ab\r\n".to_vec()), 0..40),
            cut in 0_usize..40,
        ) {
            let cut = cut.min(text.len());
            let whole = lines(&mut LineCodec::new(100), &[&text]);
            let parts = lines(&mut LineCodec::new(100), &[&text[..cut], &text[cut..]]);
            prop_assert_eq!(whole, parts);
        }
    }
}
