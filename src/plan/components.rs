//! Files of components and links: what their entries list.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::Value as Json;

use super::{
    Plan, PlannedFile, Scope, Source, base_folder, build_folder, class, config_maps, jobs, package, source, workloads,
};
use crate::catalog::{Area, Catalog, Entry, FileArea, FileSpec, FolderSpec, ForEach, LinkFile, Pair, Side, pattern};
use crate::contents::Contents;
use crate::fault::{Code, Work};
use crate::hook::operator_values;
use crate::layout::OPERATORS;
use crate::name::ComponentName;
use crate::stack::{Component, Link, Stack};
use crate::tree::Class;
use crate::view;

/// What templates see, made once for all files: a component's view is shared by every file that
/// shows it, under the name that the file knows it by.
pub(super) struct Views {
    stack: Scope,
    components: BTreeMap<ComponentName, Scope>,
}

impl Views {
    pub(super) fn stack(&self) -> Scope {
        self.stack.clone()
    }

    /// A component under the name that a file knows it by.
    pub(super) fn component(&self, component: &ComponentName, name: &'static str) -> Scope {
        self.components[component].named(name)
    }
}

/// `plan` holds the files of the hooks that have functions.
pub(super) fn views(stack: &Stack, plan: &Plan) -> Views {
    let view = |component: &Component| {
        let mut view = view::component(stack, component);
        view["config_maps"] = config_maps::names(plan, stack, component).into();
        view["package"] = package::view(plan, component);
        (component.name.clone(), Scope::of(view))
    };
    Views {
        stack: Scope::of(view::stack(stack)).named("stack"),
        components: stack.components.values().map(view).collect(),
    }
}

pub(super) fn plan(plan: &mut Plan, stack: &Stack, catalog: &Catalog, views: &Views) -> anyhow::Result<()> {
    for component in stack.deployed() {
        let context = || Work::of("component", component.name.as_str());
        shared_files(plan, component, catalog.shared(), views).with_context(context)?;
        for file in &component.entry.definition.files {
            self::file(plan, component, file, views).with_context(context)?;
        }
        for folder in &component.entry.definition.folders {
            self::folder(plan, component, folder).with_context(context)?;
        }
    }
    operators(plan, stack)?;
    for link in &stack.links {
        self::link(plan, stack, link, views).with_context(|| Work::of("link", link.arrow()))?;
    }
    Ok(())
}

/// Values of the operators' charts, each once, however many components need the operator.
fn operators(plan: &mut Plan, stack: &Stack) -> anyhow::Result<()> {
    let mut files = BTreeMap::new();
    for component in stack.deployed() {
        for operator in stack.operators_of(component) {
            let name = |environment| operator_values(component.type_name(), operator, environment);
            if let Some(values) = operator.values() {
                files.insert(name(None), (component, values));
            }
            for environment in operator.ha_values().iter().flat_map(|_| &stack.highly_available) {
                let values = operator.ha_values().unwrap_or_default();
                files.insert(name(Some(environment.as_str())), (component, values));
            }
        }
    }
    for (name, (component, values)) in files {
        let planned = PlannedFile {
            class: Class::Owned,
            why: format!("type {}, file {values}", component.type_name()),
            source: Source::Copy(component.entry.file(values)?),
            resource: false,
        };
        plan.insert(&format!("k8s/deploy/base/{OPERATORS}/{name}"), planned)?;
    }
    Ok(())
}

fn file(plan: &mut Plan, component: &Component, file: &FileSpec, views: &Views) -> anyhow::Result<()> {
    let own = views.component(&component.name, "component");
    let Some(for_each) = &file.for_each else {
        return one_file(plan, component, file, None, vec![views.stack(), own]);
    };
    let (name, items) = items(&own.keys, for_each);
    for item in items {
        let scopes = vec![views.stack(), own.clone(), Scope::of(item.clone()).named(name)];
        one_file(plan, component, file, Some(item), scopes)?;
    }
    Ok(())
}

/// What a file of a component, whose view is `own`, is made for, and the name that its template knows each by.
fn items<'a>(own: &'a Json, for_each: &ForEach) -> (&'static str, Vec<&'a Json>) {
    let all = |list: &'a Json| list.as_array().into_iter().flatten();
    match for_each {
        ForEach::SubComponents(sub_type) => {
            let subs = all(&own["sub_components"]).filter(|sub| sub["type"] == **sub_type);
            ("sub", subs.collect())
        }
        ForEach::Accounts(of) => {
            let accounts = all(&own["accounts"]).filter(|account| account["interface"] == *of.accounts);
            ("account", accounts.collect())
        }
        ForEach::Links(of) => ("link", all(&own["gets"][&of.links]).collect()),
    }
}

fn one_file(
    plan: &mut Plan,
    component: &Component,
    file: &FileSpec,
    item: Option<&Json>,
    scopes: Vec<Scope>,
) -> anyhow::Result<()> {
    let lookup = |name: &str| match (name, item) {
        ("name", _) => Some(Cow::Owned(component.name.to_string())),
        ("object", _) => Some(Cow::Borrowed(component.object.as_str())),
        ("sub_object" | "account.object" | "link.object", Some(item)) => item["object"].as_str().map(Cow::Borrowed),
        _ => None,
    };
    let path = pattern::expand(&file.path, lookup)?;
    let (template, source) = self::template(component, file, scopes)?;
    let planned = PlannedFile {
        class: class(file.seeded),
        why: format!("component {}, template {template}", component.name),
        source,
        resource: file.resource,
    };
    let root = match file.area {
        FileArea::Deploy => base_folder(&component.name),
        FileArea::Docs => "docs".to_owned(),
        FileArea::Build => build_folder(&component.name),
    };
    plan.insert(&format!("{root}/{path}"), planned)
}

