//! Random texts from bytes that the caller's source supplies.

use zeroize::Zeroizing;

/// Fills the slice with bytes of the operating system, and ends the process where it cannot.
pub type Random<'a> = dyn FnMut(&mut [u8]) + 'a;

/// Digits and lower-case letters, in the order of their values.
pub(crate) const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The order of the check character of an app password.
pub(crate) const BASE62: &[u8; 62] =
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// That many characters of the alphabet, each as likely as any other: bytes that would favour its
/// first characters are thrown away.
pub(crate) fn text(alphabet: &[u8], length: usize, random: &mut Random<'_>) -> String {
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = Zeroizing::new([0_u8; 32]);
    while text.len() < length {
        random(bytes.as_mut_slice());
        let missing = length - text.len();
        let places = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        text.extend(places.take(missing).map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A source that counts: every byte value equally often.
    pub(crate) fn counting() -> impl FnMut(&mut [u8]) {
        let mut next = 0_u8;
        move |bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(1);
            }
        }
    }

    /// A source that gives these bytes, then counts.
    pub(crate) fn beginning(first: &[u8]) -> impl FnMut(&mut [u8]) {
        let mut rest = first.iter().copied();
        let mut then = counting();
        move |bytes| {
            for byte in bytes {
                match rest.next() {
                    Some(value) => *byte = value,
                    None => then(std::slice::from_mut(byte)),
                }
            }
        }
    }

    #[test]
    fn every_character_is_as_likely_as_any_other() {
        for alphabet in [&BASE36[..], &BASE62[..]] {
            let each = 256 / alphabet.len();
            let drawn = text(alphabet, each * alphabet.len(), &mut counting());
            for c in alphabet {
                let count = drawn.bytes().filter(|byte| byte == c).count();
                assert_eq!(count, each, "{}", char::from(*c));
            }
        }
    }

    #[test]
    fn bytes_beyond_the_last_whole_round_are_thrown_away() {
        assert_eq!(text(BASE36, 2, &mut beginning(&[252, 255, 251, 36])), "z0");
        assert_eq!(text(BASE62, 2, &mut beginning(&[248, 255, 247, 62])), "9a");
        assert_eq!(text(BASE36, 0, &mut counting()), "");
    }
}
