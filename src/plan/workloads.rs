//! Workloads of ours: the values and files of `catalog/_shared/workload/`.
//!
//! A component with `install: workload` and its view go in; which objects it has, and every value that their
//! templates print, come out. What differs between workloads is data of their entries, never a name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use serde_json::{Value as Json, json};

use super::variables::Variables;
use crate::catalog::derived::{AUDIENCE, TOKEN_FILE};
use crate::catalog::{Amount, EnvSetting, FolderPath, FolderSource, Probe, ProjectedFolder, Workload};
use crate::fault::Code;
use crate::stack::Component;
use crate::view::object;

/// Where credentials are mounted, a file a key.
pub(super) const CREDENTIALS: &str = "/run/secrets/stacktic";

/// Modes of mounted files, which Kubernetes takes as decimal numbers: 0444, and 0400 to which `fsGroup` adds the pod's group.
const MODE: u32 = 0o444;
const MODE_OF_SECRETS: u32 = 0o400;

/// Where every client of the Kubernetes API looks for its token.
const IDENTITY: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The interface of who sets the number of pods.
const AUTOSCALE: &str = "autoscale";

/// How its file begins where the load does; in an overlay its name follows.
pub(super) const AUTOSCALER: &str = "horizontalpodautoscaler";

/// Where it finds the certificate of the authority of each provider, as their facts say.
pub(super) const AUTHORITIES: &str = "/run/authorities";

/// Where it finds the token that it shows to each provider that knows who asks by it, as their facts say.
pub(super) const TOKENS: &str = "/run/tokens";

/// The objects of a workload by the template of each, and the values that all of them see.
pub(super) struct Objects {
    pub(super) templates: Vec<&'static str>,
    pub(super) values: Json,
}

/// What `component`, whose view is `view`, is made of in `stack`, a view too; nothing where a chart or templates of its own make it.
///
/// # Errors
/// A pattern of the entry names what is not there, or stands for no number.
pub(super) fn objects(component: &Component, stack: &Json, view: &Json) -> anyhow::Result<Option<Objects>> {
    let Some(workload) = component.entry.definition.install.workload() else {
        return Ok(None);
    };
    let values = values(component, workload, Variables::of(stack, view))?;
    let is_listening = values["ports"].as_array().is_some_and(|ports| !ports.is_empty());
    let is_scaled = !values["scale"]["most"].is_null();
    let has_several = values["spreads"] == true;
    let templates = [
        ("deployment.yaml", true),
        ("serviceaccount.yaml", true),
        ("service.yaml", is_listening),
        ("poddisruptionbudget.yaml", has_several),
        ("horizontalpodautoscaler.yaml", is_scaled),
    ];
    let wanted = templates.into_iter().filter(|(_, wanted)| *wanted);
    Ok(Some(Objects {
        templates: wanted.map(|(name, _)| name).collect(),
        values,
    }))
}

fn values(component: &Component, workload: &Workload, variables: Variables<'_>) -> anyhow::Result<Json> {
    let view = variables.component;
    let expand = |text: &str| variables.expand(text);
    let image = component.images.get(&workload.container);
    let replicas = amount(&workload.replicas, &variables)?;
    let scale = match is_scaled_by_another(view) {
        true => json!({ "by": AUTOSCALE }),
        false => scale(workload, replicas, &variables)?,
    };
    let folders = workload.projected.iter().map(|folder| self::folder(folder, view));
    let writable = workload
        .writable
        .iter()
        .map(|folder| Ok(object! { "name": &folder.name, "size": expand(&folder.size)? }));
    let probes = workload
        .probe
        .as_ref()
        .map(|probe| probes(component, probe, &variables));
    Ok(object! {
        "label": label(component)?,
        "container": &workload.container,
        "image": image.with_context(|| Code::E_CATALOG_SCHEMA.fault(format!("no image `{}`", workload.container)))?,
        "replicas": replicas,
        "replicas_because": workload.replicas_because.as_deref().map(on_one_line),
        "spreads": replicas > 1 || !scale.is_null(),
        "scale": scale,
        "strategy": workload.strategy.word(),
        "command": variables.expand_all(&workload.command)?,
        "args": variables.expand_all(&workload.args)?,
        "working_dir": workload.working_dir.as_ref().map(FolderPath::as_str),
        "env": env(workload, &variables)?,
        "grace_seconds": workload.grace_seconds.as_ref().map(|seconds| amount(seconds, &variables)).transpose()?,
        "ports": ports(component),
        "probes": probes.transpose()?.unwrap_or_default(),
        "cpu": object! { "request": expand(&workload.cpu.request)?, "limit": expand(&workload.cpu.limit)? },
        "memory": expand(&workload.memory)?,
        "mounts": mounts(workload, view),
        "projected": folders.collect::<anyhow::Result<Vec<Json>>>()?,
        "credentials": credentials(component, view),
        "identities": workload.token_seconds.iter().map(|seconds| json!({ "seconds": seconds })).collect::<Vec<_>>(),
        "tokens": tokens(view),
        "writable": writable.collect::<anyhow::Result<Vec<Json>>>()?,
    })
}

