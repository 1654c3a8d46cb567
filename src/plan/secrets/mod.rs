//! Secret skeletons: which keys a Secret has and where their values come from, never the values.

mod holds;
mod links;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

pub(crate) use holds::OF_LINK;

use super::{Plan, PlannedFile, Source};
use crate::catalog::{SecretSpec, pattern};
use crate::layout::NAMESPACES;
use crate::name::object_form;
use crate::stack::{AttributeValue, Component, Maker, SecretValue, SecretsBackend, Stack, SubComponent};
use crate::tree::{Class, Holds, Skeleton, SkeletonKey};
use crate::view::{self, object};

/// The file that holds the keys of a component's links.
pub(super) const CLOUD_ENV: &str = "cloud.env";

/// A Secret of a component.
#[derive(Debug)]
pub(super) struct PlannedSecret {
    pub(super) name: String,
    pub(super) namespace: String,
    /// Name below `secret/`.
    pub(super) file: String,
    pub(super) kind: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) keys: Vec<SkeletonKey>,
    /// Something names it whose names kustomize does not follow, so it must not add a hash.
    pub(super) fixed_name: bool,
}

/// Whether a Secret of the component is known to a chart or a custom resource. What the templates of workloads name is of
/// kinds that kustomize follows: there a Secret has the hash of its contents in its name, and a change rolls its pods.
fn is_named_elsewhere(component: &Component) -> bool {
    component.entry.definition.install.workload().is_none()
}

pub(super) fn plan(plan: &mut Plan, stack: &Stack) -> anyhow::Result<()> {
    if stack.secrets == SecretsBackend::ExternalSecrets {
        return Ok(()); // the objects come from `kustomize`; there is nothing to fill in
    }
    for component in stack.deployed() {
        for secret in secrets(stack, component)? {
            let why = format!("component {}", component.name);
            insert(plan, stack, component.name.as_str(), &why, secret)?;
        }
    }
    for secret in shared(stack)? {
        let why = format!("namespace {}", secret.namespace);
        insert(plan, stack, NAMESPACES, &why, secret)?;
    }
    Ok(())
}

fn insert(plan: &mut Plan, stack: &Stack, folder: &str, why: &str, secret: PlannedSecret) -> anyhow::Result<()> {
    let path = format!("k8s/deploy/base/{folder}/secret/{}", secret.file);
    let planned = PlannedFile {
        class: Class::Seeded,
        why: format!("{why}, keys of Secret {}", secret.name),
        source: Source::Skeleton(Skeleton {
            header: header(&secret, stack.secrets),
            keys: secret.keys,
            takes_ciphertext: stack.secrets == SecretsBackend::Sops,
        }),
        resource: false,
    };
    plan.insert(&path, planned)
}

fn header(secret: &PlannedSecret, backend: SecretsBackend) -> Vec<String> {
    let next = match backend {
        SecretsBackend::Sops => {
            "`stacktic secrets fill` makes what is of your own choice and encrypts the file; commit it encrypted alone."
        }
        _ => {
            "`stacktic secrets fill` makes what is of your own choice. The file is plain: with `secrets: sops` it could be committed."
        }
    };
    vec![
        format!(
            "Keys of Secret {}. Seeded by stacktic from stack.yaml: keys come and go with links, values are yours.",
            secret.name
        ),
        next.to_owned(),
    ]
}

/// Secrets that belong to a namespace, sorted by file: what components of one type share there.
pub(super) fn shared(stack: &Stack) -> anyhow::Result<Vec<PlannedSecret>> {
    let mut found = BTreeMap::new();
    for component in stack.deployed() {
        let own = shared_by(stack, component)?.into_iter();
        found.extend(own.map(|secret| (secret.file.clone(), secret)));
    }
    Ok(found.into_values().collect())
}

