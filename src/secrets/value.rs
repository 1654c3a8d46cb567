//! A value in plain, and the values of a file.

use std::collections::BTreeMap;

use crate::name::sha256_hex;
use crate::rel_path::RelPath;
use crate::tree::Skeleton;

/// A value in plain; it has no `Debug` and no `Display`, so that it ends up in no message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(String);

/// What a secret file holds today, by key; what is not there is empty.
pub struct Values<'tree> {
    pub path: &'tree RelPath,
    pub skeleton: &'tree Skeleton,
    pub values: BTreeMap<String, Value>,
}

impl Value {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the file that it goes into.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 as lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256_hex(self.0.as_bytes())
    }

    /// Every character means itself in a URL, wherever it stands there.
    pub(super) fn is_url_safe(&self) -> bool {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        self.0.bytes().all(is_safe)
    }
}

impl Values<'_> {
    /// The value of a key that somebody filled in.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.0.trim().is_empty())
    }
}
