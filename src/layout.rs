//! Every place of the output: which kinds of files lie where, and where hooks may add their own.
//!
//! A path goes in, whether this program can have made it comes out: the second key that a delete needs, beside the lock. It
//! holds for what the catalog no longer has, too, so that the files of a hook that is gone can go.

use std::iter::zip;
use std::sync::LazyLock;

use crate::name::{ComponentName, RelPath};

/// The folder, in bases and overlays, of what belongs to several components: namespaces with their default-deny policies.
/// No component has such a name, and none owns them: what one owned would go or move with it.
pub const NAMESPACES: &str = "_namespaces";

/// The folder below the bases with the values of operators' charts. They are of no component: whoever comes or goes, the
/// operator stays as it is.
pub const OPERATORS: &str = "_operators";

/// A place of the output.
struct Place {
    /// Its segments: text as it is, `<name>` for a checked name, `<folder>` for that or `_namespaces`, `<word>` for a folder of
    /// a hook, and a file as `stem.kind`, where `*` stands for what is not hidden and `{md,txt}` for one of several kinds.
    pattern: &'static str,
    owner: Owner,
}

/// A place as paths are compared with it: every file of a run asks for its own, so patterns are taken apart once.
static TAKEN_APART: LazyLock<Vec<(Vec<Segment>, Owner)>> = LazyLock::new(|| {
    let places = PLACES.iter();
    let apart = places.map(|place| (place.pattern.split('/').map(Segment::of).collect(), place.owner));
    apart.collect()
});

/// What one segment of a path may be.
enum Segment {
    Text(&'static str),
    Name,
    Folder,
    Word,
    File {
        head: &'static str,
        kinds: Vec<&'static str>,
        /// It is a further part of such a file.
        is_part: bool,
    },
}

/// Who puts files there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// What is the same in every stack.
    Stack,
    /// An entry of a type or a pair, in the folder of a component.
    Component,
    /// What an environment changes.
    Environment,
    /// Any hook, those of overlays included.
    Hook,
}

const fn place(pattern: &'static str, owner: Owner) -> Place {
    Place { pattern, owner }
}

const PLACES: [Place; 29] = [
    place("stack-metadata.json", Owner::Stack),
    place("tools.lock.json", Owner::Stack),
    place("helmfile.yaml", Owner::Stack),
    place(".sops.yaml", Owner::Stack),
    place(".gitignore", Owner::Stack),
    place(".gitattributes", Owner::Stack),
    place("docs/*.{csv,json,md,txt,yaml}", Owner::Hook),
    place("docs/<word>/*.{csv,json,md,txt,yaml}", Owner::Hook),
    place("docs/<word>/<word>/*.{csv,json,md,txt,yaml}", Owner::Hook),
    place("argocd/<name>/*.yaml", Owner::Environment),
    place("argocd/<name>/applications/*.yaml", Owner::Environment),
    place("argocd/<name>/operators/*.yaml", Owner::Environment),
    place("k8s/build/base/<name>/Dockerfile", Owner::Component),
    place("k8s/build/base/<name>/*.{in,py,sh,toml,txt,yaml}", Owner::Component),
    place("k8s/deploy/base/_operators/values-*.yaml", Owner::Stack),
    place("k8s/deploy/base/_operators/<name>/kustomization.yaml", Owner::Stack),
    place("k8s/deploy/base/<folder>/*.{json,yaml}", Owner::Hook),
    place("k8s/deploy/base/<folder>/files/*.{json,py}", Owner::Component),
    place("k8s/deploy/base/<folder>/config/*.{env,json,yaml}", Owner::Hook),
    place("k8s/deploy/base/<folder>/config/*.json.<part>", Owner::Hook),
    place("k8s/deploy/base/<folder>/secret/*.env", Owner::Component),
    place("k8s/deploy/sops/<name>/kustomization.yaml", Owner::Environment),
    place("k8s/deploy/sops/<name>/<folder>/kustomization.yaml", Owner::Environment),
    place("k8s/deploy/sops/<name>/<folder>/ksops.yaml", Owner::Environment),
    place("k8s/deploy/overlays/<name>/kustomization.yaml", Owner::Environment),
    place("k8s/deploy/overlays/<name>/<folder>/*.yaml", Owner::Environment),
    place(
        "k8s/deploy/overlays/<name>/<folder>/local/kustomization.yaml",
        Owner::Environment,
    ),
    place(
        "k8s/deploy/overlays/<name>/<folder>/config/*.{env,json}",
        Owner::Environment,
    ),
    place(
        "k8s/deploy/overlays/<name>/<folder>/config/*.json.<part>",
        Owner::Environment,
    ),
];

