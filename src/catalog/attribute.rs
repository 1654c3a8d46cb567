//! The type of an attribute: what a value may be.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What a value of an attribute may be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeType {
    #[serde(rename = "type")]
    pub kind: AttributeKind,
    /// Value when none is given; text may be a pattern.
    pub default: Option<Value>,
    #[serde(default)]
    pub required: bool,
    /// Only ever a name: a value in the stack file is refused.
    #[serde(default)]
    pub secret: bool,
    /// The only values: words, or the numbers of an integer.
    #[serde(rename = "enum")]
    pub choices: Option<Vec<Choice>>,
    /// Least and greatest integer.
    pub range: Option<(i64, i64)>,
    /// Regular expression that a text matches as a whole.
    pub pattern: Option<String>,
    /// Values that are refused: regular expressions that match as a whole.
    #[serde(default)]
    pub reserved: Vec<String>,
    /// Whether the sub-components of one component must differ in it.
    #[serde(default)]
    pub unique: bool,
    /// Type of a sub-component of the same component that must have this value in an attribute of
    /// the same name.
    pub declared: Option<String>,
    /// Slot of which a component needs a link where it has another value than the default.
    pub needs: Option<String>,
    /// Of a setting of a link: another setting of the same link, whose number it must not exceed.
    pub at_most: Option<String>,
    /// Of a setting of a link with `at_most`: the attribute of the component that the link begins at which counts where nobody
    /// gives the setting.
    pub otherwise: Option<String>,
    /// Unit of a number.
    pub unit: Option<String>,
    /// One line for people.
    #[serde(default)]
    pub help: String,
}

impl AttributeType {
    /// Whether it has a text, which patterns may name.
    #[must_use]
    pub fn has_text(&self) -> bool {
        !self.secret
            && !self.kind.is_of_variables()
            && !matches!(self.kind, AttributeKind::Ends | AttributeKind::Linked)
    }
}

/// One of the values that an attribute may have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Choice {
    Word(String),
    Number(i64),
}

impl Choice {
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Number(_) => None,
        }
    }

    /// Whether `value` is the same.
    #[must_use]
    pub fn is(&self, value: &Value) -> bool {
        match self {
            Self::Number(number) => value.as_i64() == Some(*number),
            Self::Word(word) => value.as_str() == Some(word),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Word(word) => word.fmt(formatter),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeKind {
    String,
    Integer,
    Boolean,
    /// Kubernetes quantity: `10Gi`, `500m`.
    Quantity,
    /// `30s`, `24h`, `7d`.
    Duration,
    /// A domain name.
    Hostname,
    /// A day of the calendar: `2026-12-31`.
    Date,
    /// An image at an exact tag or digest.
    Image,
    /// Variables of the program's environment with their values, in the open; an environment of the stack adds to them.
    Settings,
    /// Names of secrets that others issue: keys of the component's Secret.
    SecretNames,
    /// Of a link alone: what other links of the component that it begins at end at, as stack files write it.
    Ends,
    /// Of a sub-component alone: which links of its component it may use, each as the component that it ends at, with `:read` behind
    /// it where it may read alone.
    Linked,
}

impl AttributeKind {
    /// Whether its values are variables: they reach the component's own pods, and everybody else sees their names.
    #[must_use]
    pub fn is_of_variables(self) -> bool {
        matches!(self, Self::Settings | Self::SecretNames)
    }
}
