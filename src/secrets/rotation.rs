//! What a rotation replaces: so that one that was interrupted is ended by the next run, in either direction of time.
//!
//! It knows old values by their digests alone: what a key holds is old, or it is new already.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::value::{Value, Values};
use crate::rel_path::RelPath;
use crate::stack::{SecretText, TextPart};
use crate::tree::Holds;

/// Digests of what is to be replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Of what stands under keys, by file and key.
    texts: BTreeMap<String, BTreeMap<String, String>>,
    /// Of the values in it, which other places may know by their digests.
    values: BTreeSet<String>,
}

impl Rotation {
    /// The replacement of `ids`, wherever they stand in `files`.
    #[must_use]
    pub fn of(ids: &BTreeSet<&str>, files: &[Values<'_>]) -> Self {
        let mut rotation = Self::default();
        for file in files {
            for key in &file.skeleton.keys {
                let (Holds::Secret(text), Some(value)) = (&key.holds, file.get(&key.key)) else {
                    continue;
                };
                if text.values().any(|one| ids.contains(one.id.as_str())) {
                    let texts = rotation.texts.entry(file.path.to_string()).or_default();
                    texts.insert(key.key.clone(), value.digest());
                    rotation
                        .values
                        .extend(value_in(text, value).map(|value| value.digest()));
                }
            }
        }
        rotation
    }

    /// What stands under the key is to be replaced.
    pub(super) fn is_old(&self, path: &RelPath, key: &str, value: &Value) -> bool {
        let digest = self.texts.get(path.as_str()).and_then(|keys| keys.get(key));
        digest.is_some_and(|digest| *digest == value.digest())
    }

    pub(super) fn is_old_digest(&self, digest: &str) -> bool {
        self.values.contains(digest)
    }
}

/// The value behind what stands in front of it; nothing where the text is not of that form. Of a text that was put together,
/// none is taken: a value may be spelled otherwise there.
pub(super) fn value_in(text: &SecretText, value: &Value) -> Option<Value> {
    let before = match text.0.as_slice() {
        [TextPart::Value(_)] => "",
        [TextPart::Plain(before), TextPart::Value(_)] => before,
        _ => return None,
    };
    let value = value.reveal().strip_prefix(before)?;
    (!value.is_empty()).then(|| Value::new(value))
}