/// Whether a file at `path` can be the work of this program.
#[must_use]
pub fn is_producible(path: &RelPath) -> bool {
    is_at_one(path, |_| true)
}

/// Whether kustomize, or who installs a chart, is told to read the file, so that nothing builds without it.
#[must_use]
pub fn is_built_from(path: &RelPath) -> bool {
    path.as_str().starts_with("k8s/deploy/")
}

/// Whether the paths of `pattern`, which has variables in braces, lie in places that this program writes.
#[must_use]
pub fn admits(pattern: &str) -> bool {
    sample(pattern).is_some_and(|path| is_producible(&path))
}

/// Whether the paths of `pattern` lie in places that any hook may write.
#[must_use]
pub fn admits_hooks(pattern: &str) -> bool {
    sample(pattern).is_some_and(|path| is_at_one(&path, |owner| owner == Owner::Hook))
}

/// A path of a pattern.
fn sample(pattern: &str) -> Option<RelPath> {
    let mut path = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (_, after) = after.split_once('}')?;
        path.push_str(before);
        path.push('x');
        rest = after;
    }
    path.push_str(rest);
    RelPath::parse(&path).ok()
}

/// Where any hook may write, as patterns for people.
pub fn places_of_hooks() -> impl Iterator<Item = &'static str> {
    let of_hooks = PLACES.iter().filter(|place| place.owner == Owner::Hook);
    of_hooks.map(|place| place.pattern)
}

/// Of `names` in the folder of a component, the values files of its Helm release, the weakest first: `values.yaml`, others by
/// their names, and what a person adds last.
#[must_use]
pub fn values_files<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> = names.filter(|name| is_values_file(name)).collect();
    let rank = |name: &str| match name {
        "values.yaml" => 0,
        "values.local.yaml" => 2,
        _ => 1,
    };
    found.sort_by_key(|name| (rank(name), *name));
    found
}

/// Whether a file in the folder of a component holds values of its Helm release.
#[must_use]
pub fn is_values_file(name: &str) -> bool {
    name.starts_with("values") && name.ends_with(".yaml") && !name.contains('/')
}

/// The whole that a further part of a document belongs to, and the number as it is written, at least three digits:
/// `stack-metadata.json.007`.
#[must_use]
pub fn part_of(name: &str) -> Option<(&str, &str)> {
    let (whole, number) = name.rsplit_once('.')?;
    let is_number = number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((whole, number))
}

fn is_at_one(path: &RelPath, is_meant: impl Fn(Owner) -> bool) -> bool {
    let segments: Vec<&str> = path.segments().collect();
    let fits =
        |place: &[Segment]| place.len() == segments.len() && zip(place, &segments).all(|(one, text)| one.admits(text));
    let mut places = TAKEN_APART.iter();
    places.any(|(place, owner)| is_meant(*owner) && fits(place))
}

impl Segment {
    fn of(pattern: &'static str) -> Self {
        match pattern {
            "<name>" => Self::Name,
            "<folder>" => Self::Folder,
            "<word>" => Self::Word,
            file => Self::file(file).unwrap_or(Self::Text(file)),
        }
    }

    /// A file by the start of its name and its kinds.
    fn file(pattern: &'static str) -> Option<Self> {
        let whole = pattern.strip_suffix(".<part>");
        let (head, kinds) = whole.unwrap_or(pattern).split_once("*.")?;
        Some(Self::File {
            head,
            kinds: kinds.trim_matches(['{', '}']).split(',').collect(),
            is_part: whole.is_some(),
        })
    }

    fn admits(&self, segment: &str) -> bool {
        match self {
            Self::Text(text) => *text == segment,
            Self::Name => is_name(segment),
            Self::Folder => is_name(segment) || segment == NAMESPACES,
            Self::Word => is_word(segment),
            Self::File {
                head,
                kinds,
                is_part: true,
            } => part_of(segment).is_some_and(|(whole, _)| is_file(head, kinds, whole)),
            Self::File { head, kinds, .. } => is_file(head, kinds, segment),
        }
    }
}

fn is_name(segment: &str) -> bool {
    ComponentName::parse(segment).is_ok()
}

/// A folder of a hook: `mail`, `mcp_clients`.
fn is_word(segment: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    segment.starts_with(|first: char| first.is_ascii_lowercase()) && segment.bytes().all(is_part)
}

