//! Names and emails of any text: what is taken is taken again and stays as it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::email::Email;
use photoprism_protocol::name::UserName;

fuzz_target!(|text: &str| {
    if let Ok(name) = UserName::parse(text) {
        let again = UserName::parse(name.as_str()).expect("a name that was taken");
        assert_eq!(again.as_str(), name.as_str());
        let _ = DisplayName::default_for(&name);
    }
    if let Ok(email) = Email::parse(text) {
        let again = Email::parse(email.as_str()).expect("an email that was taken");
        assert_eq!(again.as_str(), email.as_str());
    }
    let _ = DisplayName::parse(text);
    let _ = UserName::lookup_form(text);
});