/// The first of the two labels that select its pods; the second is the component's name.
pub(super) fn label(component: &Component) -> anyhow::Result<&str> {
    let pods = &component.pods;
    let instance = pods.get("app.kubernetes.io/instance").map(String::as_str);
    let name = pods
        .get("app.kubernetes.io/name")
        .filter(|_| instance == Some(component.name.as_str()));
    ensure!(
        pods.len() == 2 && name.is_some(),
        Code::E_CATALOG_SCHEMA.fault(format!(
            "type `{}`: pods of a workload have the labels `app.kubernetes.io/name` and `app.kubernetes.io/instance: \"{{name}}\"`",
            component.type_name()
        ))
    );
    Ok(name.map(String::as_str).unwrap_or_default())
}

fn amount(amount: &Amount, variables: &Variables<'_>) -> anyhow::Result<u32> {
    match amount {
        Amount::Number(number) => Ok(*number),
        Amount::Pattern(text) => number(&variables.expand(text)?),
    }
}

fn number(text: &str) -> anyhow::Result<u32> {
    text.parse()
        .with_context(|| Code::E_CATALOG_PATTERN.fault(format!("`{text}` is no whole number")))
}

/// Whether somebody that it is linked to sets the number of its pods.
fn is_scaled_by_another(view: &Json) -> bool {
    let slots = view["gets"].as_object().into_iter().flat_map(serde_json::Map::values);
    let mut links = slots.filter_map(Json::as_array).flatten();
    links.any(|link| link["interface"] == AUTOSCALE)
}

/// The autoscaler's figures, while the attribute asks for more pods than there are anyway.
fn scale(workload: &Workload, replicas: u32, variables: &Variables<'_>) -> anyhow::Result<Json> {
    let Some(scale) = &workload.scale else {
        return Ok(Json::Null);
    };
    let most = variables.text(&scale.attribute).map(|text| number(&text)).transpose()?;
    let most = most.filter(|most| *most > replicas);
    let cpu = amount(&scale.cpu, variables)?;
    Ok(most.map_or(Json::Null, |most| json!({ "most": most, "cpu": cpu })))
}

fn env(workload: &Workload, variables: &Variables<'_>) -> anyhow::Result<Vec<Json>> {
    let mut settings = Vec::new();
    for (name, setting) in &workload.env {
        let value = match setting {
            EnvSetting::Always(value) => value,
            EnvSetting::Sometimes(setting) => {
                let mut conditions = setting.when.iter();
                if !conditions.all(|(attribute, value)| variables.text(attribute).as_ref() == Some(value)) {
                    continue;
                }
                &setting.value
            }
        };
        settings.push(object! { "name": name, "value": variables.expand(value)? });
    }
    Ok(settings)
}

/// It listens where its endpoints say, under their names.
fn ports(component: &Component) -> Vec<Json> {
    let endpoints = component.endpoints.iter();
    endpoints
        .map(|(name, endpoint)| object! { "name": name, "port": endpoint.port, "target_port": endpoint.target_port })
        .collect()
}

fn probes(component: &Component, probe: &Probe, variables: &Variables<'_>) -> anyhow::Result<Vec<Json>> {
    let kind = &component.entry.definition;
    let named = probe.endpoint.as_ref().or(kind.primary_endpoint.as_ref());
    let port = named.or_else(|| component.endpoints.keys().next());
    let ready = variables.expand(&probe.path)?;
    let live = match &probe.live_path {
        Some(path) => variables.expand(path)?,
        None => ready.clone(),
    };
    let hosts = probe.host.iter().map(|host| variables.expand(host));
    let hosts = hosts.collect::<anyhow::Result<Vec<String>>>()?;
    let item = |kind: &str, path: &str, period: u32, limit: (&str, u32)| {
        let limits = [json!({ "name": limit.0, "value": limit.1 })];
        json!({ "kind": kind, "path": path, "port": port, "hosts": hosts, "period_seconds": period, "limits": limits })
    };
    // Asked every two seconds, so that a quick start is noticed.
    let start = probe
        .starts_within
        .as_ref()
        .map(|seconds| amount(seconds, variables))
        .transpose()?
        .map(|seconds| item("startupProbe", &live, 2, ("failureThreshold", seconds.div_ceil(2))));
    let others = [
        item("readinessProbe", &ready, 10, ("timeoutSeconds", 3)),
        item("livenessProbe", &live, 20, ("timeoutSeconds", 5)),
    ];
    Ok(start.into_iter().chain(others).collect())
}

