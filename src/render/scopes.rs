//! Scopes as a template asks for them.
//!
//! Scopes of a plan go in, the context of one template comes out. A value is converted when the first template asks for it,
//! since most see far more than they use; and a context remembers what it was asked for, since nothing else can change what
//! the template makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Object, Serde, Value};
use serde_json::{Map, Value as Json};

use crate::plan::Scope;

/// The scopes of one plan, which keeps them where they lie.
#[derive(Default)]
pub(super) struct Scopes(BTreeMap<usize, Arc<Converted>>);

/// Keys, and the values that were asked for so far.
#[derive(Debug)]
struct Converted {
    keys: Arc<Json>,
    values: Mutex<BTreeMap<String, Value>>,
}

/// The context of one template: of several scopes that have a key, the last one gives it.
#[derive(Clone, Debug)]
pub(super) struct Context(Arc<Names>);

#[derive(Debug)]
struct Names(Vec<(Option<&'static str>, Arc<Asked>)>);

/// A scope, and what one template asked of it.
#[derive(Debug)]
struct Asked {
    scope: Arc<Converted>,
    read: Mutex<Read>,
}

#[derive(Clone, Debug, Default)]
struct Read {
    keys: BTreeSet<String>,
    /// It asked which keys there are.
    all: bool,
}

/// What a template asked for, scope by scope.
pub(super) struct Reads(Vec<Read>);

impl Scopes {
    pub(super) fn context(&mut self, scopes: &[Scope]) -> Context {
        let asked = scopes.iter().map(|scope| {
            let asked = Asked {
                scope: self.converted(&scope.keys),
                read: Mutex::default(),
            };
            (scope.name, Arc::new(asked))
        });
        Context(Arc::new(Names(asked.collect())))
    }

    fn converted(&mut self, keys: &Arc<Json>) -> Arc<Converted> {
        let converted = self.0.entry(Arc::as_ptr(keys) as usize).or_insert_with(|| {
            Arc::new(Converted {
                keys: Arc::clone(keys),
                values: Mutex::default(),
            })
        });
        Arc::clone(converted)
    }
}

impl Context {
    pub(super) fn value(&self) -> Value {
        Value::from_dyn_object(Arc::clone(&self.0))
    }

    /// What was asked for so far.
    pub(super) fn reads(&self) -> Reads {
        let read = self.0.0.iter().map(|(_, asked)| lock(&asked.read).clone());
        Reads(read.collect())
    }
}

impl Reads {
    /// Whether a template that asked this of `before` finds the same in `after`.
    pub(super) fn find_same(&self, before: &[Scope], after: &[Scope]) -> bool {
        let mut scopes = before.iter().zip(after).zip(&self.0);
        before.len() == after.len() && scopes.all(|((before, after), read)| read.finds_same(before, after))
    }
}

impl Read {
    fn finds_same(&self, before: &Scope, after: &Scope) -> bool {
        if self.all || before.name != after.name {
            return before == after;
        }
        self.keys.iter().all(|key| before.keys.get(key) == after.keys.get(key))
    }
}

impl Asked {
    fn note(&self, key: &str) {
        let Read { keys, .. } = &mut *lock(&self.read);
        if !keys.contains(key) {
            keys.insert(key.to_owned());
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        lock(&self.read).all = true;
        let keys = self.scope.keys.as_object();
        keys.into_iter().flat_map(Map::keys).map(String::as_str)
    }
}

impl Converted {
    fn value(&self, key: &str) -> Option<Value> {
        let mut values = lock(&self.values);
        if let Some(value) = values.get(key) {
            return Some(value.clone());
        }
        let value = Value::from(Serde(self.keys.get(key)?));
        values.insert(key.to_owned(), value.clone());
        Some(value)
    }
}

impl Object for Asked {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.note(key);
        self.scope.value(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.names().map(Value::from).collect())
    }
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.iter().rev().find_map(|(name, asked)| match name {
            Some(name) => (*name == key).then(|| Value::from_dyn_object(Arc::clone(asked))),
            None => asked.get_value_by_str(key),
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names = BTreeSet::new();
        for (name, asked) in &self.0 {
            match name {
                Some(name) => drop(names.insert(*name)),
                None => names.extend(asked.names()),
            }
        }
        Enumerator::Values(names.into_iter().map(Value::from).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
