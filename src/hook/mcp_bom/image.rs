//! Images as a bill of materials names them: from a reference, or from the Dockerfile that builds on one.
//!
//! Text goes in; repository, tag and digest come out. It asks no registry.

use serde_json::{Map, Value as Json, json};

use super::{encoded, hash};

/// The registry of a reference that names none, and the folder of its own images.
const DOCKER_HUB: &str = "docker.io";
const OFFICIAL: &str = "library";

/// A reference to an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    /// As it is written.
    repository: String,
    tag: Option<String>,
    /// `sha256:…`
    digest: Option<String>,
}

impl Image {
    pub(super) fn parse(reference: &str) -> Self {
        let (named, digest) = match reference.split_once('@') {
            Some((named, digest)) => (named, Some(digest.to_owned())),
            None => (reference, None),
        };
        // A colon before the last slash is that of a port.
        let (repository, tag) = match named.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
            _ => (named, None),
        };
        Self {
            repository: repository.to_owned(),
            tag,
            digest,
        }
    }

    pub(super) fn component(&self, reference: &str) -> Json {
        let mut component = Map::new();
        component.insert("type".to_owned(), json!("container"));
        component.insert("bom-ref".to_owned(), json!(reference));
        component.insert("name".to_owned(), json!(self.repository));
        component.insert("purl".to_owned(), json!(self.purl()));
        if let Some(version) = self.tag.as_ref().or(self.digest.as_ref()) {
            component.insert("version".to_owned(), json!(version));
        }
        let sha256 = self.digest.as_ref().and_then(|digest| digest.strip_prefix("sha256:"));
        if let Some(sha256) = sha256 {
            component.insert("hashes".to_owned(), json!([hash("SHA-256", sha256)]));
        }
        Json::Object(component)
    }

    /// `pkg:oci/python?repository_url=docker.io%2Flibrary%2Fpython&tag=3.12`: a version of this type is a digest.
    fn purl(&self) -> String {
        let full = self.full_repository();
        let name = full.rsplit('/').next().unwrap_or_default().to_lowercase();
        let version = self.digest.as_ref().map(|digest| format!("@{}", encoded(digest)));
        let tag = self.tag.as_ref().map(|tag| format!("&tag={}", encoded(tag)));
        format!(
            "pkg:oci/{}{}?repository_url={}{}",
            encoded(&name),
            version.unwrap_or_default(),
            encoded(&full),
            tag.unwrap_or_default()
        )
    }

    /// With its registry.
    fn full_repository(&self) -> String {
        match self.repository.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => self.repository.clone(),
            Some(_) => format!("{DOCKER_HUB}/{}", self.repository),
            None => format!("{DOCKER_HUB}/{OFFICIAL}/{}", self.repository),
        }
    }
}

/// What the last stage of a Dockerfile is built on; nothing where that is empty, or named by a variable.
pub(super) fn base(dockerfile: &str) -> Option<String> {
    let stages: Vec<(&str, Option<&str>)> = dockerfile.lines().filter_map(stage).collect();
    let (mut from, mut above) = (stages.last()?.0, stages.len().saturating_sub(1));
    // A stage may begin at one above it.
    while let Some(position) = stages[..above].iter().position(|(_, name)| *name == Some(from)) {
        (from, above) = (stages[position].0, position);
    }
    (from != "scratch" && !from.contains('$')).then(|| from.to_owned())
}

/// `FROM [--platform=…] reference [AS name]`
fn stage(line: &str) -> Option<(&str, Option<&str>)> {
    let mut words = line.split_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("from"))?;
    let mut words = words.skip_while(|word| word.starts_with("--"));
    let from = words.next()?;
    let is_named = words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"));
    Some((from, words.next().filter(|_| is_named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references() {
        for (text, version, purl) in [
            (
                "python:3.12-slim",
                "3.12-slim",
                "pkg:oci/python?repository_url=docker.io%2Flibrary%2Fpython&tag=3.12-slim",
            ),
            (
                "grafana/loki:3.1",
                "3.1",
                "pkg:oci/loki?repository_url=docker.io%2Fgrafana%2Floki&tag=3.1",
            ),
            (
                "registry.example.com:5000/team/App:1",
                "1",
                "pkg:oci/app?repository_url=registry.example.com:5000%2Fteam%2FApp&tag=1",
            ),
        ] {
            let component = Image::parse(text).component("image");
            assert_eq!(component["version"], version, "{text}");
            assert_eq!(component["purl"], purl, "{text}");
            assert!(component.get("hashes").is_none(), "{text}");
        }
    }

    #[test]
    fn a_digest_is_the_version_of_the_name_and_a_hash() {
        let component = Image::parse(&format!("registry.example.com/app:1.2@{DIGEST}")).component("image");
        assert_eq!(component["version"], "1.2");
        assert_eq!(component["hashes"][0]["content"], DIGEST.trim_start_matches("sha256:"));
        let purl = format!("pkg:oci/app@{DIGEST}?repository_url=registry.example.com%2Fapp&tag=1.2");
        assert_eq!(component["purl"], purl);
        let alone = Image::parse(&format!("registry.example.com:5000/app@{DIGEST}"));
        assert_eq!(alone.repository, "registry.example.com:5000/app");
        assert_eq!(alone.component("image")["version"], DIGEST);
    }

    #[test]
    fn the_base_is_that_of_the_last_stage() {
        for (text, expected) in [
            ("FROM a:1\nRUN x", Some("a:1")),
            ("FROM a:1 AS build\nFROM b:2\nCOPY --from=build /x /x", Some("b:2")),
            (
                "# FROM x:1\nfrom --platform=linux/amd64 a:1 as one\nFROM one AS two\nFROM two",
                Some("a:1"),
            ),
            ("FROM a:1 AS a\nFROM a", Some("a:1")),
            ("FROM python\nFROM python AS python", Some("python")),
            ("FROM scratch", None),
            ("ARG V\nFROM a:${V}", None),
            ("RUN echo FROM", None),
            ("", None),
        ] {
            assert_eq!(base(text).as_deref(), expected, "{text}");
        }
    }
}
