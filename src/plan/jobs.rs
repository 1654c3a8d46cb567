//! Jobs of components: the values and files of `catalog/_shared/job/`.
//!
//! A component with `jobs:` and its view go in; the objects of each job, one for each sub-component where the
//! entry says so, come out. Accounts are those of the view, so a job has a step for each without knowing a link.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value as Json, json};

use super::variables::Variables;
use super::workloads::{self, AUTHORITIES, CREDENTIALS, TOKENS};
use crate::catalog::{Job, JobSetting, JobStep, MountedAccounts};
use crate::fault::Code;
use crate::name::shortened;
use crate::stack::Component;

/// A file of a job: its name, its template and what it prints.
pub(super) struct JobFile {
    pub(super) path: String,
    pub(super) template: &'static str,
    pub(super) values: Json,
}

/// Images at exact tags, by use.
type Images = BTreeMap<String, String>;

/// A CronJob puts eleven characters behind its name, a Job six: both are labels of their pods.
const MAX_CRON_JOB: usize = 52;
const MAX_JOB: usize = 57;

/// The files of all jobs of `component`, whose view is `view`, in `stack`, a view too.
///
/// # Errors
/// A pattern of the entry names what is not there.
pub(super) fn files(component: &Component, stack: &Json, view: &Json) -> anyhow::Result<Vec<JobFile>> {
    let variables = Variables::of(stack, view);
    let mut files = Vec::new();
    for (name, job) in &component.entry.definition.jobs {
        if !is_taken(job.slot.as_ref(), view) {
            continue;
        }
        let context = || format!("job `{name}`");
        let common = common(component, name, job, variables).with_context(context)?;
        let runs = runs(component, name, job, variables, &common).with_context(context)?;
        if runs.is_empty() {
            continue;
        }
        files.extend(runs);
        files.push(JobFile {
            path: format!("job-{name}-identity.yaml"),
            template: "job/identity.yaml.j2",
            values: common,
        });
    }
    Ok(files)
}

/// Whether the component has a link of the slot that something is there for.
fn is_taken(slot: Option<&String>, view: &Json) -> bool {
    let links = slot.map(|slot| view["gets"][slot].as_array());
    links.is_none_or(|links| links.is_some_and(|links| !links.is_empty()))
}

/// One for the component, or one for each of its sub-components of a type.
fn runs(
    component: &Component,
    name: &str,
    job: &Job,
    variables: Variables<'_>,
    common: &Json,
) -> anyhow::Result<Vec<JobFile>> {
    let Some(sub_type) = &job.for_each else {
        return Ok(vec![run(component, name, job, variables, common)?]);
    };
    let subs = variables.component["sub_components"].as_array().into_iter().flatten();
    let subs = subs.filter(|sub| sub["type"] == **sub_type);
    subs.map(|sub| {
        let variables = Variables {
            sub: Some(sub),
            ..variables
        };
        run(component, name, job, variables, common)
    })
    .collect()
}

fn run(
    component: &Component,
    name: &str,
    job: &Job,
    variables: Variables<'_>,
    common: &Json,
) -> anyhow::Result<JobFile> {
    let behind = variables.sub.and_then(|sub| sub["object"].as_str());
    let behind = behind.map(|object| format!(".{object}")).unwrap_or_default();
    let object = match &job.name {
        Some(pattern) => variables.expand(pattern)?,
        None => format!("{}.{name}{behind}", component.object),
    };
    let limit = if job.schedule.is_some() { MAX_CRON_JOB } else { MAX_JOB };
    let schedule = job.schedule.as_ref().map(|schedule| variables.expand(schedule));
    let mut values = common.clone();
    values["name"] = json!(shortened(&object, limit));
    values["schedule"] = json!(schedule.transpose()?);
    values["has_secrets"] = json!(job.steps.iter().any(takes_secrets));
    values["steps"] = steps(&component.images, job, variables)?.into();
    values["accounts"] = account_folders(job, variables)?.into();
    let own = job.accounts.iter();
    let own = own.map(|folder| json!({ "name": folder.name, "path": folder.mount, "read_only": true }));
    if let Some(mounts) = values["mounts"].as_array_mut() {
        mounts.extend(own);
    }
    Ok(JobFile {
        path: format!("job-{name}{behind}.yaml"),
        template: "job/job.yaml.j2",
        values,
    })
}

