//! What makes pods begin anew that read a Secret when they begin, where a chart or a custom resource names the Secret.
//!
//! A word stands in an annotation of the pods. It is the person's, and `stacktic secrets` changes it with a value, so that the
//! commit with the new value has the word that goes with it. Nothing of a value follows from the word.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::{Plan, PlannedFile, Source, base_folder, secrets};
use crate::catalog::{Rollout, pattern};
use crate::layout::NAMESPACES;
use crate::name::{ComponentName, RelPath};
use crate::stack::{Component, Stack};
use crate::tree::Class;
use crate::yaml;

/// The annotation with the word.
const ANNOTATION: &str = "stacktic.io/rollout";
/// The word before anything changed.
const FIRST: &str = "first";
/// The values file of a chart.
const VALUES: &str = "values-rollout.yaml";

pub(super) fn plan(plan: &mut Plan, stack: &Stack) -> anyhow::Result<()> {
    for component in stack.deployed() {
        for (name, document) in files(stack, component)? {
            let planned = PlannedFile {
                class: Class::Seeded,
                why: format!("component {}, what makes its pods begin anew", component.name),
                source: Source::Copy((ABOUT.to_owned() + &yaml::to_text(&document)?).into_bytes().into()),
                resource: false,
            };
            plan.insert(&format!("{}/{name}", base_folder(&component.name)), planned)?;
        }
    }
    Ok(())
}

const ABOUT: &str = "\
# Pods read Secrets when they begin, and begin anew when this word changes. `stacktic secrets` changes it with a value; change it
# yourself after you have changed one by hand.
";

/// The files of a component by their names in its base, and what stands in them.
fn files(stack: &Stack, component: &Component) -> anyhow::Result<Vec<(String, Json)>> {
    let is_reader = !secrets::secrets(stack, component)?.is_empty();
    let rollout = component.entry.definition.rollout.as_ref().filter(|_| is_reader);
    Ok(match rollout {
        Some(Rollout::Values(places)) => {
            let mut values = Json::Object(Map::new());
            places.iter().for_each(|place| annotate(&mut values, place));
            vec![(VALUES.to_owned(), values)]
        }
        Some(Rollout::Objects(kinds)) => {
            let patch = |place: &String| {
                let path = format!("{place}/{}", ANNOTATION.replace('/', "~1"));
                json!([{ "op": "add", "path": path, "value": FIRST }])
            };
            kinds
                .iter()
                .map(|(kind, place)| (file_of(kind), patch(place)))
                .collect()
        }
        Some(Rollout::Follows(_) | Rollout::Command(_)) | None => Vec::new(),
    })
}

/// The annotation in a map of values, which stands at `place`.
fn annotate(values: &mut Json, place: &str) {
    let mut inner = values;
    for key in place.split('.') {
        inner = &mut inner[key];
    }
    inner[ANNOTATION] = FIRST.into();
}

fn file_of(kind: &str) -> String {
    format!("rollout-{}.yaml", kind.to_lowercase())
}

/// The patches of a component's base, for its kustomization.
pub(super) fn patches(plan: &Plan, component: &Component) -> Vec<Json> {
    let Some(Rollout::Objects(kinds)) = &component.entry.definition.rollout else {
        return Vec::new();
    };
    let is_planned = |kind: &&String| {
        let path = format!("{}/{}", base_folder(&component.name), file_of(kind));
        plan.files.contains_key(path.as_str())
    };
    let kinds = kinds.keys().filter(is_planned);
    kinds
        .map(|kind| json!({ "path": file_of(kind), "kind": kind }))
        .collect()
}

/// What follows from new values in secret files.
#[derive(Debug, Default)]
pub struct Readers {
    /// Files with words to change, below the output.
    pub words: Vec<RelPath>,
    /// Commands for a person, by component.
    pub commands: Vec<(ComponentName, String)>,
}

/// Who reads one of the `changed` files, paths below the output.
///
/// # Errors
/// A mistake in the catalog.
pub fn readers(stack: &Stack, changed: &BTreeSet<&str>) -> anyhow::Result<Readers> {
    let mut found = Readers::default();
    for component in stack.deployed() {
        let folder = base_folder(&component.name);
        let own = format!("{folder}/secret/");
        let shared = secrets::shared_by(stack, component)?.into_iter();
        let shared: BTreeSet<String> = shared
            .map(|secret| format!("k8s/deploy/base/{NAMESPACES}/secret/{}", secret.file))
            .collect();
        if !changed
            .iter()
            .any(|path| path.starts_with(&own) || shared.contains(*path))
        {
            continue;
        }
        for path in paths(stack, component) {
            found.words.push(RelPath::parse(&path).map_err(anyhow::Error::msg)?);
        }
        let command = command(component).map(|command| (component.name.clone(), command));
        found.commands.extend(command);
    }
    Ok(found)
}

/// Files of a component with words, below the output. What has no plan has been told as a mistake of the catalog before.
pub(super) fn paths(stack: &Stack, component: &Component) -> Vec<String> {
    let files = files(stack, component).unwrap_or_default().into_iter();
    let folder = base_folder(&component.name);
    files.map(|(name, _)| format!("{folder}/{name}")).collect()
}

/// What a person runs for new values of a component.
pub(super) fn command(component: &Component) -> Option<String> {
    let Some(Rollout::Command(command)) = &component.entry.definition.rollout else {
        return None;
    };
    let value = |name: &str| match name {
        "name" => Some(component.name.as_str().into()),
        "object" => Some(component.object.as_str().into()),
        "namespace" => Some(component.namespace.as_str().into()),
        _ => None,
    };
    pattern::expand(command, value).ok().map(std::borrow::Cow::into_owned)
}

/// The text of such a file with another word; nothing where it has none.
#[must_use]
pub fn with_word(text: &str, word: &str) -> Option<String> {
    let patched = format!("/{}", ANNOTATION.replace('/', "~1"));
    let annotated = format!("{ANNOTATION}: ");
    let (mut changed, mut is_next, mut lines) = (false, false, Vec::new());
    for line in text.lines() {
        let start = |mark: &str| line.find(mark).map(|at| &line[..at + mark.len()]);
        let place = match is_next {
            true => start("value: "),
            false => start(&annotated),
        };
        changed |= place.is_some();
        is_next = line.ends_with(&patched);
        lines.push(place.map_or_else(|| line.to_owned(), |place| format!("{place}{word}")));
    }
    changed.then(|| lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_change_wherever_they_stand_and_nothing_else_does() {
        let mut values = json!({});
        annotate(&mut values, "podAnnotations");
        annotate(&mut values, "a.b.podAnnotations");
        let text = yaml::to_text(&values).unwrap();
        let changed = with_word(&text, "other").unwrap();
        assert_eq!(changed, text.replace("first", "other"));
        assert_eq!(changed.matches("other").count(), 2);
        let patch =
            "- op: add\n  path: /spec/stacktic.io~1rollout\n  value: first\n- op: add\n  path: /b\n  value: first\n";
        let changed = with_word(patch, "other").unwrap();
        assert_eq!(changed, patch.replacen("first", "other", 1));
        assert_eq!(with_word("value: first\n", "other"), None);
    }
}
