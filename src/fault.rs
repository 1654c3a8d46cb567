//! A fault that has a name: a mistake of the catalog, or output that cannot be.
//!
//! A code and a message go in; the code, never the message, decides how the run ends. Faults of the
//! world (a file that cannot be read) have none and stay plain `anyhow` errors.

use std::fmt;

/// The stable code of a fault; scripts may rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "each variant is spelled as it is printed")]
pub enum Code {
    /// A folder of `--catalog` that holds no catalog.
    E_CATALOG_FOLDER,
    /// A file beside an entry that is not there, or is a link.
    E_CATALOG_FILE,
    /// An entry that is not YAML.
    E_CATALOG_YAML,
    /// An entry with an unknown key, a missing key or a value of the wrong shape.
    E_CATALOG_SCHEMA,
    /// A pattern that names what is not known there.
    E_CATALOG_PATTERN,
    /// An endpoint that cannot be.
    E_CATALOG_ENDPOINT,
    /// A link type whose patterns or lists do not fit its ends.
    E_CATALOG_LINK,
    /// A default group outside its grammar.
    E_CATALOG_GROUP,
    /// A default namespace that a stack may not use.
    E_CATALOG_NAMESPACE,
    /// A hook that asks for values that do not exist.
    E_CATALOG_HOOK,
    /// Definitions of tools that do not fit their link type.
    E_CATALOG_TOOLS,
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
    message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.code, self.message)
    }
}

impl std::error::Error for Fault {}

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
