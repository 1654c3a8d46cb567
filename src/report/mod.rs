//! How a run is told to people and programs: findings, plans and the access diff.
//!
//! Data goes in, text comes out; nothing is decided here.

mod access;
mod audit;
mod changes;
mod codes;
mod differences;
mod findings;
mod forms;
mod impact;
mod keys;
mod next_steps;
mod secrets;
mod semantic;
mod unread;

pub use access::{AccessChange, Gain, Way, access_diff, text_changes};
pub use audit::{audit_flaws, audit_json, audit_text};
pub use changes::{Detail, changes_json, changes_text, kept_text, unified_diff};
pub use codes::{Example, Family, Page, codes, pages};
pub use differences::{
    Comparison, TreeDetail, comparison_json, comparison_text, difference_json, difference_told, differences_text,
};
pub use findings::{catalog_findings_text, findings_json, findings_text};
pub use forms::{Form, Notice, Preview, of_changes, of_differences, of_findings, of_touched, preview, print};
pub use impact::{Impact, ServerTouch, ToolTouch, impact_in, impact_json, impact_text, tools_touched};
pub use keys::{keys_json, keys_text};
pub use next_steps::{Environment, Image, Made, NextStep, SecretFile, next_steps, next_steps_text};
pub use secrets::{secrets_afterwards, secrets_json, secrets_left, secrets_status};
pub use semantic::semantic_diff;
pub use unread::Unread;

/// The few styles that messages use; plain text where colors are off.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colors: bool,
}

impl Style {
    #[must_use]
    pub fn error(self, text: &str) -> String {
        self.paint(text, "1;31")
    }

    #[must_use]
    pub fn hint(self, text: &str) -> String {
        self.paint(text, "1;36")
    }

    #[must_use]
    pub fn added(self, text: &str) -> String {
        self.paint(text, "32")
    }

    #[must_use]
    pub fn removed(self, text: &str) -> String {
        self.paint(text, "31")
    }

    #[must_use]
    pub fn faint(self, text: &str) -> String {
        self.paint(text, "2")
    }

    #[must_use]
    pub fn changed(self, text: &str) -> String {
        self.paint(text, "33")
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.colors {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
