//! A user's mistake as data: code, place, fact and hint.
//!
//! Findings of a stack are made by `topology` and `stack::check`, those of an entry of the catalog by
//! `catalog::check`; all are sorted and printed by `report`. This module must not know how.

use crate::fault;
use crate::yaml::Span;

/// The stable code of a finding; scripts may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(non_camel_case_types, reason = "each variant is spelled as it is printed")]
pub enum Code {
    /// Not YAML, or a refused YAML feature.
    E_TOPOLOGY_YAML,
    /// A cap on size, depth or count.
    E_TOPOLOGY_LIMIT,
    /// An unknown key, a missing key or a value of the wrong shape.
    E_TOPOLOGY_SCHEMA,
    /// A name outside its grammar.
    E_TOPOLOGY_NAME,
    /// Two names that become one after normalisation.
    E_TOPOLOGY_COLLISION,
    /// An unknown component or sub-component type.
    E_TOPOLOGY_TYPE,
    /// A namespace that a stack may not use.
    E_TOPOLOGY_NAMESPACE,
    /// Text with control or bidirectional characters.
    E_TOPOLOGY_TEXT,
    /// A link that no link type allows.
    E_TOPOLOGY_LINK,
    /// A host that is not a plain domain name.
    E_TOPOLOGY_HOST,
    /// Metadata of another stack that cannot be read, or that has not what is taken from it.
    E_TOPOLOGY_EXTERNAL,
    /// An environment override that cannot be.
    E_TOPOLOGY_ENV,
    /// A literal value where only the name of a secret may stand.
    E_TOPOLOGY_SECRET,
    /// A mistake of the catalog.
    Catalog(fault::Code),
}

impl From<fault::Code> for Code {
    fn from(code: fault::Code) -> Self {
        Self::Catalog(code)
    }
}

impl Code {
    /// Every code of stack files.
    pub const OF_STACKS: [Self; 13] = [
        Self::E_TOPOLOGY_YAML,
        Self::E_TOPOLOGY_LIMIT,
        Self::E_TOPOLOGY_SCHEMA,
        Self::E_TOPOLOGY_NAME,
        Self::E_TOPOLOGY_COLLISION,
        Self::E_TOPOLOGY_TYPE,
        Self::E_TOPOLOGY_NAMESPACE,
        Self::E_TOPOLOGY_TEXT,
        Self::E_TOPOLOGY_LINK,
        Self::E_TOPOLOGY_HOST,
        Self::E_TOPOLOGY_EXTERNAL,
        Self::E_TOPOLOGY_ENV,
        Self::E_TOPOLOGY_SECRET,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::E_TOPOLOGY_YAML => "E_TOPOLOGY_YAML",
            Self::E_TOPOLOGY_LIMIT => "E_TOPOLOGY_LIMIT",
            Self::E_TOPOLOGY_SCHEMA => "E_TOPOLOGY_SCHEMA",
            Self::E_TOPOLOGY_NAME => "E_TOPOLOGY_NAME",
            Self::E_TOPOLOGY_COLLISION => "E_TOPOLOGY_COLLISION",
            Self::E_TOPOLOGY_TYPE => "E_TOPOLOGY_TYPE",
            Self::E_TOPOLOGY_NAMESPACE => "E_TOPOLOGY_NAMESPACE",
            Self::E_TOPOLOGY_TEXT => "E_TOPOLOGY_TEXT",
            Self::E_TOPOLOGY_LINK => "E_TOPOLOGY_LINK",
            Self::E_TOPOLOGY_HOST => "E_TOPOLOGY_HOST",
            Self::E_TOPOLOGY_EXTERNAL => "E_TOPOLOGY_EXTERNAL",
            Self::E_TOPOLOGY_ENV => "E_TOPOLOGY_ENV",
            Self::E_TOPOLOGY_SECRET => "E_TOPOLOGY_SECRET",
            Self::Catalog(code) => code.as_str(),
        }
    }
}

/// One mistake in a stack file or an entry of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub span: Span,
    pub code: Code,
    /// The thing, then the fact; no full stop.
    pub message: String,
    /// The next step or the nearest legal name.
    pub hint: Option<String>,
}

impl Finding {
    #[must_use]
    pub fn new(code: impl Into<Code>, span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            code: code.into(),
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Add a hint when there is one.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// The hint of a mistyped name: the nearest candidate, else the short list of all.
#[must_use]
pub fn suggestion(name: &str, candidates: &[&str]) -> Option<String> {
    if let Some(nearest) = crate::name::nearest(name, candidates.iter().copied()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    if candidates.is_empty() {
        return None;
    }
    let listed: Vec<String> = candidates
        .iter()
        .take(20)
        .map(|candidate| format!("`{candidate}`"))
        .collect();
    Some(format!("one of {}", listed.join(", ")))
}
