//! What holds while an environment is installed, one law a function: when an object comes, all that it needs is there.

use std::collections::{BTreeMap, BTreeSet};

use super::applications::{Application, Environment};
use super::object::Object;
use super::{Files, Problem};

/// A law of one environment.
pub(super) type Law = fn(&Environment, &mut Vec<Problem>);

pub(super) const ALL: [Law; 6] = [
    namespaces_are_there,
    kinds_are_there,
    references_are_there,
    objects_have_one_owner,
    operators_are_there_once,
    operators_serve_their_namespace,
];

/// API groups of Kubernetes itself.
const BUILT_IN: [&str; 12] = [
    "",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "scheduling.k8s.io",
    "apiextensions.k8s.io",
    "admissionregistration.k8s.io",
    "apiregistration.k8s.io",
];

/// Applications whose objects are there when those of `wave` come.
fn before(environment: &Environment, wave: i64) -> impl Iterator<Item = &Application> {
    environment
        .applications
        .iter()
        .filter(move |application| application.wave < wave)
}

/// The same, and the Application itself, which applies its objects in an order of its own.
fn there<'a>(environment: &'a Environment, own: &'a Application) -> impl Iterator<Item = &'a Application> {
    before(environment, own.wave).chain([own])
}

fn namespaces_are_there(environment: &Environment, problems: &mut Vec<Problem>) {
    for own in &environment.applications {
        let made: BTreeSet<&str> = there(environment, own).flat_map(namespaces_of).collect();
        let mut missing: BTreeMap<&str, &Object> = BTreeMap::new();
        for object in own.objects.iter().filter(|object| !object.namespace.is_empty()) {
            if !made.contains(object.namespace.as_str()) {
                missing.entry(&object.namespace).or_insert(object);
            }
        }
        for (namespace, object) in missing {
            let fact = format!(
                "{} comes before its namespace: no wave up to {} makes `{namespace}`",
                object.told(),
                own.wave
            );
            problems.push(Problem::new(&object.file, fact));
        }
        if !own.others.is_empty() && !made.contains(own.destination.as_str()) {
            let fact = format!(
                "{} installs into `{}`, which no wave up to {} makes",
                own.name, own.destination, own.wave
            );
            problems.push(Problem::new(&own.file, fact));
        }
    }
}

fn namespaces_of(application: &Application) -> impl Iterator<Item = &str> {
    let objects = application.objects.iter().filter(|object| object.kind == "Namespace");
    let creates = application.sync_options.contains("CreateNamespace=true");
    let created = creates.then_some(application.destination.as_str());
    objects.map(|object| object.name.as_str()).chain(created)
}

fn kinds_are_there(environment: &Environment, problems: &mut Vec<Problem>) {
    for own in &environment.applications {
        let known: BTreeSet<&str> = before(environment, own.wave)
            .flat_map(|application| &application.brings)
            .chain(&environment.expects)
            .map(String::as_str)
            .chain(BUILT_IN)
            .collect();
        for object in own
            .objects
            .iter()
            .filter(|object| !known.contains(object.group.as_str()))
        {
            if !own.brings.contains(&object.group) {
                let fact = format!(
                    "{} is of the group `{}`, which no wave before {} brings",
                    object.told(),
                    object.group,
                    own.wave
                );
                problems.push(Problem::new(&object.file, fact));
            } else if !own.sync_options.contains("SkipDryRunOnMissingResource=true") {
                let fact = format!(
                    "{} brings the kind of {} itself, and does not skip its dry run",
                    own.name,
                    object.told()
                );
                problems.push(Problem::new(&own.file, fact));
            }
        }
    }
}

