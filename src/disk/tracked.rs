//! What stacktic knows of the keys that it put into a secret file: the values it wrote itself, and what each key stands for.
//!
//! In: entries of the lock and the journal. Out: answers about a key. It must not know what is in the file today.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One key of a secret file in the lock: `""`, or `{"value": "", "of": ["valkey *_PASSWORD"]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct LockedKey {
    /// The value that stacktic prefilled, which is no secret.
    pub value: String,
    /// What the key stands for, whatever it is called: see `SkeletonKey::of`.
    pub of: BTreeSet<String>,
}

/// As it stands in the file: most keys have one name for ever and need no more than their value.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Value(String),
    Whole(Whole),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    value: String,
    of: BTreeSet<String>,
}

impl From<Written> for LockedKey {
    fn from(written: Written) -> Self {
        match written {
            Written::Value(value) => Self {
                value,
                of: BTreeSet::new(),
            },
            Written::Whole(Whole { value, of }) => Self { value, of },
        }
    }
}

impl From<LockedKey> for Written {
    fn from(LockedKey { value, of }: LockedKey) -> Self {
        if of.is_empty() {
            Self::Value(value)
        } else {
            Self::Whole(Whole { value, of })
        }
    }
}

/// The keys that stacktic may have put into a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tracked {
    /// With the values that it wrote there.
    values: BTreeMap<String, BTreeSet<String>>,
    /// What each stood for when the lock was written.
    locked: BTreeMap<String, BTreeSet<String>>,
    /// The same, and what an interrupted run meant.
    meant: BTreeMap<String, BTreeSet<String>>,
}

impl Tracked {
    pub(super) fn add(&mut self, keys: &BTreeMap<String, LockedKey>, is_locked: bool) {
        for (key, LockedKey { value, of }) in keys {
            self.values.entry(key.clone()).or_default().insert(value.clone());
            self.meant.entry(key.clone()).or_default().extend(of.iter().cloned());
            if is_locked {
                self.locked.entry(key.clone()).or_default().extend(of.iter().cloned());
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Stacktic wrote this value itself, so that a new one may take its place.
    pub(super) fn is_prefilled(&self, key: &str, value: &str) -> bool {
        let values = self.values.get(key);
        values.is_some_and(|values| values.contains(value.trim()))
    }

    /// The name now stands for something else than before: its old value is another thing's.
    pub(super) fn is_reused(&self, key: &str, of: &BTreeSet<String>) -> bool {
        let before = self.locked.get(key);
        before.is_some_and(|before| !before.is_empty() && !of.is_empty() && before.is_disjoint(of))
    }

    /// The key stood, or was about to stand, for one of these.
    pub(super) fn stood_for(&self, key: &str, of: &BTreeSet<String>) -> bool {
        self.meant.get(key).is_some_and(|before| !before.is_disjoint(of))
    }
}
