//! Variables that a stack file gives a component's programs, beside those of its links.

use super::{AttributeValue, Component};

impl Component {
    /// Settings with their values, in the open, sorted within an attribute.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let settings = self.attributes.values().filter_map(|value| match value {
            AttributeValue::Settings(settings) => Some(settings),
            _ => None,
        });
        settings.flatten().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Names of secrets that others issue.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        let names = self.attributes.values().filter_map(|value| match value {
            AttributeValue::SecretNames(names) => Some(names),
            _ => None,
        });
        names.flatten().map(String::as_str)
    }
}
