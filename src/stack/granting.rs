//! By what a link has its level, and all that it has by it.
//!
//! A level may be granted, said or agreed with others. Pages and locks that print it say which, in the words of this room.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use super::{Account, Fact, Link, Stack};
use crate::catalog::derived::TOKEN_FILE;

/// By what a link has its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granting<'a> {
    /// An account of the provider, whose rights are made from level data.
    Account,
    /// The provider lives in another stack, which is to make the account.
    Elsewhere { stack: Option<&'a str> },
    /// The network lets it in, and the provider asks nobody who calls: all callers have its one account.
    Caller,
    /// A login that rights do not hang on.
    Login,
    /// The network lets it in, and that is all: an edge knows no levels.
    Edge,
    /// Nothing is reached; the level is what the consumer does.
    Deed,
}

impl fmt::Display for Granting<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => formatter.write_str("account"),
            Self::Elsewhere { stack: Some(stack) } => write!(formatter, "to be granted by stack {stack}"),
            Self::Elsewhere { stack: None } => formatter.write_str("to be granted in the cluster"),
            Self::Caller => formatter.write_str("network edge, every caller has this account"),
            Self::Login => formatter.write_str("login, the level is a declaration"),
            Self::Edge => formatter.write_str("network edge, the level is a declaration"),
            Self::Deed => formatter.write_str("no edge, what the consumer does"),
        }
    }
}

impl Stack {
    /// The account of a link.
    #[must_use]
    pub fn account_of(&self, link: &Link) -> Option<&Account> {
        link.account.map(|position| &self.accounts[position])
    }

    /// What the link has by its level: all that its account is granted, which others may share.
    #[must_use]
    pub fn grants_of<'a>(&'a self, link: &'a Link) -> &'a Map<String, Json> {
        self.account_of(link).map_or(&link.grants, |account| &account.grants)
    }

    /// What the link reaches: all that its account does.
    #[must_use]
    pub fn reach_of<'a>(&'a self, link: &'a Link) -> &'a BTreeMap<String, Vec<String>> {
        self.account_of(link).map_or(&link.scope, |account| &account.scope)
    }

    /// By what the link has its level.
    #[must_use]
    pub fn granting(&self, link: &Link) -> Granting<'_> {
        let has_secret = link.facts.values().any(|fact| matches!(fact, Fact::Secret(_)));
        let is_known = has_secret || link.facts.contains_key(TOKEN_FILE);
        match (self.account_of(link), &self.component(&link.to).external) {
            (None, _) if link.endpoints.is_empty() => Granting::Deed,
            (None, _) => Granting::Edge,
            (Some(account), _) if account.grants.is_empty() => Granting::Login,
            (Some(_), Some(external)) => Granting::Elsewhere {
                stack: external.stack(),
            },
            (Some(_), None) if is_known => Granting::Account,
            (Some(_), None) => Granting::Caller,
        }
    }
}
