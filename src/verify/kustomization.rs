//! What a kustomization builds, as far as installing asks: which objects there are, by their names.

use serde_json::Value as Json;

use super::object::Object;
use super::{Files, Problem};
use crate::yaml;

/// Kustomizations may lie in each other so deep.
const MAX_DEPTH: usize = 8;

/// The objects of a folder, sorted as its kustomization names them.
pub(super) fn objects(files: &Files, folder: &str, problems: &mut Vec<Problem>) -> Vec<Object> {
    let mut build = Build { files, problems };
    build.folder(folder, MAX_DEPTH)
}

struct Build<'a> {
    files: &'a Files,
    problems: &'a mut Vec<Problem>,
}

impl Build<'_> {
    fn folder(&mut self, folder: &str, depth: usize) -> Vec<Object> {
        let file = format!("{folder}/kustomization.yaml");
        let Some(kustomization) = self.document(&file).filter(|_| depth > 0) else {
            self.problems
                .push(Problem::new(&file, "there is no kustomization that could be read"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for list in ["resources", "components"] {
            for path in texts(&kustomization[list]) {
                let path = joined(folder, path);
                if path.ends_with(".yaml") {
                    found.extend(self.file(&path));
                } else {
                    found.extend(self.folder(&path, depth - 1));
                }
            }
        }
        for (list, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for generator in kustomization[list].as_array().into_iter().flatten() {
                found.extend(generated(&file, kind, generator));
            }
        }
        for path in texts(&kustomization["generators"]) {
            found.extend(self.decrypted(&joined(folder, path)));
        }
        for patch in kustomization["patches"].as_array().into_iter().flatten() {
            self.delete(folder, patch, &mut found);
        }
        found
    }

    fn document(&self, file: &str) -> Option<Json> {
        yaml::documents(self.files.get(file)?).ok()?.into_iter().next()
    }

    fn file(&mut self, file: &str) -> Vec<Object> {
        let Some(text) = self.files.get(file) else {
            self.problems
                .push(Problem::new(file, "a kustomization names it, and it is not there"));
            return Vec::new();
        };
        match yaml::documents(text) {
            Ok(documents) => documents
                .into_iter()
                .filter_map(|body| Object::of(file, body))
                .collect(),
            Err(error) => {
                self.problems
                    .push(Problem::new(file, format!("it is not YAML: {error:#}")));
                Vec::new()
            }
        }
    }

    /// The Secrets that a generator of KSOPS decrypts.
    fn decrypted(&self, file: &str) -> Vec<Object> {
        let Some(generator) = self.document(file) else {
            return Vec::new();
        };
        let secrets = generator["secretFrom"].as_array().into_iter().flatten();
        secrets
            .filter_map(|secret| {
                let metadata = &secret["metadata"];
                let body = serde_json::json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata });
                Object::of(file, body)
            })
            .collect()
    }

    /// Objects that a patch takes away.
    fn delete(&self, folder: &str, patch: &Json, found: &mut Vec<Object>) {
        let file = patch["path"].as_str().map(|path| joined(folder, path));
        let is_delete = |body: &Json| body["$patch"] == "delete";
        if file
            .and_then(|file| self.document(&file))
            .is_some_and(|body| is_delete(&body))
        {
            let target = &patch["target"];
            found.retain(|object| {
                target["kind"] != object.kind.as_str()
                    || target["name"] != object.name.as_str()
                    || target["namespace"].as_str().unwrap_or_default() != object.namespace
            });
        }
    }
}

/// A generator that merges into one of a base makes nothing of its own.
fn generated(file: &str, kind: &str, generator: &Json) -> Option<Object> {
    if generator["behavior"] == "merge" {
        return None;
    }
    let metadata = serde_json::json!({ "name": generator["name"], "namespace": generator["namespace"] });
    Object::of(
        file,
        serde_json::json!({ "apiVersion": "v1", "kind": kind, "metadata": metadata }),
    )
}

fn texts(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// `a/b` and `../c` are `a/c`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
