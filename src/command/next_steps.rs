//! What the first run made that somebody must go on with: read from the stack, the tree and the files that were there.

use crate::disk;
use crate::hook::deploy;
use crate::hook::releases::{self, Release};
use crate::layout::{self, OPERATORS};
use crate::name::{ComponentName, RelPath};
use crate::report::{self, Environment, Image, Made, NextStep, SecretFile};
use crate::settings::GenSettings;
use crate::stack::{AttributeValue, Component, SecretsBackend, Stack};
use crate::tree::{Action, Change, Changes, Content, Skeleton, Tree};

/// The steps that are left after the first run; none after any other, and none while nothing can be written.
///
/// # Errors
/// A secret file cannot be read.
pub(super) fn next_steps(
    stack: &Stack,
    tree: &Tree,
    changes: &Changes<'_>,
    output: &disk::Output,
    settings: &GenSettings,
) -> anyhow::Result<Vec<NextStep>> {
    if !changes.is_first() || changes.blocks() || stack.deployed().next().is_none() {
        return Ok(Vec::new());
    }
    Ok(report::next_steps(&Made {
        out: settings.out.display().to_string(),
        secrets: secrets(tree, changes, output)?,
        external_secrets: external_secrets(tree),
        images: images(stack, tree),
        operators: operators(stack, tree),
        other_operators: other_operators(stack),
        environments: environments(stack, tree, settings),
        is_encrypted: stack.secrets == SecretsBackend::Sops,
        fill: ["init", "fill"]
            .map(|name| settings.command(&format!("secrets {name}"), &["--catalog", "--out"]))
            .join(" &&\n"),
        repository: stack.gitops.as_ref().map(|gitops| gitops.repository.clone()),
        dev: dev(stack, settings),
    }))
}

fn secrets(tree: &Tree, changes: &Changes<'_>, output: &disk::Output) -> anyhow::Result<Vec<SecretFile>> {
    let mut found = Vec::new();
    // What cannot be read is told with its reason.
    let readable = |change: &&Change<'_>| change.action != Action::SecretUnreadable;
    for change in changes.files.iter().filter(readable) {
        if let Some(Content::Skeleton(skeleton)) = tree.get(&change.path).map(|file| &file.content) {
            found.push(SecretFile {
                path: change.path.to_string(),
                empty: empty_values(skeleton, change, output)?,
            });
        }
    }
    Ok(found)
}

/// A file that was there before the first run may be filled in already.
fn empty_values(skeleton: &Skeleton, change: &Change<'_>, output: &disk::Output) -> anyhow::Result<Option<usize>> {
    let bytes = match change.action {
        Action::Seed => None,
        _ => output.read(&change.path)?,
    };
    Ok(match bytes {
        Some(bytes) => disk::empty_values(skeleton, &bytes),
        None => Some(skeleton.keys.iter().filter(|key| key.value.is_empty()).count()),
    })
}

fn external_secrets(tree: &Tree) -> Vec<String> {
    let is_one = |path: &RelPath| {
        path.segments()
            .last()
            .is_some_and(|name| name.starts_with("externalsecret-"))
    };
    let paths = tree.below("k8s/deploy/base/").map(|(path, _)| path);
    paths.filter(|path| is_one(path)).map(ToString::to_string).collect()
}

/// Each image once: one of an MCP server serves them all.
fn images(stack: &Stack, tree: &Tree) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    for image in stack.deployed().filter_map(|component| image(component, tree)) {
        if images.iter().all(|known| known.name != image.name) {
            images.push(image);
        }
    }
    images
}

/// The image of a component whose Dockerfile is a part of the output.
fn image(component: &Component, tree: &Tree) -> Option<Image> {
    let folder = format!("k8s/build/base/{}", component.name);
    let path = RelPath::parse(&format!("{folder}/Dockerfile")).ok()?;
    let Content::Bytes(dockerfile) = &tree.get(&path)?.content else {
        return None;
    };
    let dockerfile = String::from_utf8_lossy(dockerfile);
    // Beside the one that is built there may be images of helpers; the attribute says where it is pulled from.
    let own = component.attributes.get("image").and_then(AttributeValue::text);
    let name = own.or_else(|| component.images.values().next().cloned())?;
    Some(Image {
        component: component.name.to_string(),
        name,
        folder,
        with_program: dockerfile.lines().any(|line| line.starts_with("COPY stacktic ")),
    })
}

/// What Helm installs before the components: operators, and the charts of what operators need.
fn operators(stack: &Stack, tree: &Tree) -> Vec<Release> {
    let needed = stack.needed_types();
    let dev = stack.environments.first();
    let charts = stack
        .deployed()
        .filter(|component| needed.contains(component.type_name()))
        .filter_map(|component| {
            let folders = releases::folders(&component.name, dev?);
            let values = folders.iter().flat_map(|folder| values_files(tree, folder));
            releases::of_component(component, values.collect())
        });
    let operators = releases::operators(stack, &stack.waves());
    let ha = dev.and_then(|name| releases::ha(stack, name));
    let operators = operators.iter().filter_map(|operator| operator.release(ha));
    charts.chain(operators).collect()
}

/// Folders of operators that are no charts.
fn other_operators(stack: &Stack) -> Vec<String> {
    let operators = releases::operators(stack, &stack.waves()).into_iter();
    let by_git = operators.filter(|operator| operator.source.git().is_some());
    by_git
        .map(|operator| format!("k8s/deploy/base/{OPERATORS}/{}", operator.name))
        .collect()
}

fn environments(stack: &Stack, tree: &Tree, settings: &GenSettings) -> Vec<Environment> {
    let shown = |path: &str| settings.out.join(path).display().to_string();
    let needed = stack.needed_types();
    let charts = |environment: &ComponentName| {
        let own = stack
            .deployed()
            .filter(|component| !needed.contains(component.type_name()));
        let charts = own.filter_map(|component| {
            let folders = releases::folders(&component.name, environment);
            let values = folders.iter().flat_map(|folder| values_files(tree, folder));
            releases::of_component(component, values.collect())
        });
        charts.collect()
    };
    let environments = stack.environments.iter();
    environments
        .map(|name| Environment {
            name: name.to_string(),
            apply: deploy::apply_whole(stack, &shown(&deploy::whole(stack, name.as_str()))),
            charts: charts(name),
        })
        .collect()
}

/// Values files of a release in one of its folders, the weakest first.
fn values_files(tree: &Tree, folder: &str) -> Vec<String> {
    let names = tree
        .below(folder)
        .filter_map(|(path, _)| path.as_str().strip_prefix(folder));
    let names = layout::values_files(names).into_iter();
    names.map(|name| format!("{folder}{name}")).collect()
}

#[cfg(feature = "agent")]
fn dev(stack: &Stack, settings: &GenSettings) -> Option<String> {
    let is_file = settings.stack_file.as_os_str() != "-";
    let can_run = is_file && crate::dev::is_runnable(stack);
    can_run.then(|| settings.command("dev", &["--catalog"]))
}

#[cfg(not(feature = "agent"))]
fn dev(_: &Stack, _: &GenSettings) -> Option<String> {
    None
}
