//! Rule: text carries no control or bidirectional characters, which show a reviewer something else
//! than what is there.

use super::Checker;
use crate::finding::{Code, Finding};
use crate::name::is_hidden;

pub(super) fn check(checker: &mut Checker<'_>) {
    for (text, span) in checker.topology.texts() {
        if let Some(bad) = text.chars().find(|character| is_hidden(*character)) {
            let message = format!(
                "the text holds U+{:04X}, a character that does not show",
                u32::from(bad)
            );
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_TEXT, span, message).hint("remove it"));
        }
    }
}