fn references_are_there(environment: &Environment, problems: &mut Vec<Problem>) {
    for own in &environment.applications {
        let made: BTreeSet<(&str, &str, &str)> = there(environment, own)
            .flat_map(|application| &application.objects)
            .flat_map(|object| {
                let itself = (object.kind.as_str(), object.namespace.as_str(), object.name.as_str());
                let secret = object
                    .made_secret()
                    .map(|name| ("Secret", object.namespace.as_str(), name));
                [Some(itself), secret].into_iter().flatten()
            })
            .collect();
        for object in &own.objects {
            for reference in object.references() {
                if !made.contains(&(reference.kind, object.namespace.as_str(), reference.name.as_str())) {
                    let fact = format!(
                        "{} reads the {} `{}`, which nothing up to wave {} makes in its namespace",
                        object.told(),
                        reference.kind,
                        reference.name,
                        own.wave
                    );
                    problems.push(Problem::new(&object.file, fact));
                }
            }
        }
    }
}

fn objects_have_one_owner(environment: &Environment, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<(&str, &str, &str, &str), &Application> = BTreeMap::new();
    for application in &environment.applications {
        for object in &application.objects {
            let key = (
                object.group.as_str(),
                object.kind.as_str(),
                object.namespace.as_str(),
                object.name.as_str(),
            );
            match owners.insert(key, application) {
                Some(other) if other.name != application.name => {
                    let fact = format!(
                        "{} lies in {} as well as in {}",
                        object.told(),
                        other.name,
                        application.name
                    );
                    problems.push(Problem::new(&object.file, fact));
                }
                Some(_) => {
                    let fact = format!("{} is made twice by {}", object.told(), application.name);
                    problems.push(Problem::new(&object.file, fact));
                }
                None => {}
            }
        }
    }
}

fn operators_are_there_once(environment: &Environment, problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &Application> = BTreeMap::new();
    for application in environment.applications.iter().filter(|one| !one.brings.is_empty()) {
        for source in &application.others {
            if let Some(other) = seen.insert(source, application) {
                let fact = format!(
                    "{} and {} both bring the kinds of {source}: they are of the whole cluster",
                    other.name, application.name
                );
                problems.push(Problem::new(&application.file, fact));
            }
        }
    }
}

fn operators_serve_their_namespace(environment: &Environment, problems: &mut Vec<Problem>) {
    let all = || environment.applications.iter();
    for operator in all() {
        let Some(served) = &operator.serves else { continue };
        let objects = all().flat_map(|application| &application.objects);
        let theirs = objects.filter(|object| operator.brings.contains(&object.group));
        for object in theirs.filter(|object| !object.namespace.is_empty() && object.namespace != *served) {
            let others = all().filter(|other| other.serves.as_ref() == Some(&object.namespace));
            if !others.into_iter().any(|other| other.brings.contains(&object.group)) {
                let fact = format!(
                    "{} is served by nobody: {} serves `{served}` alone",
                    object.told(),
                    operator.name
                );
                problems.push(Problem::new(&object.file, fact));
            }
        }
    }
}

/// What no Application applies is never installed, and a folder farther away lacks what the environment or its Secrets add.
pub(super) fn the_nearest_folder_is_delivered(
    files: &Files,
    environments: &[Environment],
    problems: &mut Vec<Problem>,
) {
    for environment in environments {
        let delivered: BTreeSet<&str> = environment
            .applications
            .iter()
            .filter_map(|application| application.folder.as_deref())
            .collect();
        for folder in nearest(files, &environment.name).into_values() {
            if !delivered.contains(folder.as_str()) {
                let file = format!("{folder}/kustomization.yaml");
                let fact = format!("no Application of `{}` applies this folder", environment.name);
                problems.push(Problem::new(&file, fact));
            }
        }
    }
}

/// The folder of each component that is nearest to an environment, by name.
fn nearest<'a>(files: &'a Files, environment: &str) -> BTreeMap<&'a str, String> {
    let mut found = BTreeMap::new();
    for place in [
        "base",
        &format!("overlays/{environment}"),
        &format!("sops/{environment}"),
    ] {
        let prefix = format!("k8s/deploy/{place}/");
        let names = files.keys().filter_map(|path| {
            let name = path.strip_prefix(&prefix)?.strip_suffix("/kustomization.yaml")?;
            (!name.contains('/')).then_some(name)
        });
        found.extend(names.map(|name| (name, format!("{prefix}{name}"))));
    }
    found
}
