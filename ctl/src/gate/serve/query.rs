//! The query of a request: `?scope=webdav&role=admin,user`. And what a form contains, which is
//! written in the same way.

use photoprism_protocol::scope::Scope;
use zeroize::Zeroizing;

/// What a request asks of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// What the secret must allow, in addition to what the setting says.
    pub scope: Option<Scope>,
    /// Who may pass; `None`: every role.
    pub roles: Option<Vec<String>>,
}

impl Wanted {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, &'static str> {
        let mut wanted = Self::default();
        for (key, value) in pairs(query.unwrap_or_default())? {
            match key.as_str() {
                "scope" if wanted.scope.is_none() => {
                    let scope = Scope::parse(&value);
                    wanted.scope = Some(scope.map_err(|_| "the scope in its query is not one")?);
                }
                "role" if wanted.roles.is_none() => wanted.roles = Some(roles(&value)?),
                "scope" | "role" => return Err("a key comes twice in its query"),
                _ => return Err("its query has a key other than scope and role"),
            }
        }
        Ok(wanted)
    }

    /// The scope of the setting and of the request together.
    ///
    /// # Errors
    /// Both together are too long.
    pub(super) fn scope(&self, setting: Option<&Scope>) -> Result<Option<Scope>, &'static str> {
        let (Some(own), Some(setting)) = (&self.scope, setting) else {
            return Ok(self.scope.clone().or_else(|| setting.cloned()));
        };
        // Which of them means all: all it is.
        if let Some(all) = [own, setting].into_iter().find(|scope| scope.as_str() == "*") {
            return Ok(Some(all.clone()));
        }
        let both = format!("{} {}", own.as_str(), setting.as_str());
        Scope::parse(&both).map(Some).map_err(|_| "the scope in its query is too long")
    }
}

fn roles(text: &str) -> Result<Vec<String>, &'static str> {
    let is_role = |role: &str| {
        !role.is_empty() && role.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    };
    let roles: Vec<_> = text.split(',').map(|role| role.trim().to_ascii_lowercase()).collect();
    let good = roles.iter().all(|role| is_role(role));
    good.then_some(roles).ok_or("the role in its query is not one")
}

/// A value of a query or a form. It may be a secret.
type Pair = (String, Zeroizing<String>);

/// Keys and values of a query or a form, decoded.
///
/// # Errors
/// A bad `%` code, a text that is not UTF-8, or an empty pair.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair>, &'static str> {
    let text = Some(text).filter(|text| !text.is_empty());
    let parts = text.into_iter().flat_map(|text| text.split('&'));
    let decoded = parts.map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        if key.is_empty() {
            return Err("a pair in its query has no key");
        }
        Ok((decode(key)?.to_string(), decode(value)?))
    });
    decoded.collect()
}

fn decode(text: &str) -> Result<Zeroizing<String>, &'static str> {
    let bad = "a % code in its query is wrong";
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (digit(bytes.next()), digit(bytes.next()));
                let (high, low) = (high.ok_or(bad)?, low.ok_or(bad)?);
                u8::try_from(high * 16 + low).map_err(|_| bad)?
            }
            b'+' => b' ',
            other => other,
        });
    }
    let text = str::from_utf8(&decoded).map_err(|_| bad)?;
    if text.contains('\0') {
        return Err(bad);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// Percent-encoded UTF-8: all but unreserved characters (RFC 3986), `@` and `*`.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@*".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(query: &str) -> Result<(Option<String>, Option<Vec<String>>), &'static str> {
        let found = Wanted::parse(Some(query))?;
        Ok((found.scope.map(|scope| scope.as_str().to_owned()), found.roles))
    }

    #[test]
    fn scope_and_roles_are_read() {
        assert_eq!(Wanted::parse(None), Ok(Wanted::default()));
        assert_eq!(wanted(""), Ok((None, None)));
        let roles = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
        for (query, scope, names) in [
            ("scope=webdav", Some("webdav"), None),
            ("scope=web%64av+photos", Some("photos webdav"), None),
            ("role=admin,user", None, roles(&["admin", "user"])),
            ("role=Admin%2Cuser&scope=*", Some("*"), roles(&["admin", "user"])),
        ] {
            assert_eq!(wanted(query), Ok((scope.map(Into::into), names)), "{query}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for query in [
            "scope=",
            "scope",
            "scope=%20",
            "scope=,",
            "scope=a&scope=a",
            "scope=a&role=b&role=b",
            "sc%6Fpe=a&scope=a",
            "scopes=a",
            "SCOPE=a",
            "x",
            "&",
            "scope=a&",
            "&scope=a",
            "=a",
            "scope=%",
            "scope=%4",
            "scope=%zz",
            "scope=%00",
            "scope=%ff",
            "scope=ä",
            "scope=*,a",
            "role=",
            "role=admin,",
            "role=admin%2",
            "role=a b",
            "role=%2A",
        ] {
            assert!(wanted(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_request_adds_to_the_scope_of_the_setting() {
        let setting = Scope::parse("webdav").unwrap();
        let both = |query: &str, setting| {
            let scope = Wanted::parse(Some(query)).unwrap().scope(setting).unwrap();
            scope.map(|scope| scope.as_str().to_owned())
        };
        assert_eq!(both("", None), None);
        assert_eq!(both("", Some(&setting)).as_deref(), Some("webdav"));
        assert_eq!(both("scope=photos", None).as_deref(), Some("photos"));
        assert_eq!(both("scope=photos", Some(&setting)).as_deref(), Some("photos webdav"));
        assert_eq!(both("scope=*", Some(&setting)).as_deref(), Some("*"));
        let all = Scope::parse("*").unwrap();
        assert_eq!(both("scope=photos", Some(&all)).as_deref(), Some("*"));
        let long = Scope::parse(&"a".repeat(1024)).unwrap();
        assert!(Wanted::parse(Some("scope=b")).unwrap().scope(Some(&long)).is_err());
    }

    #[test]
    fn everything_but_plain_characters_is_encoded() {
        for (text, encoded) in [
            ("", ""),
            ("bob", "bob"),
            ("AZaz09-._~@*", "AZaz09-._~@*"),
            ("zoë x", "zo%C3%AB%20x"),
            ("a%b\r\n\"", "a%25b%0D%0A%22"),
            ("dav web:x", "dav%20web%3Ax"),
            ("東", "%E6%9D%B1"),
        ] {
            assert_eq!(encode(text), encoded);
            assert_eq!(decode(&encode(text)).as_deref().map(String::as_str), Ok(text));
        }
    }
}
