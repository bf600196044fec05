//! Which step a typed code belongs to, and whether a recovery code is right.

use subtle::ConstantTimeEq;
use totp_rs::{Builder, Secret as TotpSecret, Totp};

use super::key::Key;

/// Length of a step in seconds (RFC 6238, section 5.2).
pub(crate) const STEP_SECONDS: i64 = 30;

/// Digits of a code, as PhotoPrism asks authenticator apps for them.
const DIGITS: usize = 6;

/// The step whose code was typed: the current one or one either side of it, each only if no step
/// from it on was used (`last_used`). Where two steps have that code, the later one: it is then
/// used up for both. `now` in Unix seconds. All three are compared whatever the first gives, each
/// in constant time.
pub(crate) fn verify_totp(key: &Key, typed: &str, now: i64, last_used: Option<i64>) -> Option<i64> {
    let code = six_digits(typed)?;
    let totp = codes_of(key);
    let current = now.div_euclid(STEP_SECONDS);
    let mut found = None;
    for step in [current - 1, current, current + 1] {
        let right = u64::try_from(step)
            .is_ok_and(|step| totp.check(&code, step * STEP_SECONDS.unsigned_abs()).is_some());
        if right && last_used.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

/// SHA-1, six digits and 30 seconds are its defaults. Each step is checked by itself, because the
/// library does not know which ones were used.
fn codes_of(key: &Key) -> Totp {
    Builder::new()
        .with_secret(TotpSecret::new_stack(*key.bytes()))
        .with_skew(0)
        .build_noncompliant()
}

/// The digits of what was typed: apps show `123 456`, so a blank in the middle may be typed too.
fn six_digits(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let half = DIGITS / 2;
    let code: String = match typed.split_once(' ') {
        Some((first, second)) if first.len() == half => format!("{first}{second}"),
        Some(_) => return None,
        None => typed.to_owned(),
    };
    (code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

/// Whether the recovery code was typed, in either case and with blanks around it. Takes the same
/// time for every wrong one of the right length; where none is stored, nothing is right.
pub(crate) fn recovery_code_matches(stored: &str, typed: &str) -> bool {
    let typed = typed.trim().to_ascii_lowercase();
    let stored = stored.trim().to_ascii_lowercase();
    !stored.is_empty() && bool::from(typed.as_bytes().ct_eq(stored.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// RFC 6238, appendix B, SHA-1: the key is the ASCII text of twenty digits.
    const RFC_KEY: [u8; 20] = *b"12345678901234567890";

    /// Its codes have eight digits there, of which an app of six shows the last.
    const RFC_CODES: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    fn rfc(typed: &str, now: i64) -> Option<i64> {
        verify_totp(&Key::of(RFC_KEY), typed, now, None)
    }

    #[test]
    fn the_codes_of_the_rfc_match_in_their_step_and_one_either_side() {
        for (at, code) in RFC_CODES {
            let (code, step) = (&code[2..], at / STEP_SECONDS);
            for now in [step - 1, step, step + 1] {
                assert_eq!(rfc(code, now * STEP_SECONDS), Some(step), "{code}");
                assert_eq!(rfc(code, now * STEP_SECONDS + 29), Some(step), "{code}");
            }
            assert_eq!(rfc(code, (step - 1) * STEP_SECONDS - 1), None, "{code}");
            assert_eq!(rfc(code, (step + 2) * STEP_SECONDS), None, "{code}");
        }
    }

    #[test]
    fn a_step_that_was_used_and_those_before_match_no_more() {
        let key = Key::of(RFC_KEY);
        let step = 59 / STEP_SECONDS;
        for (last, found) in [(step - 1, Some(step)), (step, None), (step + 1, None)] {
            assert_eq!(verify_totp(&key, "287082", 59, Some(last)), found, "{last}");
        }
    }

    #[test]
    fn a_code_is_six_digits_with_or_without_a_blank_in_the_middle() {
        for typed in ["287082", "287 082", " 287082\n"] {
            assert_eq!(rfc(typed, 59), Some(1), "{typed:?}");
        }
        for typed in [
            "",
            "94287082",
            "28708",
            "2870822",
            "28 7082",
            "2870 82",
            "287  082",
            "2 8 7 0 8 2",
            "287-082",
            "+87082",
            "28708x",
            "２８７０８２",
        ] {
            assert_eq!(rfc(typed, 59), None, "{typed:?}");
        }
    }

    #[test]
    fn a_clock_before_1970_matches_nothing() {
        assert_eq!(rfc("287082", -1), None);
        assert_eq!(rfc("287082", i64::MIN), None);
        assert_eq!(rfc("287082", i64::MAX), None);
    }

    #[test]
    fn a_recovery_code_is_right_or_not() {
        for typed in ["x0lwycufk2hl", " X0LWYCUFK2HL\n"] {
            assert!(recovery_code_matches("x0lwycufk2hl", typed), "{typed:?}");
        }
        for typed in ["", "x0lwycufk2h", "x0lwycufk2hlm", "x0lwycufk2hm", "x0lwyc ufk2hl"] {
            assert!(!recovery_code_matches("x0lwycufk2hl", typed), "{typed:?}");
        }
        assert!(!recovery_code_matches("", ""));
        assert!(!recovery_code_matches(" ", ""));
    }

    /// What oathtool prints for the key of that URL, where it is installed.
    fn by_oathtool(key: &Key, at: i64) -> Option<String> {
        let output = Command::new("oathtool")
            .args(["--totp", "--base32", "--now", &format!("@{at}")])
            .arg(key.base32().expose())
            .output()
            .ok()?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    #[test]
    fn another_implementation_computes_the_same_codes() {
        let stored = "otpauth://totp/PhotoPrism:dave?algorithm=SHA1&digits=6&issuer=PhotoPrism\
                      &period=30&secret=G727D27SUAIIYDN3DA3T3B4NI2PQMTVC";
        let key = Key::from_url(stored).unwrap();
        for at in [0, 59, 1_795_529_777, 1_795_529_790, 4_102_444_800] {
            let Some(code) = by_oathtool(&key, at) else {
                writeln!(io::stderr(), "skipped: no oathtool here").unwrap();
                return;
            };
            assert_eq!(verify_totp(&key, &code, at, None), Some(at / STEP_SECONDS), "{at}");
        }
    }

    proptest! {
        #[test]
        fn only_the_code_of_a_step_nearby_matches(bytes: [u8; 20], now in 0_i64..1 << 40, off in -3_i64..=3) {
            let key = Key::of(bytes);
            let step = now / STEP_SECONDS + off;
            prop_assume!(step >= 0);
            let code = codes_of(&key).generate(step.unsigned_abs() * 30).to_string();
            let found = verify_totp(&key, &code, now, None);
            if off.abs() <= 1 {
                // The same code in two of the steps is one in a million.
                prop_assert!(found.is_some_and(|found| found >= step));
            } else {
                prop_assert!(found != Some(step));
            }
        }

        #[test]
        fn no_text_panics(text: String, now: i64) {
            let _ = rfc(&text, now);
        }
    }
}
