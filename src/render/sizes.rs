//! How large each Kubernetes object is once it is in the cluster, and that it is not too large.
//!
//! A tree goes in, nothing or an error comes out. Applications and their project are applied by the client, which keeps
//! them in an annotation, as compact JSON; the annotations of an object have room for 256 KiB together. Argo CD applies
//! the bases on the server's side, without one: there a ConfigMap or Secret may have 1 MiB, and a request to etcd
//! 1.5 MiB. Objects are counted as they are written; only those that might be too large are read for it, since a run has
//! no time to waste.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Value as Json, json};

use super::objects::place;
use crate::fault::Code;
use crate::plan::json_length;
use crate::tree::{Content, Tree, TreeFile};
use crate::yaml;

/// All annotations of an object: keys and values.
const MOST: usize = 256 * 1024;
/// A ConfigMap or a Secret.
const MOST_DATA: usize = 1024 * 1024;
/// Any other object, with room for what the cluster adds to it.
const MOST_REQUEST: usize = 1536 * 1024 - 64 * 1024;
/// The key that kubectl adds, and the end of its line.
const LAST_APPLIED: usize = "kubectl.kubernetes.io/last-applied-configuration\n".len();
/// No byte of YAML becomes more than six of JSON: `<` becomes `\u003c`.
const GROWTH: usize = 6;
/// What a person fills in for a secret is not known; keys and tokens are about as long as this.
const SECRET_VALUE: usize = 64;
/// The hash that kustomize puts behind a name, with its dash.
const NAME_HASH: usize = 11;

/// Refuse an object that no `kubectl apply` could keep.
///
/// # Errors
/// `E_OUTPUT_SIZE`, with the object, its size and what to do.
pub fn ensure_sizes(tree: &Tree) -> anyhow::Result<()> {
    let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::new();
    for (path, file) in tree.iter() {
        if let Some((folder, name)) = in_base(path.as_str()) {
            folders.entry(folder).or_default().add(name, file);
        }
        if place(path.as_str()).is_some()
            && path.file_name() != "kustomization.yaml"
            && let Content::Bytes(bytes) = &file.content
            && bytes.len() * GROWTH > MOST
        {
            let text = std::str::from_utf8(bytes)?;
            for object in yaml::documents(text)? {
                ensure(path.as_str(), &object, size(&object))?;
            }
        }
    }
    folders.iter().try_for_each(|(name, folder)| folder.ensure(name))
}

/// `kafka` and `config/cloud.env`, of a file in a base.
fn in_base(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("k8s/deploy/base/")?.split_once('/')
}

/// The files that ConfigMaps and Secrets are made from, and the kustomization that says how.
#[derive(Default)]
struct Folder<'a> {
    files: BTreeMap<&'a str, &'a TreeFile>,
    bytes: usize,
}

