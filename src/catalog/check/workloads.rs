//! Rule: pods and jobs of ours name images, endpoints, attributes and ConfigMaps that the type has, and the load decides how
//! many pods there are, or a reason says why it does not.

use super::{Held, steered};
use crate::catalog::{AttributeKind, ComponentType, FolderSource, Job, Strategy, Workload};
use crate::fault::Code::{E_CATALOG_ENV, E_CATALOG_SCHEMA};

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    if let Some(workload) = definition.install.workload() {
        self::workload(held, workload);
    }
    for (name, job) in &definition.jobs {
        self::job(held, name, job);
    }
}

/// Settings of the runtime itself that an image may leave to its pods.
const OF_THE_IMAGE: [&str; 4] = ["HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TMPDIR"];

/// How much memory a virtual machine takes follows from that of its pod, which no image knows. Such options load and run nothing.
const OF_MEMORY: (&str, [&str; 2]) = (
    "JAVA_TOOL_OPTIONS",
    ["-XX:MaxRAMPercentage=", "-XX:+ExitOnOutOfMemoryError"],
);

fn is_of_memory(key: &str, value: &str) -> bool {
    let (name, options) = OF_MEMORY;
    let mut words = value.split_whitespace();
    key == name && words.all(|word| options.iter().any(|option| word.starts_with(option)))
}

/// What a pod of ours loads and runs is for its image to say, where a scanner looks.
fn steers(held: &mut Held<'_, ComponentType>, path: &[&str], key: &str, value: &str) {
    let is_ours = held.entry.is_embedded() && (key.starts_with("STACKTIC_") || is_of_memory(key, value));
    if let Some(who) = steered(key).filter(|_| !is_ours && !OF_THE_IMAGE.contains(&key)) {
        let fact = format!("`{key}` steers {who}");
        held.blame_key(
            E_CATALOG_ENV,
            &[path, &["env", key]].concat(),
            fact,
            "set it in the image, or give the program an argument",
        );
    }
}

fn workload(held: &mut Held<'_, ComponentType>, workload: &Workload) {
    let definition = held.definition();
    for (key, setting) in &workload.env {
        steers(held, &["install", "workload"], key, setting.value());
    }
    let base = ["install", "workload"];
    let images: Vec<&str> = definition.images.keys().map(String::as_str).collect();
    held.known(
        E_CATALOG_SCHEMA,
        &[base[0], base[1], "container"],
        &workload.container,
        &images,
        "image",
    );
    if let Some(endpoint) = workload.probe.as_ref().and_then(|probe| probe.endpoint.as_ref()) {
        let known: Vec<&str> = definition.endpoints.keys().map(String::as_str).collect();
        held.known(
            E_CATALOG_SCHEMA,
            &[base[0], base[1], "probe", "endpoint"],
            endpoint,
            &known,
            "endpoint",
        );
    }
    scale(held, workload);
    let maps: Vec<&str> = definition.config_maps.keys().map(String::as_str).collect();
    for (folder, projected) in workload.projected.iter().enumerate() {
        for (position, source) in projected.sources.iter().enumerate() {
            let (folder, position) = (folder.to_string(), position.to_string());
            let path = [base[0], base[1], "projected", &folder, "sources", &position];
            match source {
                FolderSource::ConfigMaps(name) => {
                    let path = [path.as_slice(), &["config_maps"]].concat();
                    held.known(E_CATALOG_SCHEMA, &path, name, &maps, "entry of `config_maps`");
                }
                FolderSource::Package if definition.package.is_none() => {
                    held.blame(
                        E_CATALOG_SCHEMA,
                        &path,
                        "the type has no `package`",
                        "add one, or remove this",
                    );
                }
                FolderSource::Package | FolderSource::OptionalConfigMap(_) => {}
                FolderSource::Accounts(interface) => {
                    let path = [path.as_slice(), &["accounts"]].concat();
                    let provided: Vec<&str> = definition.provides.keys().map(String::as_str).collect();
                    held.known(E_CATALOG_SCHEMA, &path, interface, &provided, "provision");
                }
            }
        }
    }
}

/// A number of pods that the load decides: above that of every day, and of pods that may run beside each other.
fn scale(held: &mut Held<'_, ComponentType>, workload: &Workload) {
    let Some(scale) = &workload.scale else { return };
    let base = ["install", "workload", "scale"];
    let kind = held.definition().attributes.get(&scale.attribute);
    if kind.is_some_and(|kind| kind.kind != AttributeKind::Integer || kind.secret) {
        let fact = format!("`{}` is no number of pods", scale.attribute);
        let path = [base[0], base[1], base[2], "attribute"];
        held.blame(E_CATALOG_SCHEMA, &path, fact, "name an attribute with `type: integer`");
    }
    if workload.strategy == Strategy::Recreate {
        let fact = "the load asks for more pods, of which two may not run at once";
        let path = [base[0], base[1], "strategy"];
        held.blame(E_CATALOG_SCHEMA, &path, fact, "remove it, or write `scale: null`");
    }
}

/// Nobody should take for a decision what nobody has looked at.
pub(super) fn manners(held: &mut Held<'_, ComponentType>) {
    let Some(workload) = held.definition().install.workload() else {
        return;
    };
    let says_why = workload.replicas_because.as_ref();
    if workload.scale.is_none() && says_why.is_none_or(|reason| reason.trim().is_empty()) {
        let hint =
            "add `scale: {attribute: max_replicas, cpu: 80}`, or `replicas_because: <why the load does not decide>`";
        let fact = "the load does not decide how many pods there are, and nobody is told why";
        held.blame_key(E_CATALOG_SCHEMA, &["install", "workload"], fact, hint);
    }
}

fn job(held: &mut Held<'_, ComponentType>, name: &str, job: &Job) {
    let definition = held.definition();
    if let Some(sub) = &job.for_each {
        let known: Vec<&str> = definition.sub_components.keys().map(String::as_str).collect();
        held.known(
            E_CATALOG_SCHEMA,
            &["jobs", name, "for_each"],
            sub,
            &known,
            "sub-component type",
        );
    }
    let known: Vec<&str> = definition.endpoints.keys().map(String::as_str).collect();
    for (position, endpoint) in job.endpoints.iter().enumerate() {
        let path = ["jobs", name, "endpoints", &position.to_string()];
        held.known(E_CATALOG_SCHEMA, &path, endpoint, &known, "endpoint");
    }
    let images: Vec<&str> = definition.images.keys().map(String::as_str).collect();
    let provided: Vec<&str> = definition.provides.keys().map(String::as_str).collect();
    for (position, step) in job.steps.iter().enumerate() {
        let position = position.to_string();
        let path = ["jobs", name, "steps", &position];
        for key in step.env.keys() {
            steers(held, &path, key, "");
        }
        held.known(
            E_CATALOG_SCHEMA,
            &[&path[..], &["image"]].concat(),
            &step.image,
            &images,
            "image",
        );
        if let Some(of) = &step.accounts {
            // Each account has a container of its own in the one pod.
            if !step.name.contains("{account.") {
                held.blame(
                    E_CATALOG_SCHEMA,
                    &[&path[..], &["name"]].concat(),
                    format!("`{}` would name the containers of all accounts alike", step.name),
                    "name the account in it: `{account.object}`",
                );
            }
            let path = [&path[..], &["accounts"]].concat();
            held.known(E_CATALOG_SCHEMA, &path, of, &provided, "interface that it provides");
        }
    }
}
