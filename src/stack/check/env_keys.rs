//! Rule: the keys of a component's links are told apart, by their prefixes and one by one, as files too, and steer no process.
//!
//! A prefix follows from its own link alone, so two links may come to share one; `env:` on one of them says which it gets
//! instead. Anything that stacktic chose by itself would rename keys whose values a person has filled in.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::catalog::check::steered;
use crate::catalog::pattern::variables;
use crate::catalog::{Keys, Role};
use crate::finding::{Code, Finding};
use crate::name::{EnvPrefix, env_form};
use crate::stack::{Component, EnvValue, Link, Stack};
use crate::yaml::Span;

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    for component in stack.components.values() {
        let mut links: Vec<_> = stack
            .links_from(&component.name)
            .filter(|link| !link.env.is_empty())
            .map(|link| (place(checker, link), link))
            .collect();
        // The second one of a file is the one that was added.
        links.sort_by_key(|(span, _)| *span);
        let own = stack.own_keys(component).map(|key| key.key.as_str()).collect();
        let mut rule = Rule {
            checker,
            component,
            prefixes: Prefixes::of(component, &links, &own),
            told: BTreeSet::new(),
        };
        rule.steering(&links);
        rule.prefixes(&links);
        rule.keys(&links, &own);
        rule.files(&links);
    }
}

/// Numbers that a prefix which is advised may end in; a name that is too long has none.
const MOST_TRIED: usize = 1000;

/// Where the link stands in the file.
fn place(checker: &Checker<'_>, link: &Link) -> Span {
    let position = link.position.to_string();
    checker.topology.place(&["links", &position])
}

/// The rule for one component.
struct Rule<'r, 'c> {
    checker: &'r mut Checker<'c>,
    component: &'r Component,
    prefixes: Prefixes,
    /// Pairs of which something was said: one thing is enough.
    told: BTreeSet<(String, String)>,
}

impl Rule<'_, '_> {
    fn report(&mut self, code: Code, span: Span, message: String, hint: String) {
        self.checker.findings.push(Finding::new(code, span, message).hint(hint));
    }

    /// Keys that only a prefix makes what a runtime looks for: `NODE` and `{env}_OPTIONS`.
    fn steering(&mut self, links: &[(Span, &Link)]) {
        for (span, link) in links {
            let mut keys = link.env.iter();
            let Some((key, who)) = keys.find_map(|value| Some((&value.key, steered(&value.key)?))) else {
                continue;
            };
            let message = format!("the link `{}` would set `{key}`, which steers {who}", link.arrow());
            let hint = format!("choose another prefix, {}", self.prefixes.advice(link));
            self.report(Code::E_TOPOLOGY_NAME, *span, message, hint);
        }
    }

    /// Links that share a prefix.
    fn prefixes(&mut self, links: &[(Span, &Link)]) {
        let mut seen: BTreeMap<&str, &Link> = BTreeMap::new();
        for (span, link) in links {
            let Some(first) = seen.get(link.env_prefix.as_str()) else {
                seen.insert(&link.env_prefix, link);
                continue;
            };
            if self.component.has_role(Role::McpServer) && first.to == link.to {
                continue; // one connection, with one set of keys
            }
            let (one, other) = (first.arrow(), link.arrow());
            let message = format!(
                "the keys of `{one}` and of `{other}` both begin with `{}`",
                link.env_prefix
            );
            let advice = self.prefixes.advice(link);
            let hint = format!("give one of the two links a prefix of its own, {advice}");
            self.report(Code::E_TOPOLOGY_COLLISION, *span, message, hint);
            self.told.insert((one, other));
        }
    }

    /// Single keys that meet although the prefixes differ: `KAFKA_BRIDGE_…` of a bridge and of a topic called `bridge`.
    fn keys(&mut self, links: &[(Span, &Link)], own: &BTreeSet<&str>) {
        let mut seen: BTreeMap<&str, (&Link, Option<&str>)> = BTreeMap::new();
        for (span, link) in links {
            for value in &link.env {
                if own.contains(value.key.as_str()) {
                    let first = self.component.name.to_string();
                    self.key(
                        *span,
                        link,
                        &value.key,
                        (first.clone(), format!("the component `{first}`")),
                    );
                }
                let Some((first, said)) = seen.insert(&value.key, (link, value.value.as_deref())) else {
                    continue;
                };
                if self.component.has_role(Role::McpServer) && first.to == link.to {
                    continue; // one connection, whose links agree
                }
                // Two links that say the same do not contradict each other; of secrets nobody can tell.
                let is_shared = first.env_prefix == link.env_prefix && first.to == link.to;
                if said != value.value.as_deref() || (said.is_none() && !is_shared) {
                    let first = first.arrow();
                    self.key(*span, link, &value.key, (first.clone(), format!("the link `{first}`")));
                }
            }
        }
    }

    fn key(&mut self, span: Span, link: &Link, key: &str, (first, words): (String, String)) {
        if self.told.insert((first, link.arrow())) {
            let message = format!("{words} and the link `{}` both set `{key}`", link.arrow());
            let hint = format!("choose another prefix, {}", self.prefixes.advice(link));
            self.report(Code::E_TOPOLOGY_COLLISION, span, message, hint);
        }
    }

