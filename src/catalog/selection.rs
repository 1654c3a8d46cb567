//! What a hook selects from a stack: `where` and `group_by` of hook.yaml, as types.
//!
//! Conditions go in, an answer about types and link types comes out: what a stack alone can say (which level, which
//! component is of another stack) is asked where the stack is known.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use super::component_type::{ComponentType, MonitorKind, Role};
use super::derived;
use super::forms::{OneOrMany, one_or_many};
use super::link_kind::LinkKind;
use super::provision::HttpAuth;
use crate::level::Level;

/// One word or several: a condition holds by any of them, and always where there are none.
#[derive(Clone, Debug, Serialize)]
pub struct Words<T>(Vec<T>);

/// Items that pass every filter, one file for each, or one for each group of them.
#[derive(Clone, Debug)]
pub struct Selection<F, G> {
    pub filters: Vec<F>,
    pub group_by: Option<G>,
}

/// Which links are meant. All conditions that are given hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinkFilter {
    /// Role of the component that the link begins at.
    pub from_role: Words<Role>,
    /// Role of the component that it ends at.
    pub to_role: Words<Role>,
    /// Role of either end.
    pub role: Words<Role>,
    /// Dialect of the component that it begins at.
    pub from_dialect: Words<String>,
    /// Type of the component that it begins at.
    pub from_type: Words<String>,
    /// Type of the component that it ends at.
    pub to_type: Words<String>,
    /// Link type.
    #[serde(rename = "type")]
    pub link_type: Words<String>,
    pub interface: Words<String>,
    /// Slot of the consumer.
    pub slot: Words<String>,
    pub level: Words<Level>,
    /// Who checks the callers of the web interface that it ends at.
    pub auth: Words<HttpAuth>,
    /// How the component that it ends at is scraped.
    pub monitor: Words<MonitorKind>,
    /// Whether it ends in another stack.
    pub external: Option<bool>,
    /// Whether both of its ends are deployed in this stack.
    pub deployed: Option<bool>,
}

/// Which components are meant. All conditions that are given hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ComponentFilter {
    pub role: Words<Role>,
    pub dialect: Words<String>,
    #[serde(rename = "type")]
    pub component_type: Words<String>,
    /// An interface that it provides.
    pub interface: Words<String>,
    /// Whether it is of another stack.
    pub external: Option<bool>,
    /// Whether it is deployed in this stack.
    pub deployed: Option<bool>,
}

/// Which accounts at providers are meant. All conditions that are given hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountFilter {
    pub interface: Words<String>,
    pub level: Words<Level>,
    /// Role of the provider.
    pub role: Words<Role>,
    /// Type of the provider.
    #[serde(rename = "type")]
    pub component_type: Words<String>,
    /// Whether the provider is of another stack.
    pub external: Option<bool>,
    /// Whether the provider is deployed in this stack.
    pub deployed: Option<bool>,
}

/// What links may be put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkGroup {
    /// The component that they begin at.
    From,
    /// The component that they end at.
    To,
    /// The namespace of the component that they begin at.
    Namespace,
}

/// What components may be put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComponentGroup {
    Namespace,
}

/// What accounts may be put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountGroup {
    /// The provider.
    Component,
    /// The namespace of the provider.
    Namespace,
}

impl<F: Serialize, G: Serialize> Selection<F, G> {
    /// What is selected of `items`, as people read it: `links where interface smtp, a file for each from`.
    pub(super) fn told(&self, items: &str) -> String {
        let conditions = told(&self.filters);
        let filter = if conditions.is_empty() {
            String::new()
        } else {
            format!(" where {conditions}")
        };
        let group = self
            .group_by
            .as_ref()
            .and_then(|group| serde_json::to_value(group).ok());
        let group = group.map_or_else(String::new, |group| format!("; one file for each `{}`", word(&group)));
        format!("{items}{filter}{group}")
    }
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Words<T> {
    /// Whether `found` is one of the words.
    #[must_use]
    pub fn holds(&self, found: &T) -> bool {
        self.holds_any([found])
    }

    /// Whether one of `found` is one of the words.
    pub fn holds_any<'a>(&'a self, found: impl IntoIterator<Item = &'a T>) -> bool {
        self.0.is_empty() || found.into_iter().any(|one| self.0.contains(one))
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_or_many(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Words<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}Words", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        OneOrMany::<T>::json_schema(generator)
    }
}

