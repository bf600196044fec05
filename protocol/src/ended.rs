//! When the end of sessions takes effect in a running PhotoPrism.

use serde::{Deserialize, Serialize};

/// Keys of each result that ended sessions in PhotoPrism's database; in all others they are left
/// out. They are known last, and added to a result that was made without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ended {
    /// Seconds for which a running PhotoPrism may go on honouring what ended; 0: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_within_s: Option<u32>,
    /// Sessions of which it is still to be notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::RmResult;

    #[test]
    fn both_keys_are_in_a_result_or_left_out() {
        let ended = Ended { effective_within_s: Some(900), pending: Some(1) };
        for (text, ended) in [
            (r#"{"removed":2}"#, Ended::default()),
            (r#"{"removed":2,"effective_within_s":900,"pending":1}"#, ended),
        ] {
            let Ended { effective_within_s, pending } = ended;
            let result: RmResult = serde_json::from_str(text).unwrap();
            assert_eq!(result, RmResult { removed: 2, effective_within_s, pending });
            let keys: Ended = serde_json::from_str(text).unwrap();
            assert_eq!(keys, ended);
            assert_eq!(serde_json::to_string(&result).unwrap(), text);
        }
    }
}