    /// Two secrets mounted as one file: a program would read the one for the other.
    fn files(&mut self, links: &[(Span, &Link)]) {
        let mut seen: BTreeMap<&str, (&EnvValue, &Link)> = BTreeMap::new();
        for (span, link) in links {
            for value in link.env.iter().filter(|value| value.value.is_none()) {
                let Some((known, first)) = seen.insert(&value.file, (value, link)) else {
                    continue;
                };
                if known.key == value.key || !self.told.insert((first.arrow(), link.arrow())) {
                    continue;
                }
                let message = format!(
                    "the links `{}` and `{}` both mount a secret as `{}`",
                    first.arrow(),
                    link.arrow(),
                    value.file
                );
                let hint = self.way_out(&[(value, link), (known, first)]);
                self.report(Code::E_TOPOLOGY_COLLISION, *span, message, hint);
            }
        }
    }

    /// What gives one of the files another name.
    fn way_out(&mut self, mounted: &[(&EnvValue, &Link)]) -> String {
        let by_convention =
            |(value, link): &&(&EnvValue, &Link)| link.kind.slot.file.is_none() && value.file != value.key;
        if let Some((_, link)) = mounted.iter().find(by_convention) {
            return format!("choose another prefix, {}", self.prefixes.advice(link));
        }
        let mut patterns = mounted.iter().filter_map(|(_, link)| link.kind.slot.file.as_deref());
        match patterns.any(|file| variables(file).next().is_some()) {
            true => "rename one of the components or sub-components".to_owned(),
            false => "remove one of the two links: their link types have one file for it".to_owned(),
        }
    }
}

/// Prefixes and keys that a new prefix must not run into, each with the link that has it.
struct Prefixes {
    is_server: bool,
    convention: Option<String>,
    taken: Vec<(String, String)>,
    keys: Vec<(String, String)>,
    /// What was advised for a link: whatever else it runs into, it needs one.
    advised: BTreeMap<String, String>,
}

impl Prefixes {
    fn of(component: &Component, links: &[(Span, &Link)], own: &BTreeSet<&str>) -> Self {
        let keys = links
            .iter()
            .flat_map(|(_, link)| link.env.iter().map(move |value| (&value.key, link)));
        let keys = keys.map(|(key, link)| (key.clone(), link.arrow()));
        let variables = component
            .settings()
            .map(|(name, _)| name)
            .chain(component.secret_names());
        let own = own.iter().copied().chain(variables);
        let own = own.map(|key| (key.to_owned(), component.name.to_string()));
        Self {
            is_server: component.has_role(Role::McpServer),
            convention: component.convention().map(str::to_owned),
            taken: links
                .iter()
                .map(|(_, link)| (link.env_prefix.clone(), link.arrow()))
                .collect(),
            keys: keys.chain(own).collect(),
            advised: BTreeMap::new(),
        }
    }

    /// `such as …`: a prefix that is free, for the link.
    fn advice(&mut self, link: &Link) -> String {
        let arrow = link.arrow();
        let known = self.advised.get(&arrow).cloned();
        let name = known.unwrap_or_else(|| self.free(link));
        self.taken.push((self.whole(&name), arrow.clone()));
        let advice = format!("such as `env: {name}` on `{arrow}`");
        self.advised.insert(arrow, name);
        advice
    }

    fn free(&self, link: &Link) -> String {
        let to = env_form(link.to.as_str());
        let sub = link.sub.as_ref().map(|sub| format!("{to}_{}", env_form(sub.as_str())));
        let numbered = (2..MOST_TRIED).map(|number| format!("{to}_{number}"));
        // What is given takes a link out of the keys of fixed names, even where it says the same as before.
        let same = Some(link.env_prefix.clone()).filter(|_| self.has_fixed_keys(link) && !self.is_server);
        let mut names = same.into_iter().chain(sub).chain([to.clone()]).chain(numbered);
        let name = names.find(|name| EnvPrefix::parse(name).is_ok() && self.is_free(&self.whole(name), link));
        name.unwrap_or_else(|| "NAME".to_owned())
    }

    /// The prefix that `env` makes.
    fn whole(&self, name: &str) -> String {
        match self.is_server {
            true => format!("MCP_{name}"),
            false => name.to_owned(),
        }
    }

    /// Whether no key of another begins as those behind the prefix would.
    fn is_free(&self, prefix: &str, link: &Link) -> bool {
        let (first, arrow) = (format!("{prefix}_"), link.arrow());
        let fixed = self.has_fixed_keys(link);
        let is_taken = |(known, whose): &(String, String)| known == prefix && !(fixed && *whose == arrow);
        let runs_into = |(key, whose): &(String, String)| key.starts_with(&first) && *whose != arrow;
        !self.taken.iter().any(is_taken) && !self.keys.iter().any(runs_into)
    }

    /// Whether the link has keys of fixed names, because it has no `env:`.
    fn has_fixed_keys(&self, link: &Link) -> bool {
        let keys = self.convention.as_ref().and_then(|name| link.kind.keys.get(name));
        let is_fixed = keys.is_some_and(Keys::has_fixed);
        is_fixed && link.kind.slot.keys.is_none() && link.given_env.is_none()
    }
}
