//! The key that an authenticator app and the daemon share.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use photoprism_protocol::random::Random;
use photoprism_protocol::secret::Secret;
use thiserror::Error;
use zeroize::Zeroizing;

use super::key_url;

/// Bytes of a key: those of SHA-1's output, as RFC 4226 recommends and PhotoPrism draws them.
pub(super) const KEY_BYTES: usize = 20;

/// A stored key that cannot be used. The message never contains any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the stored two-factor key has an unknown form; turn two-factor off and on again")]
pub(crate) struct UnusableKey;

/// A key, zeroed when dropped.
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    /// Draws a new one.
    pub(crate) fn generate(random: &mut Random<'_>) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        random(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads what PhotoPrism, or [`Key::url`], has stored: parameters in any order, base 32 in
    /// either case, with or without padding.
    ///
    /// # Errors
    /// Another kind of key, another algorithm, length or period.
    pub(crate) fn from_url(url: &str) -> Result<Self, UnusableKey> {
        let text = key_url::secret(url).ok_or(UnusableKey)?;
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let whole = BASE32_NOPAD.decode_len(text.len()) == Ok(KEY_BYTES);
        if !whole || BASE32_NOPAD.decode_mut(text.as_bytes(), bytes.as_mut_slice()).is_err() {
            return Err(UnusableKey);
        }
        Ok(Self(bytes))
    }

    /// What an authenticator app reads, and what is stored, in PhotoPrism's form.
    pub(crate) fn url(&self, name: &str) -> Secret {
        key_url::write(name, &self.base32())
    }

    /// The key alone, to type it.
    pub(crate) fn base32(&self) -> Secret {
        Secret::new(BASE32_NOPAD.encode(self.0.as_slice()))
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STORED: &str = "otpauth://totp/PhotoPrism:dave?algorithm=SHA1&digits=6&issuer=PhotoPrism\
                          &period=30&secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTVC";

    fn generated() -> Key {
        let mut next = 0;
        Key::generate(&mut |bytes: &mut [u8]| {
            for byte in bytes {
                *byte = next;
                next += 1;
            }
        })
    }

    #[test]
    fn a_key_that_photoprism_stored_is_written_as_it_was() {
        let key = Key::from_url(STORED).unwrap();
        assert_eq!(key.url("dave").expose(), STORED);
        assert_eq!(key.base32().expose(), "G727D27SUAIIYDN3DA3T3B4NI2PQMTVC");
    }

    #[test]
    fn a_new_key_has_twenty_bytes_of_the_source() {
        assert_eq!(generated().base32().expose(), "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT");
    }

    #[test]
    fn a_key_shows_itself_nowhere() {
        assert_eq!(format!("{:?}", generated()), "Key(…)");
        assert!(!UnusableKey.to_string().contains("otpauth"));
    }

    #[test]
    fn another_form_is_read() {
        for url in [
            "otpauth://totp/PhotoPrism:dave?secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTVC",
            "otpauth://totp/dave?secret=g727d27suaiiydn3da3t3b4ni2pqmtvc&issuer=x&image=y",
            "OTPAUTH://TOTP/PhotoPrism%3Adave?period=30&secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTVC%3D\
             &digits=6&algorithm=sha1",
            "otpauth://totp/a?secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTVC==",
        ] {
            let key = Key::from_url(url).expect(url);
            assert_eq!(key.url("dave").expose(), STORED, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let with = |more: &str| format!("{STORED}{more}");
        for url in [
            String::new(),
            "otpauth://totp/PhotoPrism:dave".into(),
            "otpauth://totp/PhotoPrism:dave?secret=".into(),
            "otpauth://totp/PhotoPrism:dave?secret=G727".into(),
            "otpauth://totp/PhotoPrism:dave?secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTV1".into(),
            "otpauth://totp/PhotoPrism:dave?secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTVCAA".into(),
            STORED.replace("totp", "hotp"),
            STORED.replace("otpauth", "https"),
            STORED.replace("SHA1", "SHA256"),
            STORED.replace("digits=6", "digits=8"),
            STORED.replace("period=30", "period=60"),
            with("&secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"),
            with("&digits=%"),
        ] {
            assert_eq!(Key::from_url(&url).err(), Some(UnusableKey), "{url}");
        }
    }

    proptest! {
        #[test]
        fn every_key_and_name_survives_its_url(bytes: [u8; KEY_BYTES], name in "\\PC{0,40}") {
            let url = Key::of(bytes).url(&name);
            prop_assert!(url.expose().bytes().all(|byte| byte.is_ascii_graphic()));
            let back = Key::from_url(url.expose()).unwrap();
            prop_assert_eq!(back.bytes(), &bytes);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(otpauth://totp/)?[a-zA-Z0-9%&=?+:/]{0,60}|\\PC*") {
            let _ = Key::from_url(&text);
        }
    }
}
