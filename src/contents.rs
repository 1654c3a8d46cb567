//! The contents of a file, with their SHA-256 where it is known before.
//!
//! Bytes go in, or a constant that was hashed when the program was built; the bytes and their digest come out. Most of what a
//! run writes for an MCP server are such constants.

use std::borrow::Cow;
use std::ops::Deref;
use std::str::Utf8Error;

use sha2::{Digest as _, Sha256};

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    bytes: Cow<'static, [u8]>,
    sha256: Option<[u8; 32]>,
}

/// Contents inside the binary.
#[derive(Debug)]
pub struct Constant {
    pub bytes: &'static [u8],
    pub sha256: [u8; 32],
}

impl Contents {
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256.unwrap_or_else(|| Sha256::digest(&self.bytes).into())
    }

    /// The text that the bytes are, which is not copied where they are constant.
    ///
    /// # Errors
    /// They are not UTF-8.
    pub fn text(&self) -> Result<Cow<'static, str>, Utf8Error> {
        Ok(match &self.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes)?),
            Cow::Owned(bytes) => Cow::Owned(std::str::from_utf8(bytes)?.to_owned()),
        })
    }
}

impl Deref for Contents {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes have the same digest, whether it is known or not.
impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Contents {}

impl From<&Constant> for Contents {
    fn from(constant: &Constant) -> Self {
        Self {
            bytes: Cow::Borrowed(constant.bytes),
            sha256: Some(constant.sha256),
        }
    }
}

impl From<Vec<u8>> for Contents {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Cow::Owned(bytes),
            sha256: None,
        }
    }
}

impl From<&'static [u8]> for Contents {
    fn from(bytes: &'static [u8]) -> Self {
        Self {
            bytes: Cow::Borrowed(bytes),
            sha256: None,
        }
    }
}
