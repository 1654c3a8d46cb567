//! Mark the objects that outlive what they are made for: namespaces, and whatever holds data.
//!
//! The text of a rendered file and the kinds to keep go in, the text with annotations comes out. Argo CD then leaves such
//! an object in the cluster when its file goes, and does not call the Application out of step for it. As in `objects`,
//! lines are looked at instead of parsed.

use std::collections::BTreeMap;

use super::objects::top_level;
use crate::plan::Plan;
use crate::view::KEEP;

/// Kinds by folder, from the plan.
pub(super) struct Kept<'a>(&'a BTreeMap<String, Vec<String>>);

impl<'a> Kept<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        Self(&plan.kept)
    }

    /// The kinds to mark in a file at `path`.
    pub(super) fn kinds(&self, path: &str) -> Option<&'a [String]> {
        let (folder, name) = path.rsplit_once('/')?;
        if !name.ends_with(".yaml") || name == "kustomization.yaml" {
            return None;
        }
        self.0.get(folder).map(Vec::as_slice)
    }
}

/// `text` with the annotations in each document of one of `kinds`.
pub(super) fn mark(text: &str, kinds: &[String]) -> String {
    let documents = text.split_inclusive("\n---\n");
    documents
        .map(|document| {
            if is_kept(document, kinds) {
                annotated(document)
            } else {
                document.to_owned()
            }
        })
        .collect()
}

/// Whether a document, or any of several, is of one of `kinds`.
pub(super) fn is_kept(document: &str, kinds: &[String]) -> bool {
    let is_of = |at: usize, kind: &str| {
        let rest = document[at..].strip_prefix(kind);
        rest.is_some_and(|rest| rest.lines().next().unwrap_or_default().trim().is_empty())
    };
    let mut places = document.match_indices("kind: ");
    places.any(|(at, key)| {
        let begins_line = at == 0 || document[..at].ends_with('\n');
        begins_line && kinds.iter().any(|kind| is_of(at + key.len(), kind))
    })
}

/// Put the annotations to those that the template wrote, or first in `metadata`.
fn annotated(document: &str) -> String {
    let lines: Vec<&str> = document.split_inclusive('\n').collect();
    let Some(metadata) = lines.iter().position(|line| top_level(line) == Some("metadata")) else {
        return document.to_owned();
    };
    let section = lines[metadata + 1..]
        .iter()
        .take_while(|line| top_level(line).is_none());
    let own = section.clone().position(|line| line.trim_end() == "  annotations:");
    let mut added: String = KEEP
        .iter()
        .map(|(key, value)| format!("    {key}: {value}\n"))
        .collect();
    let place = match own {
        Some(position) => metadata + 2 + position,
        None => {
            added.insert_str(0, "  annotations:\n");
            metadata + 1
        }
    };
    let (head, tail) = lines.split_at(place);
    [&head.concat(), &added, &tail.concat()].map(String::as_str).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str = "    argocd.argoproj.io/compare-options: IgnoreExtraneous\n    argocd.argoproj.io/sync-options: Prune=false,Delete=false\n";

    #[test]
    fn kept_kinds_are_marked_and_no_others() {
        let kinds = ["Cluster".to_owned(), "Database".to_owned()];
        for (text, expected) in [
            (
                "# c\nkind: Cluster\nmetadata:\n  name: a\nspec: {}\n",
                format!("# c\nkind: Cluster\nmetadata:\n  annotations:\n{MARK}  name: a\nspec: {{}}\n"),
            ),
            (
                "kind: Role\nmetadata:\n  name: a\n---\nkind: Database\nmetadata:\n  name: b\n  annotations:\n    x: y\nspec:\n  annotations:\n",
                format!(
                    "kind: Role\nmetadata:\n  name: a\n---\nkind: Database\nmetadata:\n  name: b\n  annotations:\n{MARK}    x: y\nspec:\n  annotations:\n"
                ),
            ),
            (
                "kind: ClusterRole\nmetadata:\n  name: a\nspec:\n  ref:\n    kind: Cluster\n",
                "kind: ClusterRole\nmetadata:\n  name: a\nspec:\n  ref:\n    kind: Cluster\n".to_owned(),
            ),
        ] {
            assert_eq!(mark(text, &kinds), expected);
        }
    }
}