impl LinkFilter {
    /// Whether a link of `kind`, between components of its types `from` and `to`, may be meant.
    #[must_use]
    pub fn may_mean(&self, kind: &LinkKind, from: &ComponentType, to: &ComponentType) -> bool {
        self.from_role.holds_any(&from.roles)
            && self.to_role.holds_any(&to.roles)
            && self.role.holds_any(from.roles.iter().chain(&to.roles))
            && self.from_dialect.holds_any(&from.dialect)
            && self.from_type.holds(&from.name)
            && self.to_type.holds(&to.name)
            && self.link_type.holds(&kind.name)
            && self.interface.holds(&kind.interface.definition.interface)
            && self.slot.holds(&kind.slot_name)
            && self.level.holds_any(&kind.levels)
            && self.auth.holds(&kind.provision.auth.unwrap_or(HttpAuth::None))
            && self
                .monitor
                .holds_any(to.metrics.as_ref().map(|metrics| &metrics.monitor))
    }
}

impl ComponentFilter {
    /// Whether a component of `kind` may be meant.
    #[must_use]
    pub fn may_mean(&self, kind: &ComponentType) -> bool {
        let provided: Vec<String> = derived::provided(kind).map(str::to_owned).collect();
        self.role.holds_any(&kind.roles)
            && self.dialect.holds_any(&kind.dialect)
            && self.component_type.holds(&kind.name)
            && self.interface.holds_any(&provided)
    }
}

impl AccountFilter {
    /// Whether an account for links of `interface` at a component of `kind` may be meant.
    #[must_use]
    pub fn may_mean(&self, interface: &String, kind: &ComponentType) -> bool {
        self.interface.holds(interface) && self.role.holds_any(&kind.roles) && self.component_type.holds(&kind.name)
    }
}

/// The conditions of a filter as people read them: `from_role scraper, interface metrics`; empty without any.
#[must_use]
pub fn told<F: Serialize>(filters: &[F]) -> String {
    let conditions = filters.iter().filter_map(|filter| match serde_json::to_value(filter) {
        Ok(Json::Object(conditions)) => Some(conditions),
        _ => None,
    });
    let told = conditions.flatten().filter_map(|(name, value)| {
        let words = match &value {
            Json::Array(words) => words.iter().map(word).collect::<Vec<_>>().join(" or "),
            Json::Null => String::new(),
            value => word(value),
        };
        (!words.is_empty()).then(|| format!("{name} {words}"))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn word(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Result<LinkFilter, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn conditions_are_told_as_they_are_written() {
        let one = filter(r#"{"from_role": "scraper", "interface": ["metrics", "health"], "external": false}"#).unwrap();
        let two = filter("{}").unwrap();
        let told_of = [one, two];
        assert_eq!(
            told(&told_of),
            "external false, from_role scraper, interface metrics or health"
        );
        assert_eq!(told(&told_of[1..]), "");
    }

    #[test]
    fn a_condition_that_is_not_known_is_refused() {
        for (text, expected) in [
            (r#"{"from_rol": "scraper"}"#, "unknown field `from_rol`"),
            (r#"{"from_role": "scrapper"}"#, "unknown variant `scrapper`"),
            (r#"{"external": "no"}"#, "invalid type"),
        ] {
            let error = filter(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn words() {
        let words = |text: &str| serde_json::from_str::<Words<String>>(text).unwrap();
        let (a, b) = ("a".to_owned(), "b".to_owned());
        for (text, expected) in [
            ("[]", true),
            (r#""a""#, true),
            (r#"["b", "a"]"#, true),
            (r#""b""#, false),
        ] {
            assert_eq!(words(text).holds(&a), expected, "{text}");
        }
        assert!(words(r#""b""#).holds_any([&a, &b]));
        assert!(!words(r#""b""#).holds_any([]));
    }
}
