//! Build the model from a document without findings. A failure here is a mistake of the catalog.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow};

use super::given::given;
use super::links::ResolvedLink;
use crate::catalog::{Catalog, ComponentType, pattern};
use crate::fault::{Code, Work};
use crate::name::{ComponentName, EnvPrefix, Namespace, SubName, object_form};
use crate::profile::Profile;
use crate::stack::attributes::{Variables, add_variables, convention, expand_defaults, lookup, values};
use crate::stack::{
    Account, Component, Dns, External, Gitops, Link, Stack, SubComponent, endpoints, facts, links, ways_out,
};
use crate::topology::{ComponentDocument, ExternalDocument, StackDocument, SubComponentDocument, Topology};

pub(super) fn build(
    topology: &Topology,
    catalog: &Catalog,
    environment: Option<&str>,
    resolved: Vec<ResolvedLink>,
) -> anyhow::Result<Stack> {
    let document = &of_environment(&topology.document, environment);
    let mut components = BTreeMap::new();
    let (slots, none) = (slots(&resolved), BTreeSet::new());
    for (name, component) in &document.components {
        let slots = slots.get(name.as_str()).unwrap_or(&none);
        let built = self::component(document, catalog, environment, (name, component), slots)
            .with_context(|| Work::of("component", name))?;
        components.insert(built.name.clone(), built);
    }
    let (links, accounts) = self::links(document, environment, &components, resolved)?;
    let mut by_provider: BTreeMap<ComponentName, Vec<usize>> = BTreeMap::new();
    for (position, account) in accounts.iter().enumerate() {
        by_provider.entry(account.component.clone()).or_default().push(position);
    }
    let mut by_target: BTreeMap<ComponentName, Vec<usize>> = BTreeMap::new();
    for (position, link) in links.iter().enumerate() {
        by_target.entry(link.to.clone()).or_default().push(position);
    }
    let by_use = by_use(&links);
    let environments = if document.environments.is_empty() {
        vec![checked("dev")?]
    } else {
        document
            .environments
            .keys()
            .map(|name| checked(name))
            .collect::<anyhow::Result<_>>()?
    };
    let highly_available = document.environments.iter();
    let highly_available = highly_available.filter(|(_, environment)| environment.profile == Profile::Ha);
    let clusters = document.environments.iter().filter_map(|(name, environment)| {
        let cluster = environment.cluster.as_ref()?;
        Some(checked(name).map(|name| (name, cluster.name.clone())))
    });
    let mut stack = Stack {
        name: checked(&document.name)?,
        domain: document.domain.clone(),
        gitops: None,
        secrets: document.secrets,
        environments,
        highly_available: highly_available
            .map(|(name, _)| checked(name))
            .collect::<anyhow::Result<_>>()?,
        clusters: clusters.collect::<anyhow::Result<_>>()?,
        external_operators: document.operators.keys().cloned().collect(),
        dns: Dns::of(environment.and_then(|name| document.environments.get(name)?.cluster.as_ref())),
        differs: links.iter().any(|link| facts::differ(&link.kind)),
        components,
        links,
        accounts,
        by_provider,
        by_target,
        by_use,
    };
    stack.gitops = gitops(document, &stack)?;
    Ok(stack)
}

/// The slots that components have links of, by component.
fn slots(links: &[ResolvedLink]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for link in links {
        let own = found.entry(&link.from).or_default();
        own.insert(&link.kind.slot_name);
    }
    found
}

/// The document with what an environment says of the whole stack.
fn of_environment<'a>(document: &'a StackDocument, environment: Option<&str>) -> Cow<'a, StackDocument> {
    let environment = environment.and_then(|name| document.environments.get(name));
    match environment.and_then(|environment| environment.domain.as_ref()) {
        None => Cow::Borrowed(document),
        Some(domain) => Cow::Owned(StackDocument {
            domain: domain.clone(),
            ..document.clone()
        }),
    }
}

