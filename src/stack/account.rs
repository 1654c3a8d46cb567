//! What a link gives and to whom it gives it: facts, the account behind them, and where its credentials lie.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::secret::SecretText;
use crate::catalog::{Level, Per};
use crate::name::{ComponentName, SubName};

/// A Secret of a consumer with facts of a link.
#[derive(Debug)]
pub struct Delivered {
    pub name: String,
    /// File of the Secret below `secret/`.
    pub file: String,
    /// Kubernetes type of the Secret.
    pub kind: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub keys: BTreeMap<String, Fact>,
    /// The key that each fact stands under.
    pub key_of: BTreeMap<String, String>,
}

/// What a link gives to its consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Plain(String),
    Secret(SecretFact),
}

/// A secret that a link gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFact {
    /// Where it comes from, for people.
    pub origin: String,
    pub text: SecretText,
}

/// An account at a provider, for all links that share it.
#[derive(Debug)]
pub struct Account {
    pub interface: String,
    /// The provider.
    pub component: ComponentName,
    pub per: Per,
    pub name: String,
    /// DNS name of what it belongs to: a link, a connection, a sub-component.
    pub object: String,
    pub level: Level,
    /// What the level grants, as data of the provider.
    pub grants: Map<String, Json>,
    /// Closed lists of what it reaches, of all its links together.
    pub scope: BTreeMap<String, Vec<String>>,
    /// The sub-component that its first link ends at.
    pub sub: Option<SubName>,
    /// Positions of its links in the stack.
    pub links: Vec<usize>,
    pub credential: Option<Credential>,
    /// The command that takes its rights away at once.
    pub revoke: Option<String>,
}

/// Where the credentials of an account lie.
#[derive(Debug)]
pub struct Credential {
    pub origin: Origin,
    /// Name of the Secret at the provider; empty where somebody issues them.
    pub name: String,
    /// File of the Secret below `secret/`.
    pub file: String,
    /// Kubernetes type of the Secret.
    pub kind: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub keys: BTreeMap<String, CredentialKey>,
}

/// Who makes a credential.
#[derive(Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person, in a Secret that is seeded for the account.
    Seeded,
    /// It stands in a Secret that the provider has anyway.
    Existing,
    /// An operator makes the Secret.
    Operator,
    /// Somebody else, in this way.
    Issued(String),
    /// Whoever has the account; the provider knows their digests, under this key of a Secret of its own.
    Digested(String),
}

/// What stands under a key of a credential.
#[derive(Debug)]
pub enum CredentialKey {
    Plain(String),
    Fact {
        fact: String,
        length: Option<u16>,
        /// What a value must be like.
        help: Option<String>,
        /// What stands in front of the value.
        prefix: Option<String>,
        /// The command that makes the value, where somebody else issues it.
        command: Option<String>,
    },
}
