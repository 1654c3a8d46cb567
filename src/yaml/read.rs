//! Read YAML text into a tree that remembers where each value stands.
//!
//! It must not know what the values mean: tags, anchors, merge keys, duplicate keys and second
//! documents are refused here because they hide meaning from a reviewer, whatever the file is.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span as ParserSpan, StructureStyle};

#[path = "scalar.rs"]
mod scalar;

/// A stretch of source text; lines and columns count from 1, columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub line: usize,
    pub column: usize,
    /// Characters on the first line; at least 1.
    pub length: usize,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

/// What a node holds, by the YAML 1.2 core schema: `yes` and `no` are strings.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// Entries in the order of the text, found by key without a search.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub entries: Vec<Entry>,
    positions: BTreeMap<String, usize>,
}

impl Mapping {
    /// Entries that are put together, of different keys.
    #[must_use]
    pub fn of(entries: Vec<Entry>) -> Self {
        let keys = entries.iter().enumerate();
        let positions = keys.map(|(position, entry)| (entry.key.clone(), position)).collect();
        Self { entries, positions }
    }
}

/// One `key: value` of a mapping.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub node: Node,
}

/// Why a text is refused, and where.
#[derive(Clone, Debug)]
pub struct Problem {
    pub span: Span,
    pub kind: ProblemKind,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// Message and hint in one line.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The text is not YAML: the words are the parser's, and the search ended there.
    Unreadable,
    /// The text is YAML, and uses what is refused.
    Syntax,
    /// A number that readers do not agree about; the words repeat it.
    Number,
    /// A cap is exceeded.
    Limit,
}

/// Deepest nesting that is read.
pub const MAX_DEPTH: usize = 32;

/// Read one document.
///
/// # Errors
/// Every problem that could be found; a syntax error ends the search.
pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        problems: Vec::new(),
    };
    let root = reader.document();
    match root {
        Some(node) if reader.problems.is_empty() => Ok(node),
        _ => Err(reader.problems),
    }
}

