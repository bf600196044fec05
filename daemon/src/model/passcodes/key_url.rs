//! `otpauth://totp/…` as PhotoPrism stores it.

use photoprism_protocol::secret::Secret;
use zeroize::Zeroizing;

const SCHEME: &str = "otpauth://totp/";

/// What a parameter must be where it is there; case does not matter.
const FIXED: [(&str, &str); 3] = [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")];

/// The URL of a key in base 32.
pub(super) fn write(name: &str, key: &Secret) -> Secret {
    let name = encoded(name);
    Secret::new(format!(
        "{SCHEME}PhotoPrism:{name}?algorithm=SHA1&digits=6&issuer=PhotoPrism&period=30&secret={}",
        key.expose()
    ))
}

/// As PhotoPrism's library does it in a path: unreserved characters (RFC 3986) and `@` stay.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    text
}

/// The key in upper-case base 32 without padding; `None` where the URL asks for another kind of
/// codes, has no key, or two.
pub(super) fn secret(url: &str) -> Option<Zeroizing<String>> {
    let (scheme, rest) = url.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    let (_, query) = rest.split_once('?')?;
    let mut found = None;
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name == "secret" {
            let key = decoded(value)?;
            let text = key.trim_end_matches('=').to_ascii_uppercase();
            if found.replace(Zeroizing::new(text)).is_some() {
                return None;
            }
        } else if let Some((_, fixed)) = FIXED.iter().find(|(fixed, _)| *fixed == name)
            && !decoded(value)?.eq_ignore_ascii_case(fixed)
        {
            return None;
        }
    }
    found
}

/// The text behind percent-encoding, where that is ASCII.
fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut parts = text.split('%');
    plain.push_str(parts.next()?);
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        let byte = data_encoding::HEXLOWER_PERMISSIVE.decode(code.as_bytes()).ok()?;
        let [byte] = byte[..] else { return None };
        plain.push(char::from(byte).is_ascii().then_some(char::from(byte))?);
        plain.push_str(rest);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_where_they_must_be() {
        for (name, text) in [
            ("dave", "dave"),
            ("mixed.case", "mixed.case"),
            ("we irdname", "we%20irdname"),
            ("bob@example.com", "bob@example.com"),
            ("a_b-c~d", "a_b-c~d"),
            ("josé", "jos%C3%A9"),
            ("a!%^[b]", "a%21%25%5E%5Bb%5D"),
            ("a:b/c?d&e#f", "a%3Ab%2Fc%3Fd%26e%23f"),
        ] {
            assert_eq!(encoded(name), text);
        }
    }

    #[test]
    fn percent_signs_are_read_or_refused() {
        for (text, plain) in [
            ("abc", Some("abc")),
            ("a%3D%3d", Some("a==")),
            ("%", None),
            ("%3", None),
            ("%zz", None),
            ("%C3%A9", None),
        ] {
            assert_eq!(decoded(text).as_ref().map(|text| text.as_str()), plain, "{text}");
        }
    }
}