/// Where Argo CD reads the output, with what follows from the stack where it does not say it.
fn gitops(document: &StackDocument, stack: &Stack) -> anyhow::Result<Option<Gitops>> {
    let Some(gitops) = &document.gitops else {
        return Ok(None);
    };
    let own = stack.delivery().map(|delivery| delivery.namespace.clone());
    let given = gitops.namespace.as_deref().map(Namespace::parse).transpose();
    let usual = || Namespace::parse("argocd");
    let namespace = match given
        .map_err(|rule| anyhow!("the namespace of Argo CD {rule}"))?
        .or(own)
    {
        Some(namespace) => namespace,
        None => usual().map_err(|rule| anyhow!("{rule}"))?,
    };
    Ok(Some(Gitops {
        repository: gitops.repository.clone(),
        revision: gitops.revision.clone().unwrap_or_else(|| "main".to_owned()),
        path: gitops.path.clone().unwrap_or_else(|| "out".to_owned()),
        namespace,
    }))
}

/// Positions of the links that use a sub-component; those that watch or check it are left out.
fn by_use(links: &[Link]) -> BTreeMap<ComponentName, BTreeMap<SubName, Vec<usize>>> {
    let mut found: BTreeMap<ComponentName, BTreeMap<SubName, Vec<usize>>> = BTreeMap::new();
    for (position, link) in links.iter().enumerate().filter(|(_, link)| link.kind.uses()) {
        if let Some(sub) = &link.sub {
            let subs = found.entry(link.to.clone()).or_default();
            subs.entry(sub.clone()).or_default().push(position);
        }
    }
    found
}

fn checked(name: &str) -> anyhow::Result<ComponentName> {
    ComponentName::parse(name).map_err(|rule| anyhow!("`{name}` {rule}"))
}

fn component(
    document: &StackDocument,
    catalog: &Catalog,
    environment: Option<&str>,
    (name, component): (&str, &ComponentDocument),
    slots: &BTreeSet<&str>,
) -> anyhow::Result<Component> {
    let entry = catalog
        .component_type(&component.component_type)?
        .ok_or_else(|| anyhow!("type `{}` is gone", component.component_type))?;
    let kind = &entry.definition;
    let given = &given(document, environment, name, component, kind);
    let namespace = component.namespace.clone().unwrap_or_else(|| kind.namespace.clone());
    let group = component.group.clone().unwrap_or_else(|| kind.group.clone());
    let mut variables = base_variables(document, name, kind, &namespace, &group);
    let mut attributes = values(&kind.attributes, given);
    add_variables(&mut variables, &attributes);
    let described = component
        .external
        .as_ref()
        .and_then(|external| external.described.as_ref());
    let object = match described {
        Some(described) => described.object.clone(),
        None => pattern::expand(&kind.object, lookup(&variables))?.into_owned(),
    };
    variables.insert("object".to_owned(), object.clone());
    expand_defaults(&kind.attributes, given, &mut attributes, &mut variables)?;
    let external = component.external.as_ref().map(external);
    let endpoints = endpoints::endpoints(kind, external.as_ref(), slots, &variables)?;
    let pods = endpoints::labels(&kind.pods, &variables)?;
    let certified_hosts = endpoints::certified_hosts(kind, &namespace, &variables)?;
    let metrics = endpoints::metrics(kind, slots, &variables)?;
    let images = endpoints::labels(&kind.images, &variables)?;
    let sub_components = sub_components(kind, component, &variables)?;
    let ways_out = ways_out::ways_out(kind, &sub_components, &variables)?;
    let always = always(catalog, convention(kind, &attributes))?;
    ComponentName::parse(&group).map_err(|rule| Code::E_CATALOG_GROUP.fault(format!("`{group}` {rule}")))?;
    let namespace = Namespace::parse(&namespace)
        .map_err(|rule| Code::E_CATALOG_NAMESPACE.fault(format!("`{namespace}` {rule}")))?;
    Ok(Component {
        name: checked(name)?,
        entry,
        namespace,
        group,
        object,
        attributes,
        sub_components,
        external,
        endpoints,
        pods,
        certified_hosts,
        metrics,
        ways_out,
        images,
        always,
    })
}

