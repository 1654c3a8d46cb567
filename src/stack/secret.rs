//! What a secret is made of, without the secret: values that stand in several places, and who makes each of them.
//!
//! By this the two ends of a link have the same value. A value has an identity, which follows from the account that it belongs
//! to and never from the name of a key; the value itself is nowhere in the model.

use super::{Fact, Link, Stack};

/// A value, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretValue {
    /// The same for all places that have the same value.
    pub id: String,
    pub maker: Maker,
}

/// Who makes a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    /// It is of our own choice, of so many characters at least.
    Us { least: usize },
    /// This place has the value of another one, which knows.
    Known,
    /// Somebody else, by this command where there is one.
    Others { command: Option<String> },
}

/// The text under a key: values, and what stands between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretText(pub Vec<TextPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    Plain(String),
    Value(SecretValue),
}

impl SecretValue {
    /// The value under `key` of a Secret.
    #[must_use]
    pub fn in_secret(namespace: &str, secret: &str, key: &str, maker: Maker) -> Self {
        Self {
            id: format!("{namespace}/{secret} {key}"),
            maker,
        }
    }

    /// A value of an account that no Secret of its provider holds.
    #[must_use]
    pub fn of_account(provider: &str, account: &str, fact: &str, maker: Maker) -> Self {
        Self {
            id: format!("{provider} {account} {fact}"),
            maker,
        }
    }
}

impl Link {
    /// The values that it brings.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretValue> {
        let secrets = self.facts.values().filter_map(|fact| match fact {
            Fact::Secret(secret) => Some(&secret.text),
            Fact::Plain(_) => None,
        });
        secrets.flat_map(SecretText::values)
    }

    /// `FROM:TO`, as a command names a link.
    #[must_use]
    pub fn ends(&self) -> String {
        format!("{}:{}", self.start(), self.end())
    }
}

impl Stack {
    /// The link as a command names it: by its ends, or by its own name where they are not its alone.
    #[must_use]
    pub fn spelled(&self, link: &Link) -> String {
        let place = |link: &Link| (link.from.clone(), link.to.clone(), link.sub.clone());
        let start = self.links.partition_point(|other| place(other) < place(link));
        let beside = self.links[start..]
            .iter()
            .take_while(|other| place(other) == place(link));
        let same = beside.filter(|other| other.from_sub == link.from_sub);
        if same.count() > 1 {
            link.object.clone()
        } else {
            link.ends()
        }
    }
}

impl From<SecretValue> for SecretText {
    fn from(value: SecretValue) -> Self {
        Self(vec![TextPart::Value(value)])
    }
}

impl SecretText {
    /// `prefix`, then the value.
    #[must_use]
    pub fn behind(prefix: Option<&str>, value: SecretValue) -> Self {
        let prefix = prefix.map(|prefix| TextPart::Plain(prefix.to_owned()));
        Self(prefix.into_iter().chain([TextPart::Value(value)]).collect())
    }

    /// The values in it.
    pub fn values(&self) -> impl Iterator<Item = &SecretValue> {
        self.0.iter().filter_map(|part| match part {
            TextPart::Value(value) => Some(value),
            TextPart::Plain(_) => None,
        })
    }
}