/// A name that is hidden, or nothing but a kind, is none.
fn is_file(head: &str, kinds: &[&str], name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, kind)| {
        stem.len() > head.len() && stem.starts_with(head) && !stem.starts_with('.') && kinds.contains(&kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, producible) in [
            ("tools.lock.json", true),
            ("k8s/deploy/base/fastmcp/files/grafana_tools.py", true),
            ("k8s/deploy/base/fastmcp/files/deep/x.py", false),
            ("k8s/deploy/base/agent/config/stack-metadata.json.000", true),
            ("k8s/deploy/base/agent/config/stack-metadata.json.1000", true),
            ("k8s/deploy/base/server/config/topology.json.001", true),
            ("k8s/deploy/base/agent/config/stack-metadata.json.00", false),
            ("k8s/deploy/base/agent/config/passwords.000", false),
            ("k8s/deploy/base/agent/stack-metadata.json.000", false),
            ("k8s/deploy/overlays/dev/agent/config/stack-metadata.json.001", true),
            ("k8s/build/base/agent/Dockerfile", true),
            ("k8s/build/base/agent/collect.sh", true),
            ("k8s/build/base/shop/compose.yaml", true),
            ("k8s/build/base/agent/deep/collect.sh", false),
            ("k8s/deploy/base/agent/collect.sh", false),
            ("k8s/deploy/base/agent/.hidden.yaml", false),
            ("k8s/deploy/base/agent/secret/plain.yaml", false),
            ("k8s/deploy/base/Fastmcp/values.yaml", false),
            ("k8s/deploy/base/_namespaces/namespace-db.yaml", true),
            ("k8s/deploy/base/_others/namespace-db.yaml", false),
            ("k8s/deploy/base/_operators/values-cnpg-cloudnative-pg.yaml", true),
            ("k8s/deploy/base/_operators/namespace-db.yaml", false),
            ("k8s/deploy/overlays/dev/_namespaces/local/kustomization.yaml", true),
            ("argocd/_namespaces/project.yaml", false),
            ("k8s/build/base/_namespaces/Dockerfile", false),
            ("k8s/deploy/overlays/dev/kafka/local/kustomization.yaml", true),
            ("argocd/dev/applications/kafka.yaml", true),
            ("argocd/id_rsa", false),
            ("docs/topology.md", true),
            ("docs/mail.md", true),
            ("docs/mail/relays.csv", true),
            ("docs/mail/shop-1/relays.md", true),
            ("docs/mail/shop/deep/relays.md", false),
            ("docs/clients/vscode.json", true),
            ("docs/clients/README.md", true),
            ("docs/clients/.json", false),
            ("docs/.mail/notes.md", false),
            ("docs/Mail/notes.md", false),
            ("docs/mail/run.sh", false),
            ("docs/mail/run.py", false),
            ("docs/mail/page.html", false),
            ("docs/mail", false),
            ("src/main.rs", false),
            ("README.md", false),
        ] {
            let path = RelPath::parse(path).unwrap();
            assert_eq!(is_producible(&path), producible, "{path}");
        }
    }

    #[test]
    fn patterns_of_hooks() {
        for (pattern, expected) in [
            ("docs/{from}-{to}.md", true),
            ("k8s/deploy/base/{component}/route-{link.object}.yaml", true),
            ("k8s/deploy/base/{component}/run.sh", false),
            ("docs/../{component}.md", false),
            ("/etc/{component}.md", false),
            ("docs/{component.md", false),
            ("{component}/a.md", false),
        ] {
            assert_eq!(admits(pattern), expected, "{pattern}");
            assert_eq!(admits_hooks(pattern), expected, "{pattern}");
        }
        for pattern in [
            "k8s/build/base/{component}/run.sh",
            "argocd/{environment}/x.yaml",
            "k8s/deploy/base/a/secret/b.env",
        ] {
            assert!(admits(pattern) && !admits_hooks(pattern), "{pattern}");
        }
        for pattern in places_of_hooks() {
            let starts = ["docs/", "k8s/deploy/base/"];
            assert!(starts.iter().any(|start| pattern.starts_with(start)), "{pattern}");
        }
    }

    #[test]
    fn values_files_are_in_the_order_of_their_strength() {
        let names = [
            "values.local.yaml",
            "values-plugins.yaml",
            "values.yaml",
            "config/values.yaml",
            "values-datasources.yaml",
            "networkpolicy.yaml",
            "values.json",
        ];
        assert_eq!(
            values_files(names.into_iter()),
            [
                "values.yaml",
                "values-datasources.yaml",
                "values-plugins.yaml",
                "values.local.yaml"
            ]
        );
        assert!(values_files(["kustomization.yaml"].into_iter()).is_empty());
    }

    #[test]
    fn parts() {
        for (text, expected) in [
            ("config/a.json.007", Some(("config/a.json", "007"))),
            ("config/a.json.1000", Some(("config/a.json", "1000"))),
            ("config/a.json", None),
            ("config/a.json.07", None),
            ("007", None),
        ] {
            assert_eq!(part_of(text), expected, "{text}");
        }
    }
}