/// What all runs of a job share, and its identity and network with them.
fn common(component: &Component, name: &str, job: &Job, variables: Variables<'_>) -> anyhow::Result<Json> {
    let view = variables.component;
    let is_own = job.pods.is_none();
    let (label, instance) = match &job.pods {
        Some(label) => (label.as_str(), component.object.as_str()),
        None => (workloads::label(component)?, component.name.as_str()),
    };
    let mut maps = Vec::new();
    for map in job.config_maps.iter().filter(|map| is_taken(map.slot.as_ref(), view)) {
        maps.push(
            json!({ "name": map.name, "config_map": variables.expand(&map.config_map)?, "path": map.mount, "read_only": true }),
        );
    }
    let credentials = if is_own {
        workloads::credentials(component, view)
    } else {
        Vec::new()
    };
    let tmp = job.tmp.iter().map(|size| variables.expand(size));
    let tmp: Vec<String> = tmp.collect::<anyhow::Result<_>>()?;
    let audience = job.token_audience.iter().map(|audience| variables.expand(audience));
    let tokens = audience.map(|audience| Ok(workloads::token(component.name.as_str(), &audience?)));
    let settings = if is_own {
        view["config_maps"]["config"].clone()
    } else {
        json!([])
    };
    let mut values = json!({
        "kind": if job.schedule.is_some() { "CronJob" } else { "Job" },
        "identity": format!("{}.{name}", component.object),
        "label": label,
        "instance": instance,
        "deadline_seconds": job.deadline_seconds,
        "has_network": !is_own,
        "edges": edges(component, job)?,
        "settings": settings,
        "config_maps": maps,
        "authority": authority(component, job, view),
        // Its own pods follow the links of the component, and so verify those at their other ends.
        "authorities": if is_own { view["authorities"].clone() } else { json!([]) },
        "credentials": credentials,
        "tokens": tokens.collect::<anyhow::Result<Vec<Json>>>()?,
        "tmp": tmp,
    });
    values["mounts"] = mounts(&values).into();
    Ok(values)
}

/// Where the volumes of a job lie in its pods.
fn mounts(values: &Json) -> Vec<Json> {
    let mount = |name: &str, path: &str, read_only| json!({ "name": name, "path": path, "read_only": read_only });
    let mut mounts = values["config_maps"].as_array().cloned().unwrap_or_default();
    let authority = values["authority"]["path"].as_str();
    mounts.extend(authority.map(|path| mount("authority", path, true)));
    let providers = workloads::providers(&values["authorities"]);
    mounts.extend(providers.map(|name| mount(&format!("authority-{name}"), &format!("{AUTHORITIES}/{name}"), true)));
    let tokens = workloads::providers_of_tokens(&values["tokens"]);
    mounts.extend(tokens.map(|name| mount(&format!("token-{name}"), &format!("{TOKENS}/{name}"), true)));
    let has = |what: &str| values[what].as_array().is_some_and(|some| !some.is_empty());
    mounts.extend(has("credentials").then(|| mount("credentials", CREDENTIALS, true)));
    mounts.extend(has("tmp").then(|| mount("tmp", "/tmp", false)));
    mounts
}

/// By what the programs verify their component, where it shows a certificate: where all find it who are linked to it.
fn authority(component: &Component, job: &Job, view: &Json) -> Option<Json> {
    let secret = view["certificate"]["secret"]
        .as_str()
        .filter(|_| !job.endpoints.is_empty())?;
    Some(json!({ "secret": secret, "path": format!("{AUTHORITIES}/{}", component.name) }))
}

/// The pods and ports behind the endpoints that the programs connect to.
fn edges(component: &Component, job: &Job) -> anyhow::Result<Vec<Json>> {
    let edge = |name: &String| {
        let endpoint = component.endpoints.get(name);
        let endpoint = endpoint.with_context(|| Code::E_CATALOG_ENDPOINT.fault(format!("there is no `{name}`")))?;
        Ok(json!({ "endpoint": name, "pods": endpoint.pods, "port": endpoint.target_port }))
    };
    job.endpoints.iter().map(edge).collect()
}

fn steps(images: &Images, job: &Job, variables: Variables<'_>) -> anyhow::Result<Vec<Json>> {
    let mut steps = Vec::new();
    for step in &job.steps {
        let Some(interface) = &step.accounts else {
            steps.push(self::step(images, step, variables)?);
            continue;
        };
        let accounts = variables.component["accounts"].as_array().into_iter().flatten();
        for account in accounts.filter(|account| account["interface"] == **interface) {
            let variables = Variables {
                account: Some(account),
                ..variables
            };
            if is_in_scope(&step.scope, account, variables)? {
                steps.push(self::step(images, step, variables)?);
            }
        }
    }
    Ok(steps)
}

