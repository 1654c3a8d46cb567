//! A path inside the output directory, checked once and trusted afterwards.
//!
//! In: text from the plan, from a lock file or from the command line. Out: a `RelPath` that cannot leave its directory and
//! means the same file on every machine. It knows nothing of the disk: whether a component is a link is found out in `disk`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest component that common file systems accept.
const MAX_SEGMENT: usize = 255;
/// Below macOS's `PATH_MAX` of 1024, with room for the output directory's own path and the orphans folder.
const MAX_LENGTH: usize = 800;

/// A relative, `/`-separated path of printable ASCII without `.`, `..`, empty or dashed components.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RelPath(String);

impl RelPath {
    /// Checks `text`; the error says what is wrong and names the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        ensure_inside(text).map(|()| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directory that holds this path; `None` where that is the output directory itself.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// All directories above this path, the outermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }

    /// This path with `tail`, itself one or more components, below it.
    pub fn join(&self, tail: &str) -> Result<Self, String> {
        Self::parse(&format!("{}/{tail}", self.0))
    }

    /// Equal for two paths that a file system without upper and lower case would hold to be one.
    pub fn folded(&self) -> Cow<'_, str> {
        folded(&self.0)
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for RelPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for RelPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for RelPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl TryFrom<String> for RelPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        ensure_inside(&text).map(|()| Self(text))
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

/// A path or a part of one in lower case, which most have as they are.
pub(crate) fn folded(path: &str) -> Cow<'_, str> {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(path.to_ascii_lowercase())
    } else {
        Cow::Borrowed(path)
    }
}

fn ensure_inside(text: &str) -> Result<(), String> {
    match fault(text) {
        Some(fault) => Err(format!(
            "`{}` is not a path in the output: {fault}",
            text.escape_default()
        )),
        None => Ok(()),
    }
}

/// The first thing that is wrong with `text`, if anything is.
fn fault(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("it is empty".to_owned());
    }
    if text.len() > MAX_LENGTH {
        return Some(format!("it is longer than {MAX_LENGTH} characters"));
    }
    if text.starts_with('/') {
        return Some("it is absolute".to_owned());
    }
    // ASCII alone, because file systems disagree about how other letters are composed and folded.
    if let Some(character) = text.chars().find(|character| !is_allowed(*character)) {
        return Some(format!("it holds the character `{}`", character.escape_default()));
    }
    text.split('/').find_map(segment_fault)
}

fn is_allowed(character: char) -> bool {
    matches!(character, ' '..='~') && character != '\\'
}

fn segment_fault(segment: &str) -> Option<String> {
    match segment {
        "" => Some("it has an empty component".to_owned()),
        "." | ".." => Some(format!("it has the component `{segment}`")),
        _ if segment.len() > MAX_SEGMENT => Some(format!("a component is longer than {MAX_SEGMENT} characters")),
        // A leading dash reads as an option in the command lines that people paste paths into.
        _ if segment.starts_with('-') => Some(format!("the component `{segment}` starts with a dash")),
        _ if segment.starts_with(' ') || segment.ends_with(' ') => {
            Some("a component starts or ends with a space".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RelPath;

    fn check(text: &str, expected: Option<&str>) {
        match (RelPath::parse(text), expected) {
            (Ok(path), None) => assert_eq!(path.as_str(), text),
            (Err(message), Some(part)) => assert!(message.contains(part), "{text:?}: {message}"),
            (result, _) => panic!("{text:?}: {result:?}"),
        }
    }

    #[test]
    fn parses_only_paths_that_stay_inside() {
        for good in [
            "a",
            "a/b.py",
            ".stacktic/lock.json",
            "k8s/deploy/base/x/y-z_1.yaml",
            "a b/c",
            "..a",
            "a..",
            "a/...b",
        ] {
            check(good, None);
        }
        for (bad, part) in [
            ("", "empty"),
            ("/etc/passwd", "absolute"),
            ("../../etc/passwd", "`..`"),
            ("a/../b", "`..`"),
            ("a/..", "`..`"),
            ("./a", "`.`"),
            ("a//b", "empty component"),
            ("a/", "empty component"),
            ("a\\b", "character"),
            ("a\0b", "character"),
            ("a\nb", "character"),
            ("a\u{7f}", "character"),
            ("caf\u{e9}", "character"),
            ("a\u{202e}b", "character"),
            ("-rf", "dash"),
            ("a/-x", "dash"),
            ("a /b", "space"),
            ("a/ b", "space"),
        ] {
            check(bad, Some(part));
        }
        check(&"a".repeat(256), Some("component is longer"));
        check(&"a/".repeat(500), Some("longer than 800"));
    }

    #[test]
    fn takes_paths_apart_and_together() {
        let path = RelPath::parse("a/b/c.py").unwrap();
        assert_eq!(path.segments().collect::<Vec<_>>(), ["a", "b", "c.py"]);
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.file_name(), "c.py");
        let parent = path.parent().unwrap();
        assert_eq!(parent.as_str(), "a/b");
        assert_eq!(parent.join("c.py").unwrap(), path);
        assert!(parent.join("../x").is_err());
        assert_eq!(RelPath::parse("a").unwrap().parent(), None);
    }

    #[test]
    fn reads_and_writes_as_a_json_string() {
        let path: RelPath = serde_json::from_str("\"a/b\"").unwrap();
        assert_eq!(serde_json::to_string(&path).unwrap(), "\"a/b\"");
        assert!(serde_json::from_str::<RelPath>("\"../b\"").is_err());
    }
}