fn external(document: &ExternalDocument) -> External {
    match &document.described {
        Some(described) if document.host.is_empty() => External::Described {
            stack: described.stack.clone(),
            endpoints: described.endpoints.clone(),
        },
        _ if document.host.is_empty() => External::Cluster,
        _ => External::Stack {
            stack: document.stack.clone(),
            host: document.host.clone(),
        },
    }
}

fn base_variables(
    document: &StackDocument,
    name: &str,
    kind: &ComponentType,
    namespace: &str,
    group: &str,
) -> Variables {
    let pairs = [
        ("name", name),
        ("type", &kind.name),
        ("namespace", namespace),
        ("group", group),
        ("stack", &document.name),
        ("domain", &document.domain),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn sub_components(
    kind: &ComponentType,
    component: &ComponentDocument,
    outer: &Variables,
) -> anyhow::Result<BTreeMap<SubName, SubComponent>> {
    let mut found = BTreeMap::new();
    for (name, document) in &component.sub_components {
        let built = sub_component(kind, name, document, outer).with_context(|| format!("sub-component `{name}`"))?;
        found.insert(built.name.clone(), built);
    }
    Ok(found)
}

fn sub_component(
    kind: &ComponentType,
    name: &str,
    document: &SubComponentDocument,
    outer: &Variables,
) -> anyhow::Result<SubComponent> {
    let sub_type = kind
        .sub_components
        .get(&document.sub_type)
        .ok_or_else(|| anyhow!("sub-component type `{}` is gone", document.sub_type))?;
    let mut variables = outer.clone();
    variables.insert("sub".to_owned(), name.to_owned());
    variables.insert("sub_object".to_owned(), object_form(name));
    let mut attributes = values(&sub_type.attributes, &document.attributes);
    for name in sub_type.attributes.keys() {
        variables.remove(name);
    }
    add_variables(&mut variables, &attributes);
    expand_defaults(
        &sub_type.attributes,
        &document.attributes,
        &mut attributes,
        &mut variables,
    )?;
    let object = match &sub_type.object {
        Some(text) => pattern::expand(text, lookup(&variables))?.into_owned(),
        None => object_form(name),
    };
    let name = SubName::parse(name).map_err(|rule| anyhow!("`{name}` {rule}"))?;
    Ok(SubComponent {
        name,
        sub_type: document.sub_type.clone(),
        object,
        attributes,
    })
}

/// Plain keys of every component of the convention that has a secret mounted.
fn always(catalog: &Catalog, convention: Option<&str>) -> anyhow::Result<BTreeMap<String, String>> {
    let convention = convention.map(|name| catalog.convention(name)).transpose()?;
    Ok(convention
        .flatten()
        .map(|entry| entry.definition.always.clone())
        .unwrap_or_default())
}

/// Make the links; what follows from their types comes last, when all ends are known.
fn links(
    document: &StackDocument,
    environment: Option<&str>,
    components: &BTreeMap<ComponentName, Component>,
    resolved: Vec<ResolvedLink>,
) -> anyhow::Result<(Vec<Link>, Vec<Account>)> {
    let ends = resolved.into_iter().map(ends).collect::<anyhow::Result<Vec<_>>>()?;
    links::links(&links::Graph {
        stack: &document.name,
        domain: &document.domain,
        environment,
        components,
        ends: &ends,
    })
}

fn ends(link: ResolvedLink) -> anyhow::Result<links::Ends> {
    let sub = |name: Option<String>| {
        name.as_deref()
            .map(SubName::parse)
            .transpose()
            .map_err(|rule| anyhow!("{rule}"))
    };
    let env = link.env.as_deref().map(EnvPrefix::parse).transpose();
    let with = values(&link.kind.slot.with, &link.with);
    Ok(links::Ends {
        position: link.position,
        from: checked(&link.from)?,
        from_sub: sub(link.from_sub)?,
        to: checked(&link.to)?,
        sub: sub(link.sub)?,
        level: link.level,
        env: env.map_err(|rule| anyhow!("{rule}"))?,
        with,
        kind: link.kind,
    })
}
