//! Name what a template asked for in vain.
//!
//! The engine says where a template met nothing, not what was asked for. So a template that failed is
//! rendered once more, over values that write down each question without an answer; the last one is
//! the mistake. It costs nothing as long as templates are right.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr, Rest, Value, ValueKind};
use minijinja::{Environment, Error, State};

use crate::finding::suggestion;

/// Questions without an answer, in the order in which they were asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Misses(Arc<Mutex<Vec<Miss>>>);

#[derive(Debug)]
struct Miss {
    /// `component.attributes.stroage`, as the values are nested: a loop's variable is told by its list.
    path: String,
    name: String,
    known: Vec<String>,
}

/// A list or map that remembers what it did not have.
#[derive(Debug)]
struct Watched {
    value: Value,
    path: String,
    misses: Misses,
}

impl Misses {
    /// `value`, which writes its misses down here.
    pub(super) fn watch(&self, value: Value) -> Value {
        self.wrap(value, String::new())
    }

    /// In `environment` the filter `default` answers for what is not there.
    pub(super) fn forgive_default(&self, environment: &mut Environment<'_>) {
        let misses = self.clone();
        let default = move |state: &State<'_, '_>, value: &Value, args: Rest<Value>| -> Result<Value, Error> {
            if value.is_undefined() {
                misses.lock(|misses| misses.pop());
            }
            minijinja::filters::default(state, value, args)
        };
        environment.add_filter("default", default);
    }

    /// The last question without an answer, with the nearest name that has one.
    pub(super) fn told(&self) -> Option<String> {
        self.lock(|misses| misses.pop()).map(|miss| {
            let mut text = format!("`{}` is not defined", miss.path);
            let known: Vec<&str> = miss.known.iter().map(String::as_str).collect();
            if let Some(hint) = suggestion(&miss.name, &known) {
                let _ = write!(text, "; {hint}");
            }
            text
        })
    }

    fn wrap(&self, value: Value, path: String) -> Value {
        if !matches!(value.kind(), ValueKind::Map | ValueKind::Seq) {
            return value;
        }
        Value::from_object(Watched {
            value,
            path,
            misses: self.clone(),
        })
    }

    fn lock<T>(&self, act: impl FnOnce(&mut Vec<Miss>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Watched {
    fn child(&self, key: &Value) -> String {
        match (key.as_str(), self.path.as_str()) {
            (Some(name), "") => name.to_owned(),
            (Some(name), path) => format!("{path}.{name}"),
            (None, path) => format!("{path}[{key}]"),
        }
    }

    fn keys(&self) -> Vec<Value> {
        self.value.try_iter().map(Iterator::collect).unwrap_or_default()
    }
}

impl Object for Watched {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if self.value.kind() == ValueKind::Seq {
            ObjectRepr::Seq
        } else {
            ObjectRepr::Map
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = self.value.get_item(key).ok().filter(|value| !value.is_undefined());
        if let Some(value) = found {
            return Some(self.misses.wrap(value, self.child(key)));
        }
        let known = self
            .keys()
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let miss = Miss {
            path: self.child(key),
            name: key.to_string(),
            known,
        };
        self.misses.lock(|misses| misses.push(miss));
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if self.value.kind() == ValueKind::Seq {
            Enumerator::Seq(self.value.len().unwrap_or_default())
        } else {
            Enumerator::Values(self.keys())
        }
    }
}