/// Those of them that a component has a part in.
pub(super) fn shared_by(stack: &Stack, component: &Component) -> anyhow::Result<Vec<PlannedSecret>> {
    let specs = component.entry.definition.secrets.iter().filter(|spec| spec.shared);
    specs
        .map(|spec| secret(stack, component, spec, |name| component_variable(component, None, name)))
        .collect()
}

/// All Secrets of a component, sorted by file.
pub(super) fn secrets(stack: &Stack, component: &Component) -> anyhow::Result<Vec<PlannedSecret>> {
    let mut found: BTreeMap<String, PlannedSecret> = BTreeMap::new();
    let mut add = |secret: PlannedSecret| match found.get_mut(&secret.file) {
        Some(first) => join(first, secret),
        None if secret.keys.is_empty() => {}
        None => drop(found.insert(secret.file.clone(), secret)),
    };
    if let Some(secret) = credentials(stack, component)? {
        add(secret);
    }
    for spec in component
        .entry
        .definition
        .secrets
        .iter()
        .filter(|spec| spec.file != CLOUD_ENV && !spec.shared)
        .filter(|spec| spec.slot.as_ref().is_none_or(|slot| stack.takes(component, slot)))
    {
        for sub in whom(component, spec).filter(|sub| is_wanted(component, *sub, spec)) {
            add(secret(stack, component, spec, |name| {
                component_variable(component, sub, name)
            })?);
        }
    }
    let delivered = stack
        .links_from(&component.name)
        .filter_map(|link| Some((link, link.delivered.as_ref()?)));
    let lent = stack
        .links_from(&component.name)
        .flat_map(|link| link.lent.values().map(move |secret| (link, secret)));
    delivered
        .map(|(link, secret)| links::delivered(component, link, secret))
        .chain(lent.map(|(link, secret)| links::lent(component, link, secret)))
        .for_each(&mut add);
    let seeded = stack.accounts_at(&component.name);
    seeded
        .filter_map(|account| links::seeded(stack, component, account))
        .for_each(&mut add);
    Ok(found.into_values().collect())
}

/// What a Secret of the type is for, one by one: the component, or its sub-components of a type.
fn whom<'a>(component: &'a Component, spec: &'a SecretSpec) -> impl Iterator<Item = Option<&'a SubComponent>> {
    let whole = spec.for_each.is_none().then_some(None);
    let subs = component.sub_components.values();
    let subs = subs.filter(|sub| spec.for_each.as_ref() == Some(&sub.sub_type));
    whole.into_iter().chain(subs.map(Some))
}

/// Whether attributes have the values with which the Secret is there.
fn is_wanted(component: &Component, sub: Option<&SubComponent>, spec: &SecretSpec) -> bool {
    let mut conditions = spec.when.iter();
    conditions.all(|(name, value)| component_variable(component, sub, name).as_deref() == Some(value))
}

/// Links that share a Secret each bring their keys.
fn join(first: &mut PlannedSecret, more: PlannedSecret) {
    for key in more.keys {
        match first.keys.iter_mut().find(|known| known.key == key.key) {
            Some(known) => known.of.extend(key.of),
            None => first.keys.push(key),
        }
    }
    first.keys.sort_by(|left, right| left.key.cmp(&right.key));
    first.labels.extend(more.labels);
}

/// The Secret with the keys of the component's links and its own.
fn credentials(stack: &Stack, component: &Component) -> anyhow::Result<Option<PlannedSecret>> {
    let mut keys: BTreeMap<String, SkeletonKey> = BTreeMap::new();
    for spec in component.own_credentials() {
        let own = secret(stack, component, spec, |name| component_variable(component, None, name))?;
        keys.extend(own.keys.into_iter().map(|key| (key.key.clone(), key)));
    }
    let name = format!("{}-credentials", component.name);
    for key in component.secret_names() {
        keys.insert(key.to_owned(), named(component, &name, key));
    }
    for value in stack
        .links_from(&component.name)
        .flat_map(|link| &link.env)
        .filter(|value| value.value.is_none())
    {
        let key = SkeletonKey {
            key: value.key.clone(),
            value: String::new(),
            comment: value.help.clone(),
            of: BTreeSet::from([value.of.clone()]),
            holds: Holds::Secret(value.secret.clone()),
        };
        // Links that share a key each have a part in it.
        match keys.get_mut(&value.key) {
            Some(shared) => shared.of.extend(key.of),
            None => drop(keys.insert(value.key.clone(), key)),
        }
    }
    if keys.is_empty() {
        return Ok(None);
    }
    let keys = keys.into_values().collect();
    let is_own = component.entry.definition.install.is_ours();
    Ok(Some(PlannedSecret {
        name,
        namespace: component.namespace.to_string(),
        file: CLOUD_ENV.to_owned(),
        kind: None,
        labels: BTreeMap::new(),
        keys,
        fixed_name: !is_own,
    }))
}

