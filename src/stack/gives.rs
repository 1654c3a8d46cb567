//! What a consumer gives to a provider, as lists of texts; they stand among the closed lists of what the link reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::LinkScope;
use crate::catalog::Gives;
use crate::catalog::pattern::variables;

/// Settings of the link, in patterns.
const SETTING: &str = "with.";

/// The lists of a link; what names a setting that nobody gives is left out.
///
/// # Errors
/// A pattern of the catalog does not expand.
pub(super) fn lists(gives: &Gives, scope: &LinkScope<'_>) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let is_given = |name: &str| !name.starts_with(SETTING) || scope.variable(name).is_some();
    let mut found = BTreeMap::new();
    for (name, patterns) in gives {
        let given = patterns.iter().filter(|pattern| variables(pattern).all(is_given));
        let list: BTreeSet<String> = given
            .map(|pattern| scope.expand(pattern))
            .collect::<anyhow::Result<_>>()?;
        found.insert(name.clone(), list.into_iter().collect());
    }
    Ok(found)
}
