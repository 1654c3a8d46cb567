//! A fault that has a name: a mistake of the catalog, or output that cannot be.
//!
//! A code and a message go in; the code, never the message, decides how the run ends. Faults of the
//! world (a file that cannot be read) have none and stay plain `anyhow` errors.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The stable code of a fault; scripts may rely on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(non_camel_case_types, reason = "each variant is spelled as it is printed")]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

codes! {
    /// A folder of `--catalog` that holds no catalog, or no entry where one should be.
    E_CATALOG_FOLDER,
    /// A file beside an entry that is not there, is a link, or is named by nothing.
    E_CATALOG_FILE,
    /// An entry that is not YAML.
    E_CATALOG_YAML,
    /// An entry with an unknown key, a missing key or a value of the wrong shape.
    E_CATALOG_SCHEMA,
    /// A name that is not that of the folder, or outside its grammar.
    E_CATALOG_NAME,
    /// Text with characters that do not show, or of more than one line.
    E_CATALOG_TEXT,
    /// A type of an attribute that contradicts itself, or lets in any text.
    E_CATALOG_ATTRIBUTE,
    /// A pattern that names what is not known there.
    E_CATALOG_PATTERN,
    /// An endpoint that cannot be, or that is named and not there.
    E_CATALOG_ENDPOINT,
    /// An image or a chart that is not exact.
    E_CATALOG_VERSION,
    /// A health check that the Stack Agent would refuse.
    E_CATALOG_HEALTH,
    /// Alerts or panels that are missing, or ask for series of others.
    E_CATALOG_METRICS,
    /// Kinds that hold data and are not named, or are named and not made.
    E_CATALOG_DATA,
    /// An environment key that could steer a process.
    E_CATALOG_ENV,
    /// A link type whose patterns or lists do not fit its ends.
    E_CATALOG_LINK,
    /// A default group outside its grammar.
    E_CATALOG_GROUP,
    /// A default namespace that a stack may not use.
    E_CATALOG_NAMESPACE,
    /// A hook that asks for values that do not exist.
    E_CATALOG_HOOK,
    /// Definitions of tools that do not fit their link type, or that no reviewer could judge.
    E_CATALOG_TOOLS,
    /// A Python module that imports what the server has not, or runs text as code.
    E_CATALOG_MODULE,
    /// A template that does not fit its values.
    E_CATALOG_TEMPLATE,
    /// A path outside the output, or made twice.
    E_OUTPUT_PATH,
    /// An object larger than Kubernetes takes.
    E_OUTPUT_SIZE,
    /// Two files that are one object.
    E_OUTPUT_COLLISION,
    /// A name longer than Kubernetes takes.
    E_OUTPUT_NAME,
}

impl Code {
    /// A fault of this code.
    #[must_use]
    pub fn fault(self, message: impl Into<String>) -> Fault {
        Fault {
            code: self,
            message: message.into(),
            place: None,
            pattern: None,
        }
    }

    /// Whether the catalog, and not the stack, must change.
    #[must_use]
    pub fn is_of_catalog(self) -> bool {
        !matches!(
            self,
            Self::E_OUTPUT_PATH | Self::E_OUTPUT_SIZE | Self::E_OUTPUT_COLLISION | Self::E_OUTPUT_NAME
        )
    }
}

/// One fault, as an error or as the context of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: Code,
    /// The thing, then the fact; no full stop.
    pub message: String,
    /// File and line, where the mistake has them.
    pub place: Option<(String, usize)>,
    /// The text of an entry that is wrong, where the mistake has no place: whoever has the entry finds it by this.
    pub pattern: Option<String>,
}

/// What a run was at when it failed, as the context of an error: `hook mail`, `component kafka`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub what: &'static str,
    pub name: String,
}

impl Fault {
    /// The same fault, in a line of a file.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: usize) -> Self {
        self.place = Some((file.into(), line));
        self
    }

    /// The same fault, in a text of an entry.
    #[must_use]
    pub fn in_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// The fault that an error is due to, and not what wraps it.
    #[must_use]
    pub fn behind(error: &anyhow::Error) -> Option<&Self> {
        error.root_cause().downcast_ref().or_else(|| error.downcast_ref())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.code.as_str())?;
        if let Some((file, line)) = &self.place {
            write!(formatter, "`{file}:{line}`: ")?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Work {
    pub fn of(what: &'static str, name: impl Into<String>) -> Self {
        Self {
            what,
            name: name.into(),
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} `{}`", self.what, self.name)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    /// What wraps a fault, or is wrapped by it, hides neither its code nor its words.
    #[test]
    fn a_code_is_found_through_contexts() {
        let fault = Code::E_CATALOG_FILE.fault("`a` is a link");
        for error in [
            anyhow::Error::new(fault.clone()),
            anyhow::Error::new(fault.clone()).context("component `b`"),
            anyhow::Result::<()>::Err(anyhow::anyhow!("no such file"))
                .context(fault.clone())
                .context("component `b`")
                .unwrap_err(),
        ] {
            assert_eq!(error.downcast_ref::<Fault>(), Some(&fault));
            assert!(format!("{error:#}").contains("E_CATALOG_FILE: `a` is a link"));
        }
    }
}
