//! What is known of charts and images: the YAML and JSON files of a folder, read in two forms.
//!
//! - the index of a Helm repository (`entries:`), as `helm repo update` leaves it in its cache,
//! - facts of one chart (`chart`, `version`, `repository`, `images`), as `tests/facts/charts` has them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value as Json;
use versions::Versioning;

use crate::yaml;

/// Newest versions by name.
#[derive(Default)]
pub(super) struct Known {
    charts: BTreeMap<String, Vec<Chart>>,
    images: BTreeMap<String, String>,
}

/// A version of a chart.
pub(super) struct Chart {
    pub(super) version: String,
    /// Where it comes from, if its file says so.
    repository: Option<String>,
    /// There will be no other.
    pub(super) deprecated: bool,
}

/// Facts of one chart.
#[derive(Deserialize)]
struct Facts {
    chart: String,
    version: String,
    repository: Option<String>,
    #[serde(default)]
    images: Vec<String>,
    #[serde(default)]
    deprecated: bool,
}

/// The index of a Helm repository.
#[derive(Deserialize)]
struct Index {
    entries: BTreeMap<String, Vec<Release>>,
}

#[derive(Deserialize)]
struct Release {
    version: String,
    #[serde(default)]
    deprecated: bool,
}

impl Known {
    /// Read the files of `folder`, and of its folders.
    ///
    /// # Errors
    /// The folder cannot be read, or holds nothing of either form.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut known = Self::default();
        for found in walkdir::WalkDir::new(folder).sort_by_file_name() {
            let found = found.with_context(|| format!("could not read the facts in `{}`", folder.display()))?;
            let ends = found.path().extension().and_then(|end| end.to_str());
            if found.file_type().is_file() && matches!(ends, Some("yaml" | "yml" | "json")) {
                known.read_file(found.path())?;
            }
        }
        anyhow::ensure!(
            !known.charts.is_empty(),
            "`{}` has no facts of charts: neither the index of a Helm repository nor a file with `chart` and `version`",
            folder.display()
        );
        Ok(known)
    }

    fn read_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let place = || format!("could not read the facts in `{}`", path.display());
        let text = std::fs::read_to_string(path).with_context(place)?;
        let document: Json = match path.extension().is_some_and(|end| end == "json") {
            true => serde_json::from_str(&text).with_context(place)?,
            false => yaml::documents(&text)
                .with_context(place)?
                .into_iter()
                .next()
                .unwrap_or_default(),
        };
        if let Ok(index) = Index::deserialize(&document) {
            for (name, releases) in index.entries {
                releases.into_iter().for_each(|release| self.add(&name, release, None));
            }
        } else if let Ok(facts) = Facts::deserialize(&document) {
            let Facts {
                version, deprecated, ..
            } = facts;
            self.add(&facts.chart, Release { version, deprecated }, facts.repository);
            facts.images.iter().for_each(|image| self.add_image(image));
        }
        Ok(())
    }

    fn add(&mut self, name: &str, release: Release, repository: Option<String>) {
        let Release { version, deprecated } = release;
        let chart = Chart {
            version,
            repository,
            deprecated,
        };
        self.charts.entry(name.to_owned()).or_default().push(chart);
    }

    fn add_image(&mut self, image: &str) {
        let Some((name, tag)) = image.rsplit_once(':') else {
            return;
        };
        let kept = self.images.entry(name.to_owned()).or_insert_with(|| tag.to_owned());
        if Versioning::new(&**kept) < Versioning::new(tag) {
            tag.clone_into(kept);
        }
    }

    /// The newest version of a chart that is no preview. Where files say whence it comes, it comes from `repository`.
    pub(super) fn chart(&self, name: &str, repository: &str) -> Option<&Chart> {
        let all = self.charts.get(name)?.iter();
        let same = all.filter(|chart| chart.repository.as_ref().is_none_or(|known| is_same(known, repository)));
        let versions = same.filter_map(|chart| Some((Versioning::new(&chart.version).filter(is_final)?, chart)));
        let newest = versions.max_by(|left, right| left.0.cmp(&right.0));
        newest.map(|(_, chart)| chart)
    }

    pub(super) fn image(&self, name: &str) -> Option<&str> {
        self.images.get(name).map(String::as_str)
    }
}

fn is_final(version: &Versioning) -> bool {
    !matches!(version, Versioning::Ideal(version) if version.pre_rel.is_some())
}

/// Of an OCI registry some name the folder, others the chart in it.
fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.trim_end_matches('/'), right.trim_end_matches('/'));
    let below = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below(left, right) || below(right, left)
}
