//! Maps of what templates see: `object! { "name": &component.name, "ports": ports }`.
//!
//! Values go in, JSON comes out. They are moved: `json!` copies each value that it is given, tree by tree, and a stack has
//! thousands of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::level::Level;
use crate::name::{ComponentName, Namespace, SubName};

/// A JSON object of keys and values, each a [`Shown`].
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        serde_json::Value::Object(serde_json::Map::from_iter([
            $(($key.to_owned(), $crate::view::Shown::shown($value))),*
        ]))
    };
}
pub(crate) use object;

/// A value as templates see it.
pub(crate) trait Shown {
    fn shown(self) -> Json;
}

/// Types that JSON has a form of already.
macro_rules! as_json {
    ($($kind:ty),*) => {$(
        impl Shown for $kind {
            fn shown(self) -> Json {
                Json::from(self)
            }
        }
    )*};
}
as_json!(Json, bool, u16, u32, u64, String, &str, Cow<'_, str>, Map<String, Json>);

/// Types that are shown as text.
macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl Shown for &$kind {
            fn shown(self) -> Json {
                Json::from(self.as_str())
            }
        }
    )*};
}
as_text!(String, ComponentName, Namespace, SubName);

impl Shown for Level {
    fn shown(self) -> Json {
        Json::from(self.word())
    }
}

impl Shown for &Map<String, Json> {
    fn shown(self) -> Json {
        Json::Object(self.clone())
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(self) -> Json {
        self.map_or(Json::Null, Shown::shown)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(self) -> Json {
        self.into_iter().map(Shown::shown).collect()
    }
}

impl<T: Shown> Shown for BTreeSet<T> {
    fn shown(self) -> Json {
        self.into_iter().map(Shown::shown).collect()
    }
}

impl<K: Into<String>, V: Shown> Shown for BTreeMap<K, V> {
    fn shown(self) -> Json {
        let keys = self.into_iter().map(|(key, value)| (key.into(), value.shown()));
        Json::Object(keys.collect())
    }
}

impl<T: Shown + Clone> Shown for &Vec<T> {
    fn shown(self) -> Json {
        self.iter().cloned().map(Shown::shown).collect()
    }
}

impl<T: Shown + Clone> Shown for &BTreeMap<String, T> {
    fn shown(self) -> Json {
        let keys = self.iter().map(|(key, value)| (key.clone(), value.clone().shown()));
        Json::Object(keys.collect())
    }
}
