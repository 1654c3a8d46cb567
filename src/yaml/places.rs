//! Where something stands in a document, by its path, and every text that a person wrote.

use super::read::{Node, Span, Value};

/// The beginning of a file.
const START: Span = Span {
    line: 1,
    column: 1,
    length: 1,
};

impl Node {
    /// Where the value at `path` stands; the nearest enclosing value when it is not there.
    #[must_use]
    pub fn place(&self, path: &[&str]) -> Span {
        let (key_span, node) = self.nearest(path);
        let is_block = matches!(node.value, Value::Mapping(_) | Value::Sequence(_));
        if is_block { key_span } else { node.span }
    }

    /// Where the key at the end of `path` stands.
    #[must_use]
    pub fn key_place(&self, path: &[&str]) -> Span {
        self.nearest(path).0
    }

    /// The value at `path`; a position is written in digits.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |node, segment| node.child(segment).map(|(_, node)| node))
    }

    /// Every text that a person wrote as a value or a key, with its place.
    #[must_use]
    pub fn texts(&self) -> Vec<(&str, Span)> {
        let mut found = Vec::new();
        self.collect_texts(&mut found);
        found
    }

    /// The value at `path`, or the last one on the way to it, with the place of its key.
    fn nearest(&self, path: &[&str]) -> (Span, &Self) {
        let mut found = (START, self);
        for segment in path {
            match found.1.child(segment) {
                Some(next) => found = next,
                None => break,
            }
        }
        found
    }

    fn child(&self, segment: &str) -> Option<(Span, &Self)> {
        match &self.value {
            Value::Sequence(items) => items.get(segment.parse::<usize>().ok()?).map(|item| (item.span, item)),
            _ => self.entry(segment).map(|entry| (entry.key_span, &entry.node)),
        }
    }

    fn collect_texts<'a>(&'a self, found: &mut Vec<(&'a str, Span)>) {
        match &self.value {
            Value::String(text) => found.push((text, self.span)),
            Value::Sequence(items) => items.iter().for_each(|item| item.collect_texts(found)),
            Value::Mapping(mapping) => {
                for entry in &mapping.entries {
                    found.push((&entry.key, entry.key_span));
                    entry.node.collect_texts(found);
                }
            }
            _ => {}
        }
    }
}
