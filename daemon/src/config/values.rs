//! The text of each setting with its source, and the simple types parsed from it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

use photoprism_protocol::secret::Secret;

use crate::log::escape;

use super::error::{ConfigError, Source};
use super::table::{Form, Id};

/// A century: the longest lifetime that `auth.add` takes too.
const MOST_SECONDS: u64 = 3_153_600_000;

/// How long something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// It does not end.
    Never,
    /// Whole seconds, 1 to 3153600000.
    Seconds(u32),
}

impl Lifetime {
    /// Seconds, -1 for never: the form of columns and arguments.
    pub(crate) fn as_i64(self) -> i64 {
        match self {
            Self::Never => -1,
            Self::Seconds(seconds) => seconds.into(),
        }
    }
}

/// A value as given, without what is secret in it. Of a password that only a start uses there is
/// nothing but the fact that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) text: OsString,
    pub(crate) secret: Option<Secret>,
    pub(crate) source: Source,
}

/// The values of one source.
pub(crate) type Layer = BTreeMap<Id, Value>;

/// The effective values of all sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Values(Layer);

impl Values {
    /// The first layer is the strongest.
    pub(crate) fn merge(layers: impl IntoIterator<Item = Layer>) -> Self {
        let mut merged = Layer::new();
        for (id, given) in layers.into_iter().flatten() {
            merged.entry(id).or_insert(given);
        }
        Self(merged)
    }

    pub(crate) fn into_layer(self) -> Layer {
        self.0
    }

    /// The value as given, or a default that is a text; `None` for the other defaults.
    pub(crate) fn raw(&self, id: Id) -> Option<&OsStr> {
        self.0.get(&id).map(|given| given.text.as_os_str())
    }

    /// The password that was given with a value, or as one.
    pub(crate) fn secret(&self, id: Id) -> Option<&Secret> {
        self.0.get(&id).and_then(|given| given.secret.as_ref())
    }

    pub(crate) fn source(&self, id: Id) -> &Source {
        self.0.get(&id).map_or(&Source::Default, |given| &given.source)
    }

    pub(crate) fn is_given(&self, id: Id) -> bool {
        *self.source(id) != Source::Default
    }

    /// The error for a value that cannot be used.
    pub(crate) fn refuse(&self, id: Id, why: impl Into<String>) -> ConfigError {
        let from = self.source(id).clone();
        ConfigError::Setting { name: id.setting().name, why: why.into(), from }
    }

    /// The value as text.
    pub(crate) fn text(&self, id: Id) -> Result<Option<&str>, ConfigError> {
        self.raw(id)
            .map(|raw| raw.to_str().ok_or_else(|| self.refuse(id, "is not valid UTF-8 text")))
            .transpose()
    }

    /// A whole number in the range that the table sets.
    pub(crate) fn number(&self, id: Id) -> Result<u64, ConfigError> {
        let Form::Number { least, most } = id.setting().form else {
            return Err(self.refuse(id, "is not a number"));
        };
        let text = self.text(id)?.unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.refuse(id, format!("{} is not a whole number", quoted(text))));
        }
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(self.refuse(id, format!("{text} is not in {least} to {most}"))),
        }
    }

    /// As [`Self::number`], for those kept in 32 bits.
    pub(crate) fn small(&self, id: Id) -> Result<u32, ConfigError> {
        u32::try_from(self.number(id)?).map_err(|_| self.refuse(id, "is too large"))
    }

    /// As [`Self::number`], for counts of things in memory.
    pub(crate) fn count(&self, id: Id) -> Result<usize, ConfigError> {
        usize::try_from(self.number(id)?).map_err(|_| self.refuse(id, "is too large"))
    }

    /// Seconds, or -1 for never.
    pub(crate) fn lifetime(&self, id: Id) -> Result<Lifetime, ConfigError> {
        let text = self.text(id)?.unwrap_or_default();
        if text == "-1" {
            return Ok(Lifetime::Never);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(seconds) if digits && (1..=MOST_SECONDS).contains(&u64::from(seconds)) => {
                Ok(Lifetime::Seconds(seconds))
            }
            _ => {
                let why = format!(
                    "{} is not in 1 to {MOST_SECONDS} seconds, nor -1 for never",
                    quoted(text)
                );
                Err(self.refuse(id, why))
            }
        }
    }

    /// A time with its unit; `None`: off.
    pub(crate) fn every(&self, id: Id) -> Result<Option<Duration>, ConfigError> {
        let Form::Every { least, most } = id.setting().form else {
            return Err(self.refuse(id, "is not a time"));
        };
        let text = self.text(id)?.unwrap_or_default();
        if text == "off" {
            return Ok(None);
        }
        let seconds = span(text).filter(|seconds| (least..=most).contains(seconds));
        let range = span_range(least, most);
        let why = format!("is not off, nor a time of {range}: a whole number and s, m, h, d or w");
        let seconds = seconds.ok_or_else(|| self.refuse(id, format!("{} {why}", quoted(text))))?;
        Ok(Some(Duration::from_secs(seconds)))
    }

    /// `true` or `false`, or another usual word for either.
    pub(crate) fn switch(&self, id: Id) -> Result<bool, ConfigError> {
        let text = self.text(id)?.unwrap_or_default();
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.refuse(id, format!("{} is not true or false", quoted(text)))),
        }
    }

    /// One of the values that the table lists; `None` where nothing is given and there is no
    /// default.
    pub(crate) fn one_of(&self, id: Id) -> Result<Option<&'static str>, ConfigError> {
        let Form::OneOf(words) = id.setting().form else {
            return Err(self.refuse(id, "is not one of a few values"));
        };
        let Some(text) = self.text(id)? else { return Ok(None) };
        let known = words.iter().find(|word| **word == text).copied();
        let why = || format!("{} is none of {}", quoted(text), words.join(", "));
        known.map(Some).ok_or_else(|| self.refuse(id, why()))
    }
}

/// Units of a time, in seconds.
const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

/// The ends of a range in the largest unit up to days that each has a whole number of: `1h to 366d`.
pub(super) fn span_range(least: u64, most: u64) -> String {
    let shown = |seconds: u64| {
        let (unit, length) =
            UNITS[..4].iter().rev().find(|(_, length)| seconds.is_multiple_of(*length))?;
        Some(format!("{}{unit}", seconds / length))
    };
    [least, most].map(|end| shown(end).unwrap_or_default()).join(" to ")
}

/// The seconds of a whole number of one of the units.
fn span(text: &str) -> Option<u64> {
    let (digits, seconds) =
        UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)))?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(*seconds)
}

/// A value inside a message: quoted, without characters that move the cursor or change the
/// direction.
pub(crate) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", escape(&short))
}