/// Where the container finds its folders, in the order of the volumes.
fn mounts(workload: &Workload, view: &Json) -> Vec<Json> {
    let mount = |name: &str, path: &str, read_only| object! { "name": name, "path": path, "read_only": read_only };
    let folders = workload.projected.iter();
    let writable = workload.writable.iter();
    let credentials = has_credentials(view).then(|| mount("credentials", CREDENTIALS, true));
    let authorities = providers(&view["authorities"])
        .map(|name| mount(&format!("authority-{name}"), &format!("{AUTHORITIES}/{name}"), true));
    let tokens = tokens(view);
    let tokens: Vec<Json> = providers_of_tokens(&json!(tokens))
        .map(|name| mount(&format!("token-{name}"), &format!("{TOKENS}/{name}"), true))
        .collect();
    let identity = workload.token_seconds.map(|_| mount("identity", IDENTITY, true));
    folders
        .map(|folder| mount(&folder.name, folder.mount.as_str(), true))
        .chain(credentials)
        .chain(authorities)
        .chain(tokens)
        .chain(identity)
        .chain(writable.map(|folder| mount(&folder.name, folder.mount.as_str(), false)))
        .collect()
}

/// The providers that show a certificate, of the authorities that a component trusts.
pub(super) fn providers(authorities: &Json) -> impl Iterator<Item = &str> {
    let authorities = authorities.as_array().into_iter().flatten();
    let providers = authorities.filter_map(|authority| authority["providers"].as_array());
    providers.flatten().filter_map(Json::as_str)
}

/// The tokens that a component shows to others, each once, sorted by whom it shows them to.
fn tokens(view: &Json) -> Vec<Json> {
    let slots = view["gets"].as_object().into_iter().flat_map(serde_json::Map::values);
    let links = slots.filter_map(Json::as_array).flatten();
    let links = links.filter(|link| link["facts"][TOKEN_FILE].is_string());
    let audience = |link: &Json| {
        Some((
            link["to"].as_str()?.to_owned(),
            link["facts"][AUDIENCE].as_str()?.to_owned(),
        ))
    };
    let audiences: BTreeMap<String, String> = links.filter_map(audience).collect();
    audiences
        .iter()
        .map(|(provider, audience)| token(provider, audience))
        .collect()
}

/// A token for `audience`, which is shown to `provider`.
pub(super) fn token(provider: &str, audience: &str) -> Json {
    json!({ "provider": provider, "audience": audience })
}

/// Whom tokens are shown to.
pub(super) fn providers_of_tokens(tokens: &Json) -> impl Iterator<Item = &str> {
    let tokens = tokens.as_array().into_iter().flatten();
    tokens.filter_map(|token| token["provider"].as_str())
}

fn has_credentials(view: &Json) -> bool {
    view["secret_files"].as_array().is_some_and(|files| !files.is_empty())
}

pub(super) fn credentials(component: &Component, view: &Json) -> Vec<Json> {
    let secret = json!({ "name": format!("{}-credentials", component.name), "files": view["secret_files"] });
    has_credentials(view).then_some(secret).into_iter().collect()
}

fn folder(folder: &ProjectedFolder, view: &Json) -> anyhow::Result<Json> {
    let mut sources = Vec::new();
    for source in &folder.sources {
        let maps = match source {
            FolderSource::ConfigMaps(name) => &view["config_maps"][name],
            FolderSource::Package => &view["package"]["maps"],
            FolderSource::Accounts(interface) => {
                sources.extend(accounts(view, interface));
                continue;
            }
            FolderSource::OptionalConfigMap(name) => {
                sources.push(json!({ "kind": "configMap", "name": name, "items": [], "optional": true }));
                continue;
            }
        };
        let maps = maps.as_array().with_context(|| {
            Code::E_CATALOG_SCHEMA.fault(format!(
                "folder `{}` is made of ConfigMaps that are not there",
                folder.name
            ))
        })?;
        sources.extend(maps.iter().map(self::source));
    }
    let holds_secrets = folder
        .sources
        .iter()
        .any(|source| matches!(source, FolderSource::Accounts(_)));
    Ok(json!({
        "name": folder.name,
        "because": folder.because.as_deref().map(on_one_line),
        "mode": if holds_secrets { MODE_OF_SECRETS } else { MODE },
        "sources": sources,
    }))
}