/// What a file is made from, and its name: a file beside the entry, or a text in it.
fn template(component: &Component, file: &FileSpec, scopes: Vec<Scope>) -> anyhow::Result<(String, Source)> {
    let entry = &component.entry;
    match (&file.template, &file.text) {
        (Some(name), None) => Ok((name.clone(), source(entry.place(name), entry.file(name)?, scopes))),
        (None, Some(text)) => {
            let name = format!("component.yaml/{}", file.path);
            let source = Source::Template {
                name: entry.place(&name),
                text: Contents::from(text.clone().into_bytes()),
                scopes,
            };
            Ok((name, source))
        }
        _ => bail!(Code::E_CATALOG_SCHEMA.fault(format!(
            "type `{}`: the file `{}` has one of `template` and `text`",
            component.type_name(),
            file.path
        ))),
    }
}

/// Objects by the templates that all workloads, all jobs, or all who connect or answer over TLS share.
fn shared_files(plan: &mut Plan, component: &Component, shared: &Entry<()>, views: &Views) -> anyhow::Result<()> {
    let own = views.component(&component.name, "component");
    let stack = &views.stack.keys;
    let scopes = |values| vec![views.stack(), own.clone(), values];
    if let Some(objects) = workloads::objects(component, stack, &own.keys)? {
        let values = Scope::of(objects.values).named("workload");
        for name in objects.templates {
            let template = format!("workload/{name}.j2");
            shared_file(plan, component, shared, (name, &template), scopes(values.clone()))?;
        }
    }
    for file in jobs::files(component, stack, &own.keys)? {
        let values = Scope::of(file.values).named("job");
        shared_file(plan, component, shared, (&file.path, file.template), scopes(values))?;
    }
    let authorities = own.keys.get("authorities").and_then(Json::as_array);
    if authorities.is_some_and(|authorities| !authorities.is_empty()) {
        let file = ("authorities.yaml", "authority/certificates.yaml.j2");
        shared_file(plan, component, shared, file, vec![views.stack(), own.clone()])?;
    }
    if own
        .keys
        .get("certificate")
        .is_some_and(|certificate| !certificate.is_null())
    {
        let file = ("certificate.yaml", "authority/certificate.yaml.j2");
        shared_file(plan, component, shared, file, vec![views.stack(), own.clone()])?;
    }
    Ok(())
}

/// A file of a component by a template that several types share.
fn shared_file(
    plan: &mut Plan,
    component: &Component,
    shared: &Entry<()>,
    (file, template): (&str, &str),
    scopes: Vec<Scope>,
) -> anyhow::Result<()> {
    let planned = PlannedFile {
        class: Class::Owned,
        why: format!("component {}, template {template}", component.name),
        source: source(shared.place(template), shared.file(template)?, scopes),
        resource: true,
    };
    plan.insert(&format!("{}/{file}", base_folder(&component.name)), planned)
}

/// Copy a folder beside the entry.
fn folder(plan: &mut Plan, component: &Component, folder: &FolderSpec) -> anyhow::Result<()> {
    let root = match folder.area {
        Area::Deploy => base_folder(&component.name),
        Area::Build => build_folder(&component.name),
    };
    let root = if folder.to.is_empty() {
        root
    } else {
        format!("{root}/{}", folder.to)
    };
    for name in component.entry.folder(&folder.from)? {
        let relative = name
            .strip_prefix(&format!("{}/", folder.from))
            .unwrap_or(&name)
            .to_owned();
        let planned = PlannedFile {
            class: Class::Owned,
            why: format!("component {}, file {name}", component.name),
            source: Source::Copy(component.entry.file(&name)?),
            resource: false,
        };
        plan.insert(&format!("{root}/{relative}"), planned)?;
    }
    Ok(())
}

fn link(plan: &mut Plan, stack: &Stack, link: &Link, views: &Views) -> anyhow::Result<()> {
    let Some(pair) = link
        .kind
        .pair
        .as_deref()
        .filter(|pair| !pair.definition.files.is_empty())
    else {
        return Ok(());
    };
    let scopes = vec![
        views.stack(),
        views.component(&link.from, "from"),
        views.component(&link.to, "to"),
        Scope::of(view::link(stack, link)).named("link"),
    ];
    for file in &pair.definition.files {
        link_file(plan, stack, link, pair, file, &scopes)?;
    }
    Ok(())
}

fn link_file(
    plan: &mut Plan,
    stack: &Stack,
    link: &Link,
    pair: &Entry<Pair>,
    file: &LinkFile,
    scopes: &[Scope],
) -> anyhow::Result<()> {
    let side = match file.on {
        Side::From => &link.from,
        Side::To => &link.to,
    };
    if !stack.component(side).is_deployed() {
        return Ok(()); // nothing is deployed there
    }
    let lookup = |name: &str| match name {
        "link.object" => Some(Cow::Borrowed(link.object.as_str())),
        "from.name" => Some(Cow::Borrowed(link.from.as_str())),
        "to.name" => Some(Cow::Borrowed(link.to.as_str())),
        _ => None,
    };
    let path = pattern::expand(&file.path, lookup)?;
    let text = pair.file(&file.template)?;
    let planned = PlannedFile {
        class: class(file.seeded),
        why: format!("pair {}, template {}", pair.name(), file.template),
        source: source(pair.place(&file.template), text, scopes.to_vec()),
        resource: file.resource,
    };
    plan.insert(&format!("{}/{path}", base_folder(side)), planned)
}
