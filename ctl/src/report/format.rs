//! Values of the protocol as the reports show them.

use std::time::Duration;

use humantime::format_duration;

/// Yes or No.
pub fn yes(value: bool) -> String {
    if value { "Yes" } else { "No" }.into()
}

/// Enabled or Disabled.
pub fn enabled(value: bool) -> String {
    if value { "Enabled" } else { "Disabled" }.into()
}

/// A time of the protocol (`2023-02-03T07:17:46Z`) as `2023-02-03 07:17:46`; one that never was
/// is empty, a text of another form stays as it is.
pub fn time(value: Option<&str>) -> String {
    let text = value.unwrap_or_default();
    match text.strip_suffix('Z').and_then(|rest| rest.split_once('T')) {
        Some((day, clock)) => format!("{day} {clock}"),
        None => text.into(),
    }
}

/// Whether that is what [`time()`] makes of a time.
pub(super) fn is_time(text: &str) -> bool {
    let at = |place: usize, mark: u8| text.as_bytes()[place] == mark;
    text.len() == 19 && at(4, b'-') && at(7, b'-') && at(10, b' ') && at(13, b':') && at(16, b':')
}

/// As [`time()`], where nothing means that it never comes.
pub fn expiry(value: Option<&str>) -> String {
    value.map_or_else(|| "never".into(), |text| time(Some(text)))
}

/// A length of time for people, from its seconds: `7days`, `1h 30m`; a negative one is empty.
pub fn seconds(value: i64) -> String {
    let length = u64::try_from(value).map(Duration::from_secs);
    length.map_or_else(|_| String::new(), |length| format_duration(length).to_string())
}

/// A role with a capital; none is `None`.
pub fn role(value: &str) -> String {
    if value.is_empty() { "None".into() } else { capital(value) }
}

/// A provider, with the method where that says more.
pub fn authentication(provider: &str, method: &str) -> String {
    let name = match provider {
        "" | "default" => "Default".into(),
        "oidc" => "OIDC".into(),
        "ldap" => "LDAP/AD".into(),
        other => title(other),
    };
    match method {
        "" | "default" => name,
        "2fa" => format!("{name} (2FA)"),
        "oauth2" => format!("{name} (OAuth2)"),
        "oidc" => format!("{name} (OIDC)"),
        other => format!("{name} ({})", title(other)),
    }
}

/// `access_token` is `Access Token`.
fn title(value: &str) -> String {
    value.split('_').map(capital).collect::<Vec<_>>().join(" ")
}

/// With a capital in front.
pub fn capital(value: &str) -> String {
    let mut chars = value.chars();
    match chars.next() {
        None => String::new(),
        Some(first) => first.to_uppercase().chain(chars).collect(),
    }
}

/// `1 user`, `2 users`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_photoprism() {
        assert_eq!(authentication("default", "2fa"), "Default (2FA)");
        assert_eq!(authentication("local", ""), "Local");
        assert_eq!(authentication("oidc", ""), "OIDC");
        assert_eq!(authentication("ldap", ""), "LDAP/AD");
        assert_eq!(authentication("none", ""), "None");
        assert_eq!(authentication("link", ""), "Link");
        assert_eq!(authentication("local", "default"), "Local");
        assert_eq!(authentication("application", "session"), "Application (Session)");
        assert_eq!(authentication("access_token", "oauth2"), "Access Token (OAuth2)");
        assert_eq!((role(""), role("guest")), ("None".into(), "Guest".into()));
    }

    #[test]
    fn times_are_utc_without_its_letters() {
        assert_eq!(time(Some("2023-02-03T07:17:46Z")), "2023-02-03 07:17:46");
        assert_eq!(time(None), "");
        assert_eq!(time(Some("someday")), "someday");
        assert_eq!(expiry(None), "never");
    }

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!((count(1, "user"), count(0, "user")), ("1 user".into(), "0 users".into()));
    }
}
