//! Packages of a `requirements.txt`, as pip reads it.
//!
//! Its text goes in; names, versions and hashes come out. What is no requirement (options, comments) is passed over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::{encoded, hash};

/// Algorithms, as pip and as CycloneDX call them.
const ALGORITHMS: [(&str, &str); 5] = [
    ("md5", "MD5"),
    ("sha1", "SHA-1"),
    ("sha256", "SHA-256"),
    ("sha384", "SHA-384"),
    ("sha512", "SHA-512"),
];
const HASH: &str = "--hash=";

/// A package with the hashes that its files may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Package {
    name: String,
    version: Option<String>,
    hashes: BTreeSet<(&'static str, String)>,
}

impl Package {
    /// `pkg:pypi/fastmcp@4.2.3`
    pub(super) fn purl(&self) -> String {
        let name = self.name.to_lowercase().replace('_', "-");
        let version = self.version.as_ref().map(|version| format!("@{}", encoded(version)));
        format!("pkg:pypi/{}{}", encoded(&name), version.unwrap_or_default())
    }

    pub(super) fn component(&self) -> Json {
        let mut component = Map::new();
        component.insert("type".to_owned(), json!("library"));
        component.insert("bom-ref".to_owned(), json!(self.purl()));
        component.insert("name".to_owned(), json!(self.name));
        component.insert("purl".to_owned(), json!(self.purl()));
        if let Some(version) = &self.version {
            component.insert("version".to_owned(), json!(version));
        }
        let hashes: Vec<Json> = self.hashes.iter().map(|(name, content)| hash(name, content)).collect();
        if !hashes.is_empty() {
            component.insert("hashes".to_owned(), hashes.into());
        }
        Json::Object(component)
    }
}

/// Each package once, sorted by its name for package-url.
pub(super) fn packages(text: &str) -> Vec<Package> {
    let mut found: BTreeMap<String, Package> = BTreeMap::new();
    for line in whole_lines(text) {
        let Some(package) = package(&line) else { continue };
        match found.get_mut(&package.purl()) {
            Some(known) => known.hashes.extend(package.hashes),
            None => {
                found.insert(package.purl(), package);
            }
        }
    }
    found.into_values().collect()
}

/// Lines without comments, those that end with a backslash together with the next one.
fn whole_lines(text: &str) -> Vec<String> {
    let (mut lines, mut open) = (Vec::new(), String::new());
    for line in text.lines() {
        let line = line.trim();
        let begins = line.find(" #").filter(|_| !line.starts_with('#'));
        let line = if line.starts_with('#') {
            ""
        } else {
            &line[..begins.unwrap_or(line.len())]
        };
        let continued = line.strip_suffix('\\');
        open.push_str(continued.unwrap_or(line));
        open.push(' ');
        if continued.is_none() {
            lines.push(std::mem::take(&mut open));
        }
    }
    lines.push(open);
    lines
}

/// `name[extra]==version ; marker --hash=sha256:…`
fn package(line: &str) -> Option<Package> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('-') {
        return None;
    }
    let hashes = line.split_whitespace().filter_map(|word| word.strip_prefix(HASH));
    let hashes = hashes.filter_map(pinned).collect();
    let requirement = line.split([';', '@']).next().unwrap_or(line);
    let requirement = requirement.split(" --").next().unwrap_or(requirement);
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let name: String = requirement.chars().take_while(|letter| is_name(*letter)).collect();
    let version = requirement
        .split_once("==")
        .map(|(_, version)| version.trim_start_matches('='));
    let version = version
        .map(str::trim)
        .filter(|version| !version.contains([',', '*', ' ']));
    (!name.is_empty()).then(|| Package {
        name,
        version: version.map(str::to_owned),
        hashes,
    })
}

fn pinned(text: &str) -> Option<(&'static str, String)> {
    let (algorithm, content) = text.split_once(':')?;
    let (_, name) = ALGORITHMS.into_iter().find(|(known, _)| *known == algorithm)?;
    Some((name, content.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "# Generated\n\
        a_b==1.0+local \\\n    --hash=sha256:aa \\\n    --hash=sha512:bb\n\
        --index-url https://example.com\n\
        C[x,y] == 2.0 ; python_version < '3.13' --hash=sha256:cc  # a comment\n\
        c==2.0 --hash=sha256:dd\n\
        d>=1,<2\n\
        e @ https://example.com/e==1.whl\n";

    #[test]
    fn a_lock_is_read_as_pip_reads_it() {
        let shown: Vec<String> = packages(LOCK)
            .iter()
            .map(|package| format!("{} {:?}", package.purl(), package.hashes))
            .collect();
        assert_eq!(
            shown,
            [
                r#"pkg:pypi/a-b@1.0%2Blocal {("SHA-256", "aa"), ("SHA-512", "bb")}"#,
                r#"pkg:pypi/c@2.0 {("SHA-256", "cc"), ("SHA-256", "dd")}"#,
                "pkg:pypi/d {}",
                "pkg:pypi/e {}",
            ]
        );
    }
}