/// A ConfigMap, as a name, or as a name with the paths that its keys have in the folder.
fn source(map: &Json) -> Json {
    let Some(of) = map.as_object() else {
        return json!({ "kind": "configMap", "name": map, "items": [], "optional": false });
    };
    json!({ "kind": "configMap", "name": of.get("name"), "items": of.get("files"), "optional": false })
}

/// The Secrets of the accounts of an interface, each once with the keys that the accounts have in it.
fn accounts(view: &Json, interface: &str) -> Vec<Json> {
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let accounts = view["accounts"].as_array().into_iter().flatten();
    for account in accounts.filter(|account| account["interface"] == interface) {
        let secret = &account["secret"];
        if let (Some(name), Some(facts)) = (secret["name"].as_str(), secret["keys"].as_object()) {
            keys.entry(name)
                .or_default()
                .extend(facts.values().filter_map(Json::as_str));
        }
    }
    let item = |key: &&str| json!({ "key": key, "path": key });
    let secret = |(name, keys): (&str, BTreeSet<&str>)| {
        let items: Vec<Json> = keys.iter().map(item).collect();
        json!({ "kind": "secret", "name": name, "items": items, "optional": false })
    };
    keys.into_iter().map(secret).collect()
}

/// Text for a comment, which ends with its line.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sources: &str, view: &Json, expected: Option<Json>) {
        let yaml =
            json!({ "name": "files", "mount": "/app", "sources": serde_json::from_str::<Json>(sources).unwrap() });
        let folder: ProjectedFolder = serde_json::from_value(yaml).unwrap();
        let found = super::folder(&folder, view)
            .ok()
            .map(|mut found| found["sources"].take());
        assert_eq!(found, expected, "{sources}");
    }

    #[test]
    fn folders_are_made_of_config_maps() {
        let view = json!({
            "config_maps": { "topology": ["mcp-topology", "mcp-topology-001"] },
            "package": { "maps": [{ "name": "mcp-core", "files": [{ "key": "server.py", "path": "core/server.py" }] }] },
        });
        check(
            r#"[{ "config_maps": "topology" }]"#,
            &view,
            Some(json!([
                { "kind": "configMap", "name": "mcp-topology", "items": [], "optional": false },
                { "kind": "configMap", "name": "mcp-topology-001", "items": [], "optional": false },
            ])),
        );
        check(
            r#"["package"]"#,
            &view,
            Some(json!([{
                "kind": "configMap", "name": "mcp-core", "optional": false,
                "items": [{ "key": "server.py", "path": "core/server.py" }],
            }])),
        );
        check(
            r#"[{ "optional_config_map": "switch" }]"#,
            &view,
            Some(json!([{ "kind": "configMap", "name": "switch", "items": [], "optional": true }])),
        );
        check(r#"[{ "config_maps": "nowhere" }]"#, &view, None);
        check(r#"["package"]"#, &json!({}), None);
    }

    #[test]
    fn folders_are_made_of_the_accounts_of_an_interface() {
        let account = |interface: &str, secret: Json| json!({ "interface": interface, "secret": secret });
        let users = |key: &str| json!({ "name": "mail-users", "keys": { "password": key } });
        let view = json!({ "accounts": [
            account("smtp", users("app_b")), account("smtp", users("app_a")),
            account("smtp", Json::Null), account("http", users("app_c")),
        ] });
        let items = json!([{ "key": "app_a", "path": "app_a" }, { "key": "app_b", "path": "app_b" }]);
        let expected = json!([{ "kind": "secret", "name": "mail-users", "items": items, "optional": false }]);
        check(r#"[{ "accounts": "smtp" }]"#, &view, Some(expected));
        check(r#"[{ "accounts": "amqp" }]"#, &view, Some(json!([])));
    }

    /// Two links to one provider show it one token; who gives no file for it gets none.
    #[test]
    fn a_token_is_for_those_who_know_by_it_who_asks() {
        let link = |to: &str, facts: Json| json!({ "to": to, "facts": facts });
        let facts = json!({ "token_file": "/run/tokens/vault/token", "audience": "vault.example" });
        let view = json!({ "gets": { "vault": [link("vault", facts.clone()), link("vault", facts)], "http": [link("api", json!({ "audience": "x" }))] } });
        assert_eq!(
            tokens(&view),
            [json!({ "provider": "vault", "audience": "vault.example" })]
        );
        assert!(tokens(&json!({ "gets": {} })).is_empty());
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        assert_eq!(on_one_line("why\n  it is\n"), "why it is");
    }
}
