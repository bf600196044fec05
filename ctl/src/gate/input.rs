//! What another program hands over on standard input.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// Most bytes of it. A name and a password need less.
const MOST_BYTES: usize = 8 * 1024;

/// All of standard input as text; `None` where it is too long or not UTF-8.
pub(crate) fn read() -> io::Result<Option<Zeroizing<String>>> {
    read_from(&mut io::stdin().lock())
}

fn read_from(from: &mut impl Read) -> io::Result<Option<Zeroizing<String>>> {
    // Its whole size at once: what grows leaves a copy behind.
    let mut bytes = Zeroizing::new(vec![0; MOST_BYTES + 1]);
    let mut filled = 0;
    while filled < bytes.len() {
        match from.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let text = if filled > MOST_BYTES { None } else { str::from_utf8(&bytes[..filled]).ok() };
    Ok(text.map(|text| Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_text_of_a_bounded_length() {
        let read = |bytes: &[u8]| read_from(&mut &*bytes).unwrap().map(|text| text.to_string());
        assert_eq!(read("bob\nä".as_bytes()).as_deref(), Some("bob\nä"));
        assert_eq!(read(b"").as_deref(), Some(""));
        assert_eq!(read(b"\xff"), None);
        assert!(read(&[b'x'; MOST_BYTES]).is_some());
        assert_eq!(read(&[b'x'; MOST_BYTES + 1]), None);
    }
}
