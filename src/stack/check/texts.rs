//! Rule: text carries no control or bidirectional characters, which show a reviewer something else
//! than what is there.

use super::Checker;
use crate::finding::{Code, Finding};

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

/// Control characters, bidirectional controls, zero-width and other format characters.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::is_hidden;

    #[test]
    fn hidden_characters() {
        for (input, hidden) in [
            ('a', false),
            ('é', false),
            ('\n', true),
            ('\u{202e}', true),
            ('\u{200b}', true),
            ('→', false),
        ] {
            assert_eq!(is_hidden(input), hidden, "{input:?}");
        }
    }
}
