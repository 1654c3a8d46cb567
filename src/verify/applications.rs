//! Environments as Argo CD sees them: their Applications in wave order, each with the objects of its folder.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::object::Object;
use super::{BRINGS, EXPECTS, Files, Problem, SERVES, kustomization};
use crate::yaml;

/// An environment's folder below `argocd/`.
#[derive(Debug)]
pub struct Environment {
    pub name: String,
    /// By their waves.
    pub applications: Vec<Application>,
    /// API groups that the cluster has already.
    pub expects: BTreeSet<String>,
}

/// What Argo CD keeps in step as one.
#[derive(Debug)]
pub struct Application {
    pub file: String,
    pub name: String,
    pub wave: i64,
    /// The folder of the output that it applies, where it applies one.
    pub folder: Option<String>,
    /// Charts and folders of other repositories, by where they come from.
    pub others: Vec<String>,
    pub objects: Vec<Object>,
    pub brings: BTreeSet<String>,
    pub serves: Option<String>,
    pub destination: String,
    pub sync_options: BTreeSet<String>,
}

/// Every environment that has a root.
pub(super) fn environments(files: &Files, problems: &mut Vec<Problem>) -> Vec<Environment> {
    let roots = files.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix("argocd/")?.strip_suffix("/root.yaml")?;
        Some((name, path, yaml::documents(text).ok()?.into_iter().next()?))
    });
    let roots: Vec<_> = roots.collect();
    roots
        .into_iter()
        .map(|(name, path, root)| environment(files, name, path, &root, problems))
        .collect()
}

fn environment(files: &Files, name: &str, path: &str, root: &Json, problems: &mut Vec<Problem>) -> Environment {
    let source = &root["spec"]["source"];
    // The root's own path says where the output lies in the repository.
    let own = Repository {
        url: text(&source["repoURL"]),
        folder: text(&source["path"])
            .trim_end_matches(&format!("argocd/{name}"))
            .to_owned(),
    };
    let listed = kustomization::objects(files, &format!("argocd/{name}"), problems);
    let mut applications: Vec<Application> = listed
        .iter()
        .filter(|object| object.kind == "Application")
        .map(|object| own.application(files, object, problems))
        .collect();
    if applications.is_empty() {
        problems.push(Problem::new(path, "its folder has no Application"));
    }
    applications.sort_by(|left, right| (left.wave, &left.name).cmp(&(right.wave, &right.name)));
    let projects = listed.iter().filter(|object| object.kind == "AppProject");
    Environment {
        name: name.to_owned(),
        applications,
        expects: projects
            .flat_map(|project| words(project.annotation(EXPECTS)))
            .collect(),
    }
}

/// Where the output lies in Git.
struct Repository {
    url: String,
    folder: String,
}

impl Repository {
    fn application(&self, files: &Files, object: &Object, problems: &mut Vec<Problem>) -> Application {
        let spec = &object.body["spec"];
        let several = spec["sources"].as_array().cloned().unwrap_or_default();
        let sources = several
            .into_iter()
            .chain(Some(spec["source"].clone()).filter(Json::is_object));
        let (mut folder, mut others) = (None, Vec::new());
        for source in sources {
            let (url, path) = (text(&source["repoURL"]), source["path"].as_str());
            match path {
                Some(path) if url == self.url => {
                    folder = Some(path.strip_prefix(&self.folder).unwrap_or(path).to_owned());
                }
                Some(path) => others.push(format!("{url} {path}")),
                None => others.extend(source["chart"].as_str().map(|chart| format!("{url} {chart}"))),
            }
        }
        let objects = match &folder {
            Some(folder) => kustomization::objects(files, folder, problems),
            None => Vec::new(),
        };
        let options = spec["syncPolicy"]["syncOptions"].as_array().into_iter().flatten();
        Application {
            file: object.file.clone(),
            name: object.name.clone(),
            wave: object.annotation("argocd.argoproj.io/sync-wave").parse().unwrap_or(0),
            folder,
            others,
            objects,
            brings: words(object.annotation(BRINGS)).collect(),
            serves: Some(object.annotation(SERVES).to_owned()).filter(|serves| !serves.is_empty()),
            destination: text(&spec["destination"]["namespace"]),
            sync_options: options.filter_map(Json::as_str).map(str::to_owned).collect(),
        }
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn words(list: &str) -> impl Iterator<Item = String> {
    list.split(',').filter(|word| !word.is_empty()).map(str::to_owned)
}