impl Node {
    /// The value under `key`, when this is a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry under `key`, when this is a mapping.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Mapping(mapping) => mapping.positions.get(key).map(|position| &mapping.entries[*position]),
            _ => None,
        }
    }

    /// Let the value under the key at `place` be found by `name` too.
    pub fn rename(&mut self, place: Span, name: &str) {
        match &mut self.value {
            Value::Mapping(mapping) => {
                let found = mapping.entries.iter().position(|entry| entry.key_span == place);
                if let Some(position) = found {
                    mapping.positions.insert(name.to_owned(), position);
                    return;
                }
                mapping
                    .entries
                    .iter_mut()
                    .for_each(|entry| entry.node.rename(place, name));
            }
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.rename(place, name)),
            _ => {}
        }
    }

    /// The same value as JSON; spans are lost.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Integer(value) => Json::from(*value),
            Value::Float(value) => Json::from(*value),
            Value::String(value) => Json::String(value.clone()),
            Value::Sequence(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Mapping(mapping) => Json::Object(
                mapping
                    .entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.to_json()))
                    .collect(),
            ),
        }
    }

    /// The word for this value's type in messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::String(_) => "a string",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Option<Node> {
        let mut root = None;
        while let Some((event, span)) = self.next() {
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                Event::DocumentStart(..) if root.is_some() => {
                    self.refuse(&span, "a second document; one file holds one document");
                    return root;
                }
                Event::DocumentStart(..) => {}
                event => root = self.node(event, &span, 0),
            }
        }
        if root.is_none() && self.problems.is_empty() {
            let span = Span {
                line: 1,
                column: 1,
                length: 1,
            };
            self.problems.push(Problem {
                span,
                kind: ProblemKind::Syntax,
                message: "the file is empty".to_owned(),
                hint: None,
            });
        }
        root
    }

    /// The next event that is not a comment; a syntax error is recorded and ends the stream.
    fn next(&mut self) -> Option<(Event<'a>, ParserSpan)> {
        match self.parser.next_event()? {
            Ok(pair) => Some(pair),
            Err(error) => {
                let marker = error.marker();
                let span = Span {
                    line: marker.line(),
                    column: marker.col() + 1,
                    length: 1,
                };
                self.problems.push(Problem {
                    span,
                    kind: ProblemKind::Unreadable,
                    message: error.info(),
                    hint: None,
                });
                None
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: &ParserSpan, depth: usize) -> Option<Node> {
        self.refuse_properties(&event, span);
        if depth > MAX_DEPTH {
            let message = format!("nesting is deeper than {MAX_DEPTH} levels");
            self.problems.push(Problem {
                span: place(span),
                kind: ProblemKind::Limit,
                message,
                hint: None,
            });
            return None;
        }
        let is_flow = matches!(
            event,
            Event::SequenceStart(StructureStyle::Flow, ..) | Event::MappingStart(StructureStyle::Flow, ..)
        );
        let (value, end) = match event {
            Event::Scalar(text, style, ..) => (self.scalar(&text, style, span), *span),
            Event::SequenceStart(..) => self.sequence(depth)?,
            Event::MappingStart(..) => self.mapping(depth)?,
            Event::Alias(_) => (Value::Null, *span),
            _ => return None,
        };
        // `{from: a, to: b}` is underlined whole; a block only where it begins.
        let whole = ParserSpan::new(span.start, if is_flow { end.end } else { span.end });
        Some(Node {
            span: place(&whole),
            value,
        })
    }

    fn sequence(&mut self, depth: usize) -> Option<(Value, ParserSpan)> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => return Some((Value::Sequence(items), end)),
                (event, span) => items.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Option<(Value, ParserSpan)> {
        let mut mapping = Mapping::default();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Some((Value::Mapping(mapping), span));
            }
            self.refuse_properties(&event, &span);
            let Event::Scalar(text, ..) = event else {
                self.refuse(&span, "a key must be plain text");
                return None;
            };
            if text == "<<" {
                self.refuse(&span, "merge keys are not allowed; write the values out");
            }
            let key = text.into_owned();
            if let Some(first) = mapping.positions.insert(key.clone(), mapping.entries.len()) {
                let line = mapping.entries[first].key_span.line;
                let message = format!("the key `{key}` stands on line {line} already");
                let hint = "remove one of the two, or give one another name";
                self.refuse_as(ProblemKind::Syntax, &span, message, Some(hint.to_owned()));
            }
            let (event, value_span) = self.next()?;
            let node = self.node(event, &value_span, depth + 1)?;
            mapping.entries.push(Entry {
                key,
                key_span: place(&span),
                node,
            });
        }
    }

    /// A quoted scalar is always text.
    fn scalar(&mut self, text: &str, style: ScalarStyle, span: &ParserSpan) -> Value {
        if style != ScalarStyle::Plain {
            return Value::String(text.to_owned());
        }
        if let Some((fact, hint)) = scalar::two_readings(text) {
            self.refuse_as(ProblemKind::Number, span, fact, Some(hint));
        }
        scalar::plain(text)
    }

    fn refuse_properties(&mut self, event: &Event<'a>, span: &ParserSpan) {
        if event.is_alias() || event.anchor_id().is_some() {
            self.refuse(span, "anchors and aliases are not allowed; write the values out");
        }
        if event.tag().is_some() {
            self.refuse(span, "YAML tags are not allowed; remove the tag");
        }
    }

    fn refuse(&mut self, span: &ParserSpan, message: &str) {
        self.refuse_as(ProblemKind::Syntax, span, message.to_owned(), None);
    }

    fn refuse_as(&mut self, kind: ProblemKind, span: &ParserSpan, message: String, hint: Option<String>) {
        self.problems.push(Problem {
            span: place(span),
            kind,
            message,
            hint,
        });
    }
}

fn place(span: &ParserSpan) -> Span {
    let same_line = span.start.line() == span.end.line();
    let length = if same_line {
        span.end.col().saturating_sub(span.start.col()).max(1)
    } else {
        1
    };
    Span {
        line: span.start.line(),
        column: span.start.col() + 1,
        length,
    }
}
