//! A link changes what it is told to cause: a stack with it, beside the same stack without it.
//!
//! Effects and two trees go in; what is told and not there, or there and not told, comes out. Some need not show in the smallest
//! stack: what a function makes of the whole graph, files that ask for a link of another slot, accounts that a person makes.

use super::smallest::CONSUMER;
use crate::command::effects::Effect;
use crate::tree::Tree;

/// The hook that writes what is open.
const POLICIES: &str = "network_policies";

/// Every breach, in words that follow `such a link`.
///
/// `selecting` are names of hooks that select the link itself.
pub(super) fn breaches(told: &[Effect], selecting: &[&str], before: &Tree, after: &Tree) -> Vec<String> {
    let reasons = reasons(before, after);
    let missing = told
        .iter()
        .filter(|effect| shows(effect, selecting, &reasons) == Some(false));
    let missing = missing.map(|effect| format!("is told to cause `{effect}`, and a stack without it has no less"));
    let tells = |some: &[Effect]| some.iter().any(|effect| told.contains(effect));
    let untold = [
        (
            opens(&reasons) && !tells(&[Effect::Edge, Effect::Ways]),
            "a network edge",
        ),
        (
            has_keys(&reasons) && !tells(&[Effect::Account, Effect::Secret]),
            "a secret",
        ),
    ];
    let untold = untold.into_iter().filter(|(is_untold, _)| *is_untold);
    let untold = untold.map(|(_, what)| format!("causes {what}, which it is not told to"));
    missing.chain(untold).collect()
}

/// Why the files are there that only one of the trees has so.
fn reasons<'a>(before: &'a Tree, after: &'a Tree) -> Vec<&'a str> {
    let beyond = |one: &'a Tree, other: &'a Tree| {
        let files = one.iter().filter(|(path, file)| other.get(path) != Some(*file));
        files.map(|(_, file)| file.why.as_str())
    };
    beyond(after, before).chain(beyond(before, after)).collect()
}

/// Whether an effect is to be seen; `None` where it need not be.
fn shows(effect: &Effect, selecting: &[&str], reasons: &[&str]) -> Option<bool> {
    Some(match effect {
        Effect::Edge | Effect::Ways => opens(reasons),
        Effect::Settings | Effect::Certificate => is_of(reasons, "component", CONSUMER),
        Effect::Secret => has_keys(reasons),
        Effect::Tools(_) | Effect::Files => reasons.iter().any(|why| why.starts_with("pair ")),
        Effect::Hook(name) if selecting.contains(&name.as_str()) => is_of(reasons, "hook", name),
        Effect::Account | Effect::Hook(_) | Effect::OwnFiles(_) => return None,
    })
}

fn opens(reasons: &[&str]) -> bool {
    is_of(reasons, "hook", POLICIES)
}

/// Whether keys of a Secret of the consumer come or go.
fn has_keys(reasons: &[&str]) -> bool {
    let own = format!("component {CONSUMER}, keys of Secret ");
    reasons.iter().any(|why| why.starts_with(&own))
}

/// Whether a file is there because of this entry or component.
fn is_of(reasons: &[&str], what: &str, name: &str) -> bool {
    let own = format!("{what} {name}, ");
    reasons.iter().any(|why| why.starts_with(&own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::Contents;
    use crate::rel_path::RelPath;
    use crate::tree::{Class, Content, TreeFile};

    const POLICY: &str = "hook network_policies, template policy.yaml.j2";
    const KEYS: &str = "component consumer, keys of Secret consumer-credentials";

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, why) in files {
            let file = TreeFile {
                class: Class::Owned,
                content: Content::Bytes(Contents::from(path.as_bytes().to_vec())),
                why: (*why).to_owned(),
            };
            tree.insert(RelPath::parse(path).unwrap(), file).unwrap();
        }
        tree
    }

    fn found(told: &[Effect], before: &Tree, after: &Tree) -> Vec<String> {
        breaches(told, &["backups"], before, after)
    }

    #[test]
    fn what_is_told_and_seen_is_no_breach() {
        let (without, with) = (tree(&[]), tree(&[("policy.yaml", POLICY), ("cloud.env", KEYS)]));
        let told = [
            Effect::Edge,
            Effect::Account,
            Effect::OwnFiles("any".to_owned()),
            Effect::Hook("of_a_function".to_owned()),
        ];
        assert_eq!(found(&told, &without, &with), Vec::<String>::new());
        // What goes is a difference as well.
        assert_eq!(found(&told, &with, &without), Vec::<String>::new());
    }

    #[test]
    fn what_is_told_and_not_seen_is_told() {
        let same = tree(&[("policy.yaml", POLICY)]);
        let told = [Effect::Edge, Effect::Secret, Effect::Hook("backups".to_owned())];
        let found = found(&told, &same, &same);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("`network edge`"), "{found:?}");
    }

    #[test]
    fn what_is_seen_and_not_told_is_told() {
        let (without, with) = (tree(&[]), tree(&[("policy.yaml", POLICY), ("cloud.env", KEYS)]));
        let found = found(&[Effect::Settings], &without, &with);
        assert_eq!(
            found,
            [
                "causes a network edge, which it is not told to",
                "causes a secret, which it is not told to"
            ]
        );
    }
}