/// A key that the stack file names: what it is for, and who issues it, the application knows.
fn named(component: &Component, secret: &str, key: &str) -> SkeletonKey {
    let issued = Maker::Others { command: None };
    let value = SecretValue::in_secret(component.namespace.as_str(), secret, key, issued);
    SkeletonKey {
        key: key.to_owned(),
        value: String::new(),
        comment: format!(
            "of {} itself, which stack.yaml names; whoever issues it gives the value",
            component.name
        ),
        of: BTreeSet::new(),
        holds: Holds::Secret(value.into()),
    }
}

fn secret<'v>(
    stack: &Stack,
    component: &Component,
    spec: &SecretSpec,
    lookup: impl Fn(&str) -> Option<Cow<'v, str>>,
) -> anyhow::Result<PlannedSecret> {
    let expand = |text: &str| pattern::expand(text, &lookup).map(Cow::into_owned);
    let mut keys = Vec::new();
    let name = expand(&spec.name)?;
    for spec in stack.keys_of(component, spec) {
        let key = expand(&spec.key)?;
        keys.push(SkeletonKey {
            value: spec.value.as_deref().map(expand).transpose()?.unwrap_or_default(),
            comment: expand(&spec.help)?,
            of: BTreeSet::new(),
            holds: holds::own(stack, component, &name, &key, spec),
            key,
        });
    }
    keys.sort_by(|left, right| left.key.cmp(&right.key));
    Ok(PlannedSecret {
        name,
        namespace: component.namespace.to_string(),
        file: expand(&spec.file)?,
        kind: spec.kind.clone(),
        labels: spec.labels.clone(),
        keys,
        // What components share lies in a folder of its own, where nothing names it.
        fixed_name: spec.shared || is_named_elsewhere(component),
    })
}

fn component_variable<'a>(component: &'a Component, sub: Option<&'a SubComponent>, name: &str) -> Option<Cow<'a, str>> {
    let attribute =
        |attributes: &crate::stack::Attributes| attributes.get(name).and_then(AttributeValue::text).map(Cow::Owned);
    match (name, sub) {
        ("name", _) => Some(Cow::Borrowed(component.name.as_str())),
        ("namespace", _) => Some(Cow::Borrowed(component.namespace.as_str())),
        ("object", _) => Some(Cow::Borrowed(&component.object)),
        ("sub", Some(sub)) => Some(Cow::Borrowed(sub.name.as_str())),
        ("sub_object", Some(sub)) => Some(Cow::Owned(object_form(&sub.object))),
        (_, Some(sub)) => attribute(&sub.attributes).or_else(|| attribute(&component.attributes)),
        (_, None) => attribute(&component.attributes),
    }
}

/// The secret as the kustomize templates see it.
pub(super) fn item(secret: &PlannedSecret) -> Json {
    let keys: Vec<&str> = secret.keys.iter().map(|key| key.key.as_str()).collect();
    object! {
        "name": &secret.name,
        "namespace": &secret.namespace,
        "file": &secret.file,
        "type": secret.kind.as_ref(),
        "labels": view::pairs(&secret.labels),
        "fixed_name": secret.fixed_name,
        "keys": keys,
    }
}
