//! Rule: nobody else sets the variables that a stack file gives a program: no link of it, no type, and none of them twice.
//!
//! Kubernetes would take one of the two without a word.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Checker;
use crate::catalog::pattern::variables;
use crate::catalog::{AttributeType, EnvSetting};
use crate::finding::{Code, Finding};
use crate::stack::{Component, Stack};
use crate::yaml::Span;

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    let document = &checker.topology.document;
    let mut findings = Vec::new();
    for component in stack.components.values() {
        let name = component.name.as_str();
        let mut seen = BTreeMap::new();
        let own = document.components.get(name).map(|one| &one.attributes);
        own.into_iter()
            .flat_map(|given| of(checker, component, &["components", name], given))
            .for_each(|variable| findings.extend(variable.taken(stack, component, &mut seen)));
        for (environment, overrides) in &document.environments {
            let given = overrides.components.get(name).map(|one| &one.attributes);
            let path = ["environments", environment, "components", name];
            given
                .into_iter()
                .flat_map(|given| of(checker, component, &path, given))
                .for_each(|variable| findings.extend(variable.taken(stack, component, &mut seen)));
        }
    }
    checker.findings.extend(findings);
}

/// A variable as it was given.
struct Variable<'a> {
    attribute: &'a str,
    name: &'a str,
    span: Span,
}

/// The variables among the attributes that are given at `path`.
fn of<'a>(
    checker: &Checker<'a>,
    component: &'a Component,
    path: &[&str],
    given: &'a BTreeMap<String, Json>,
) -> Vec<Variable<'a>> {
    let types = &component.entry.definition.attributes;
    let is_of_variables = |kind: &AttributeType| kind.kind.is_of_variables();
    let mut found = Vec::new();
    for (attribute, value) in given
        .iter()
        .filter(|(name, _)| types.get(*name).is_some_and(is_of_variables))
    {
        let place = |end: &str| {
            checker
                .topology
                .key_place(&[path, &["attributes", attribute, end]].concat())
        };
        let mut add = |name: &'a str, span| found.push(Variable { attribute, name, span });
        match value {
            Json::Object(settings) => settings.keys().for_each(|name| add(name, place(name))),
            Json::Array(names) => {
                let names = names.iter().enumerate();
                names.for_each(|(position, name)| {
                    add(name.as_str().unwrap_or_default(), place(&position.to_string()));
                });
            }
            _ => {}
        }
    }
    found
}

impl<'a> Variable<'a> {
    fn taken(&self, stack: &Stack, component: &Component, seen: &mut BTreeMap<&'a str, &'a str>) -> Option<Finding> {
        let name = self.name;
        let (whose, hint) = if let Some(other) = seen.insert(name, self.attribute).filter(|one| *one != self.attribute)
        {
            (format!("stands in `{other}` too"), "remove one of the two".to_owned())
        } else if let Some(link) = self.link(stack, component) {
            let hint = "give it another name, or the link's keys another prefix: `env: NAME` on the link";
            (format!("is set by the link `{link}`"), hint.to_owned())
        } else {
            let hint = self.of_type(stack, component)?;
            (format!("is set by type `{}`", component.type_name()), hint)
        };
        let message = format!("`{name}` of `{}` {whose}", self.attribute);
        Some(Finding::new(Code::E_TOPOLOGY_COLLISION, self.span, message).hint(hint))
    }

    /// The link that sets it, or mounts a secret under its name.
    fn link(&self, stack: &Stack, component: &Component) -> Option<String> {
        let mut links = stack.links_from(&component.name);
        let sets = |value: &crate::stack::EnvValue| {
            value.key == self.name || (value.value.is_none() && value.file == self.name)
        };
        let link = links.find(|link| link.env.iter().any(sets))?;
        Some(link.arrow())
    }

    /// What to do where the type, or the convention that it follows, sets it.
    fn of_type(&self, stack: &Stack, component: &Component) -> Option<String> {
        let workload = component.entry.definition.install.workload();
        let setting = workload.and_then(|workload| workload.env.get(self.name));
        let value = setting.map(|setting| match setting {
            EnvSetting::Always(value) => value,
            EnvSetting::Sometimes(setting) => &setting.value,
        });
        let types = &component.entry.definition.attributes;
        if let Some(attribute) = value.and_then(|value| variables(value).find(|name| types.contains_key(*name))) {
            return Some(format!(
                "remove it, and write `attributes: {{{attribute}: …}}` for another value"
            ));
        }
        let is_own_key = || stack.own_keys(component).any(|key| key.key == self.name);
        let is_taken = value.is_some() || component.always.contains_key(self.name) || is_own_key();
        is_taken.then(|| "remove it".to_owned())
    }
}
