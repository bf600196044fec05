//! Secrets of new sessions.

use photoprism_protocol::numeric_text::looks_numeric;
use photoprism_protocol::secret::Secret;

use super::find::id_of;

/// A secret with the id of its session. PhotoPrism's column for ids stores one that looks numeric
/// (64 digits, or an `e` among them) as a number: such a secret is drawn again.
pub(in crate::commands) fn drawn(draw: impl FnMut() -> Secret) -> (Secret, String) {
    fitting(draw, |id| !looks_numeric(id))
}

fn fitting(mut draw: impl FnMut() -> Secret, fits: impl Fn(&str) -> bool) -> (Secret, String) {
    loop {
        let secret = draw();
        let id = id_of(&secret);
        if fits(&id) {
            return (secret, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_whose_id_does_not_fit_is_drawn_again() {
        let mut number = 0;
        let mut next = || {
            number += 1;
            Secret::new(format!("secret {number}"))
        };
        // No secret is known whose id is a number. The id of the first of these begins with a 5,
        // that of the second with a d.
        let begins_with_a_letter = |id: &str| id.starts_with(|c: char| c.is_ascii_alphabetic());
        let (secret, id) = fitting(&mut next, begins_with_a_letter);
        assert_eq!((id_of(&secret), secret.expose()), (id, "secret 2"));
        let (secret, id) = drawn(&mut next);
        assert_eq!(id, id_of(&secret));
        assert!(!looks_numeric(&id));
    }
}
