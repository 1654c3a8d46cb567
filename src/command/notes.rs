//! What a stack does that is legal and has an end: components of types that are no longer maintained.

use super::Streams;
use crate::stack::Stack;

/// A line each, in order of the components.
pub(super) fn notes(stack: &Stack) -> Vec<String> {
    let told = stack.components.values().filter_map(|component| {
        let kind = &component.entry.definition;
        let deprecated = kind.deprecated.as_ref()?;
        Some(format!(
            "the type `{}` of `{}` is deprecated: {deprecated}",
            kind.name, component.name
        ))
    });
    told.collect()
}

pub(super) fn tell(stack: &Stack, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let word = streams.style.hint("note");
    for note in notes(stack) {
        writeln!(streams.messages, "{word}: {note}")?;
    }
    Ok(())
}