impl<'a> Folder<'a> {
    fn add(&mut self, name: &'a str, file: &'a TreeFile) {
        self.bytes += match &file.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Skeleton(skeleton) => skeleton.keys.iter().map(secret_entry).sum(),
        };
        self.files.insert(name, file);
    }

    fn ensure(&self, name: &str) -> anyhow::Result<()> {
        let Some(Content::Bytes(bytes)) = self.files.get("kustomization.yaml").map(|file| &file.content) else {
            return Ok(());
        };
        if self.bytes * GROWTH <= MOST {
            return Ok(());
        }
        for document in yaml::documents(std::str::from_utf8(bytes)?)? {
            for (generator, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
                for item in document[generator].as_array().into_iter().flatten() {
                    let object = generated(kind, item, &document["generatorOptions"]["labels"]);
                    let own = size(&object) + NAME_HASH;
                    let at_most: usize = sources(item).map(|(file, _)| self.at_most(file)).sum();
                    // Most are far from the wall, and an exact count looks at every character.
                    if own + at_most + LAST_APPLIED > MOST_DATA {
                        let held: usize = sources(item).map(|(file, is_env)| self.held(file, is_env)).sum();
                        ensure(&format!("k8s/deploy/base/{name}/"), &object, own + held)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What a file adds to `data` at most, whatever is in it: a line of settings becomes an entry, and has an end.
    fn at_most(&self, name: &str) -> usize {
        match self.files.get(name).map(|file| &file.content) {
            Some(Content::Bytes(bytes)) => name.len() + 2 * ENTRY + bytes.len() * GROWTH,
            _ => self.held(name, false),
        }
    }

    /// What a file adds to `data`.
    fn held(&self, name: &str, is_env: bool) -> usize {
        match self.files.get(name).map(|file| &file.content) {
            Some(Content::Skeleton(skeleton)) => skeleton.keys.iter().map(secret_entry).sum(),
            Some(Content::Bytes(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) if is_env => text.lines().map(env_entry).sum(),
                Ok(text) => name.len() + ENTRY + json_length(text),
                Err(_) => name.len() + ENTRY + base64(bytes.len()),
            },
            None => 0,
        }
    }
}

/// The object that a generator makes, but for what its files hold.
fn generated(kind: &str, item: &Json, labels: &Json) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": kind,
        "type": item["type"],
        "data": {},
        "metadata": { "name": item["name"], "namespace": item["namespace"], "labels": labels, "more": item["options"]["labels"] },
    })
}

/// Files of a generator, and whether each line of one is an entry.
fn sources(item: &Json) -> impl Iterator<Item = (&str, bool)> {
    let list = |key: &str| item[key].as_array().into_iter().flatten().filter_map(Json::as_str);
    let files = list("files").map(|file| (file, false));
    files.chain(list("envs").map(|file| (file, true)))
}

/// Quotes, colon and comma of an entry.
const ENTRY: usize = 6;

fn env_entry(line: &str) -> usize {
    let has_value = !line.is_empty() && !line.starts_with('#');
    if has_value { json_length(line) + ENTRY } else { 0 }
}

fn secret_entry(key: &crate::tree::SkeletonKey) -> usize {
    key.key.len() + ENTRY + base64(key.value.len().max(SECRET_VALUE))
}

fn base64(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

fn ensure(place: &str, object: &Json, size: usize) -> anyhow::Result<()> {
    let annotations = object["metadata"]["annotations"].as_object();
    let own = annotations.into_iter().flatten();
    let own: usize = own
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    let size = size + own + LAST_APPLIED;
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (word(&object["kind"]), word(&object["metadata"]["name"]));
    let most = most(place, &kind);
    if size <= most {
        return Ok(());
    }
    bail!(Code::E_OUTPUT_SIZE.fault(format!(
        "the {kind} `{name}` (`{place}`) has {size} bytes, and Kubernetes takes {most}; {}",
        remedy(place)
    )))
}

/// The wall of an object, by who applies it.
fn most(place: &str, kind: &str) -> usize {
    match kind {
        _ if in_base(place).is_none() => MOST,
        "ConfigMap" | "Secret" => MOST_DATA,
        _ => MOST_REQUEST,
    }
}

fn remedy(place: &str) -> String {
    let parts = in_base(place).map_or("", |(component, _)| component);
    if parts.is_empty() || parts.starts_with('_') {
        return "split the stack in two and name the other half's services `external`".to_owned();
    }
    format!("give some of the links and sub-components of `{parts}` to a second component of its type")
}

/// Bytes of an object as kubectl writes it; it always adds `"annotations":{}`.
fn size(object: &Json) -> usize {
    value(object) + "\"annotations\":{},".len()
}

/// Bytes of a value as compact JSON.
fn value(value: &Json) -> usize {
    let separated = |sizes: usize, count: usize| sizes + 2 + count.saturating_sub(1);
    match value {
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| json_length(key) + 3 + self::value(value));
            separated(entries.sum(), map.len())
        }
        Json::Array(items) => separated(items.iter().map(self::value).sum(), items.len()),
        Json::String(text) => json_length(text) + 2,
        Json::Null => 4,
        Json::Bool(value) => {
            if *value {
                4
            } else {
                5
            }
        }
        Json::Number(number) => number.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rel_path::RelPath;
    use crate::tree::{Class, Holds, Skeleton, SkeletonKey};

    const KUSTOMIZATION: &str = "kind: Kustomization\nconfigMapGenerator:\n  - name: a-files\n    namespace: n\n    files:\n      - config/x.json\n  - name: a-config\n    namespace: n\n    envs:\n      - config/cloud.env\nsecretGenerator:\n  - name: a-credentials\n    namespace: n\n    envs:\n      - secret/cloud.env\ngeneratorOptions:\n  labels:\n    l: v\n";

    fn tree(files: &[(&str, Content)]) -> Tree {
        let mut tree = Tree::new();
        let kustomization = Content::Bytes(KUSTOMIZATION.as_bytes().into());
        for (path, content) in files.iter().chain([&("kustomization.yaml", kustomization)]) {
            let file = TreeFile {
                class: match content {
                    Content::Bytes(_) => Class::Owned,
                    Content::Skeleton(_) => Class::Seeded,
                },
                content: content.clone(),
                why: "a test".to_owned(),
            };
            let path = RelPath::parse(&format!("k8s/deploy/base/a/{path}")).unwrap();
            tree.insert(path, file).unwrap();
        }
        tree
    }

    fn text(text: String) -> Content {
        Content::Bytes(text.into_bytes().into())
    }

    fn env(count: usize, more: &str) -> Content {
        text(
            (0..count)
                .map(|number| format!("KEY_{number:06}=a.host.svc\n"))
                .collect::<String>()
                + more,
        )
    }

    fn secret(count: usize) -> Content {
        let key = |number| SkeletonKey {
            key: format!("KEY_{number:06}"),
            value: String::new(),
            comment: "not written".repeat(20),
            of: std::collections::BTreeSet::new(),
            holds: Holds::default(),
        };
        Content::Skeleton(Skeleton {
            header: Vec::new(),
            keys: (0..count).map(key).collect(),
            takes_ciphertext: true,
        })
    }

    /// The file at its largest, found by size alone, and the kind that the refusal of a larger one names.
    fn largest(path: &str, kind: &str, mut most: usize, content: impl Fn(usize) -> Content) -> usize {
        let fits = |count: usize| ensure_sizes(&tree(&[(path, content(count))]));
        let mut least = 1;
        while most - least > 1 {
            let middle = usize::midpoint(least, most);
            (least, most) = if fits(middle).is_ok() {
                (middle, most)
            } else {
                (least, middle)
            };
        }
        let message = fits(most).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("E_OUTPUT_SIZE: the {kind} `")),
            "{message}"
        );
        assert!(
            message.ends_with("give some of the links and sub-components of `a` to a second component of its type"),
            "{message}"
        );
        least
    }

    /// Bytes of an object that kubectl has applied, counted in another way.
    fn annotation(object: &Json) -> usize {
        let text = object.to_string();
        let escapes = |character| match character {
            '<' | '>' | '&' => 5,
            '\u{2028}' | '\u{2029}' => 3,
            _ => 0,
        };
        text.len() + text.chars().map(escapes).sum::<usize>() + LAST_APPLIED
    }

    fn object(kind: &str, name: &str, data: Json) -> Json {
        let metadata = json!({ "annotations": {}, "labels": { "l": "v" }, "name": format!("{name}-0123456789"), "namespace": "n" });
        json!({ "apiVersion": "v1", "data": data, "kind": kind, "metadata": metadata })
    }

    /// The count may be a little more than what is written, never less.
    fn assert_close(written: usize, kind: &str) {
        let most = most("k8s/deploy/base/a/", kind);
        assert!((most - 200..=most).contains(&written), "{written}");
    }

    #[test]
    fn config_maps_of_files() {
        for letter in ["a", "\"", "\n", "<", "é", "\u{2028}"] {
            let count = largest("config/x.json", "ConfigMap", MOST_DATA, |count| {
                text(letter.repeat(count))
            });
            let object = object("ConfigMap", "a-files", json!({ "x.json": letter.repeat(count) }));
            assert_close(annotation(&object), "ConfigMap");
        }
    }

    #[test]
    fn config_maps_of_settings() {
        let count = largest("config/cloud.env", "ConfigMap", 80_000, |count| {
            env(count, "# a comment is not written\n")
        });
        let data: BTreeMap<String, &str> = (0..count)
            .map(|number| (format!("KEY_{number:06}"), "a.host.svc"))
            .collect();
        let written = annotation(&object("ConfigMap", "a-config", json!(data)));
        assert!((MOST_DATA - 100 - count..=MOST_DATA).contains(&written), "{written}");
    }

    #[test]
    fn secrets() {
        let count = largest("secret/cloud.env", "Secret", 20_000, secret);
        let data: BTreeMap<String, String> = (0..count)
            .map(|number| (format!("KEY_{number:06}"), "x".repeat(88)))
            .collect();
        let mut secret = object("Secret", "a-credentials", json!(data));
        secret["type"] = json!("Opaque");
        assert!(
            (MOST_DATA - 300..=MOST_DATA).contains(&annotation(&secret)),
            "{}",
            annotation(&secret)
        );
    }

    #[test]
    fn objects_of_every_kind() {
        for kind in ["NetworkPolicy", "Cluster"] {
            for letter in [
                "- {a: LONG, c: 1}",
                "- \"<<<<<<<<<<<<<<<<<<<<\"",
                "- d: [null, true, 0.5, LONG]",
            ] {
                let yaml = |count: usize| {
                    let line = letter.replace("LONG", &"y".repeat(100));
                    let lines = format!("    {line}\n").repeat(count);
                    format!(
                        "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: b\n  annotations:\n    x: y\nspec:\n  list:\n{lines}"
                    )
                };
                let count = largest("object.yaml", kind, 16_000, |count| text(yaml(count)));
                let object = &crate::yaml::documents(&yaml(count)).unwrap()[0];
                let own = "xy".len();
                assert_close(annotation(object) + own, kind);
            }
        }
    }

    /// A small object is never read, so this must hold: no byte grows more.
    #[test]
    fn growth() {
        for character in (0..0x3000).filter_map(char::from_u32) {
            let size = json_length(&character.to_string());
            assert!(size <= GROWTH * character.len_utf8(), "{character:?}");
        }
    }
}