/// The folders with secrets of accounts: each Secret with its key, and the file that it becomes.
fn account_folders(job: &Job, variables: Variables<'_>) -> anyhow::Result<Vec<Json>> {
    let folder = |folder: &MountedAccounts| {
        let accounts = variables.component["accounts"].as_array().into_iter().flatten();
        let mut files = Vec::new();
        for account in accounts.filter(|account| account["interface"] == *folder.interface) {
            let key = &account["secret"]["keys"][&folder.fact];
            if !key.is_null() && is_in_scope(&folder.scope, account, variables)? {
                let secret = &account["secret"]["name"];
                files.push(json!({ "secret": secret, "key": key, "path": account["name"] }));
            }
        }
        Ok(json!({ "name": folder.name, "files": files }))
    };
    job.accounts.iter().map(folder).collect()
}

fn takes_secrets(step: &JobStep) -> bool {
    let mut settings = step.env.values();
    settings.any(|setting| matches!(setting, JobSetting::Secret(_)))
}

/// Whether the account reaches what the run is for.
fn is_in_scope(scope: &BTreeMap<String, String>, account: &Json, variables: Variables<'_>) -> anyhow::Result<bool> {
    for (word, value) in scope {
        let value = variables.expand(value)?;
        let reached = account["scope"][word].as_array();
        if !reached.is_some_and(|reached| reached.iter().any(|one| *one == *value)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn step(images: &Images, step: &JobStep, variables: Variables<'_>) -> anyhow::Result<Json> {
    let expand = |text: &str| variables.expand(text);
    let image = images.get(&step.image);
    let mut env = Vec::new();
    for (name, setting) in &step.env {
        env.push(match setting {
            JobSetting::Plain(value) => json!({ "name": name, "value": expand(value)?, "secret": null }),
            JobSetting::Secret(place) => {
                json!({ "name": name, "secret": expand(&place.secret)?, "key": expand(&place.key)? })
            }
        });
    }
    Ok(json!({
        "name": expand(&step.name)?,
        "image": image.with_context(|| Code::E_CATALOG_SCHEMA.fault(format!("no image `{}`", step.image)))?,
        "command": variables.expand_all(&step.command)?,
        "env": env,
        "cpu": { "request": expand(&step.cpu.request)?, "limit": expand(&step.cpu.limit)? },
        "memory": { "request": expand(&step.memory.request)?, "limit": expand(&step.memory.limit)? },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(step: Json, view: &Json) -> Vec<String> {
        let mut whole = json!({ "name": "{account.name}", "image": "psql", "command": ["psql"], "cpu": { "request": "1m", "limit": "1m" }, "memory": { "request": "1Mi", "limit": "1Mi" } });
        whole.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        let job = json!({ "deadline_seconds": 1, "steps": [whole] });
        let job: Job = serde_json::from_value(job).unwrap();
        let variables = Variables {
            sub: Some(&view["sub_components"][0]),
            ..Variables::of(&Json::Null, view)
        };
        let images = BTreeMap::from([("psql".to_owned(), "psql:1".to_owned())]);
        let steps = steps(&images, &job, variables).unwrap();
        steps
            .iter()
            .map(|step| format!("{} {}", step["name"].as_str().unwrap(), step["env"]))
            .collect()
    }

    /// A reader of one database has no step in the run of another.
    #[test]
    fn a_step_is_made_for_each_account_in_scope() {
        let account = |name: &str, interface: &str, databases: &[&str]| json!({ "name": name, "interface": interface, "scope": { "databases": databases }, "secret": { "name": format!("db.{name}"), "keys": { "password": "pw" } } });
        let view = json!({
            "sub_components": [{ "object": "app-db", "attributes": { "database": "app_db" } }],
            "accounts": [account("one", "postgres", &["app_db", "b"]), account("two", "postgres", &["b"]), account("three", "http", &["app_db"])],
        });
        let secret = json!({ "secret": "{account.secret.name}", "key": "{account.secret.keys.password}" });
        let step = json!({ "accounts": "postgres", "scope": { "databases": "{sub.database}" }, "env": { "PGPASSWORD": secret } });
        assert_eq!(
            accounts(step, &view),
            [r#"one [{"key":"pw","name":"PGPASSWORD","secret":"db.one"}]"#]
        );
        assert_eq!(accounts(json!({ "accounts": "postgres" }), &view), ["one []", "two []"]);
        assert_eq!(accounts(json!({ "name": "grants" }), &view), ["grants []"]);
        assert!(accounts(json!({ "accounts": "redis" }), &view).is_empty());
    }
}
