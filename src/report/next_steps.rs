//! What is left to do after the first run: secrets, images, the cluster.
//!
//! In: what was made, as paths below the output folder. Out: steps in their order, for people and programs. It must not know
//! how these facts are found.

use std::fmt::Write as _;

use serde::Serialize;

use super::Style;
use crate::hook::deploy;
use crate::hook::releases::Release;
use crate::name::shell;

/// Most files that a step names one by one.
const MOST_FILES: usize = 5;
/// Secret files of all components.
const SECRETS: &str = "k8s/deploy/base/*/secret/*.env";

/// What the first run made that somebody must go on with.
#[derive(Debug, Default)]
pub struct Made {
    /// The output folder as a user would type it.
    pub out: String,
    pub secrets: Vec<SecretFile>,
    /// Paths of ExternalSecret objects.
    pub external_secrets: Vec<String>,
    pub images: Vec<Image>,
    pub operators: Vec<Release>,
    /// Folders of operators that are no charts.
    pub other_operators: Vec<String>,
    pub environments: Vec<Environment>,
    /// The repository that Argo CD reads, where the stack has one.
    pub repository: Option<String>,
    /// Secret files are encrypted by `stacktic secrets`.
    pub is_encrypted: bool,
    /// The commands that fill in secret files.
    pub fill: String,
    /// The command that runs the stack on this machine, where it can be run.
    pub dev: Option<String>,
}

/// A file of secret values.
#[derive(Debug)]
pub struct SecretFile {
    pub path: String,
    /// How many values somebody must give; `None` of an encrypted file, which tells nothing of its values.
    pub empty: Option<usize>,
}

/// An image that is built from the output.
#[derive(Debug)]
pub struct Image {
    pub component: String,
    /// The image as Deployments name it.
    pub name: String,
    /// The folder with the Dockerfile.
    pub folder: String,
    /// The build copies this program from its folder.
    pub with_program: bool,
}

/// An environment with the charts of its components.
#[derive(Debug)]
pub struct Environment {
    pub name: String,
    /// The command that applies it.
    pub apply: String,
    pub charts: Vec<Release>,
}

/// One thing to do; the lines of a command are one text for a shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextStep {
    pub step: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Where the files lie, for people, when they are too many to name.
    #[serde(skip)]
    pub pattern: String,
}

/// The steps from the first run to a stack that runs.
#[must_use]
pub fn next_steps(made: &Made) -> Vec<NextStep> {
    let mut steps = Vec::new();
    steps.extend(fill_in(made));
    steps.extend(check_encrypted(made));
    steps.extend(fill_store(made));
    steps.extend(made.images.iter().map(|image| build(made, image)));
    match &made.repository {
        Some(repository) => {
            steps.extend(keep_plain_files(made));
            steps.push(commit(made, repository));
            steps.extend(made.environments.iter().map(|one| sync(made, &one.name)));
        }
        None => {
            steps.extend(install_operators(made));
            steps.extend(made.environments.iter().map(|one| deploy(made, one)));
            steps.extend(keep_plain_files(made));
        }
    }
    steps.extend(made.dev.as_deref().map(dev));
    steps
}

/// The steps with their commands and files; nothing where there are none.
#[must_use]
pub fn next_steps_text(steps: &[NextStep], style: Style) -> String {
    let mut text = String::new();
    if !steps.is_empty() {
        let _ = writeln!(text, "\n{}:", style.hint("next"));
    }
    for (number, step) in (1..).zip(steps) {
        let _ = writeln!(text, "{number:>3}. {}", step.step);
        for line in step.lines() {
            let _ = writeln!(text, "       {line}");
        }
    }
    text
}

fn fill_in(made: &Made) -> Option<NextStep> {
    let open: Vec<&SecretFile> = made.secrets.iter().filter(|file| file.empty > Some(0)).collect();
    let keys = counted(open.iter().filter_map(|file| file.empty).sum(), "empty key");
    let files: Vec<&str> = open.iter().map(|file| file.path.as_str()).collect();
    let step = format!(
        "fill in {keys} in {}: these make what is of your own choice, and tell where the rest comes from",
        counted(files.len(), "file")
    );
    let step = made.step_with_files(step, &files, SECRETS)?;
    Some(NextStep {
        command: Some(made.fill.clone()),
        ..step
    })
}

fn check_encrypted(made: &Made) -> Option<NextStep> {
    let encrypted = made.secrets.iter().filter(|file| file.empty.is_none());
    let files: Vec<&str> = encrypted.map(|file| file.path.as_str()).collect();
    let step = format!(
        "look into {} with `sops edit`: only there you see whether values are missing",
        counted(files.len(), "encrypted file")
    );
    made.step_with_files(step, &files, SECRETS)
}

fn fill_store(made: &Made) -> Option<NextStep> {
    let files: Vec<&str> = made.external_secrets.iter().map(String::as_str).collect();
    let step = format!(
        "put the values into your secret store, under the keys of {}",
        counted(files.len(), "ExternalSecret")
    );
    made.step_with_files(step, &files, "k8s/deploy/base/*/externalsecret-*.yaml")
}

fn build(made: &Made, image: &Image) -> NextStep {
    let (name, folder) = (shell::word(&image.name), made.word(&image.folder));
    let copy = if image.with_program {
        format!("cp \"$(command -v stacktic)\" {folder}/ &&\n")
    } else {
        String::new()
    };
    NextStep::with_command(
        format!(
            "build the image of `{}`, and push it to where the cluster pulls it from",
            image.component
        ),
        format!("{copy}docker build --tag {name} {folder} &&\ndocker push {name}"),
    )
}

/// What would be readable for everybody who reads the repository.
fn keep_plain_files(made: &Made) -> Option<NextStep> {
    let is_plain = !made.is_encrypted && made.secrets.iter().any(|file| file.empty.is_some());
    let step = "the secret files are plain, so do not commit them; with `secrets: sops` in the stack file, `stacktic gen` and the \
                commands of the first step encrypt them";
    is_plain.then(|| NextStep::with_words(step.to_owned()))
}

fn commit(made: &Made, repository: &str) -> NextStep {
    let step = format!(
        "commit `{}` to the repository that Argo CD reads, {repository}",
        made.out
    );
    NextStep::with_words(step)
}

/// The project comes first: an Application without one is refused.
fn sync(made: &Made, environment: &str) -> NextStep {
    let file = |name: &str| made.word(&format!("argocd/{environment}/{name}.yaml"));
    NextStep::with_command(
        format!("in the cluster where Argo CD of `{environment}` runs: it syncs the rest from here on"),
        format!("kubectl apply -f {} -f {}", file("project"), file("root")),
    )
}

/// Custom resources need their operators' CRDs: these come before the overlay.
fn install_operators(made: &Made) -> Option<NextStep> {
    let charts = made.operators.iter().map(|chart| install(made, chart));
    let folders = made.other_operators.iter();
    let folders = folders.map(|folder| deploy::kubectl(&made.word(folder)));
    let commands: Vec<String> = charts.chain(folders).collect();
    (!commands.is_empty()).then(|| NextStep::with_command("install the operators".to_owned(), commands.join("\n")))
}

/// Network policies and Secrets come before the charts, and objects of kinds that a chart brings come after them.
fn deploy(made: &Made, environment: &Environment) -> NextStep {
    let Environment { name, apply, charts } = environment;
    if charts.is_empty() {
        return NextStep::with_command(format!("deploy the environment `{name}`"), apply.clone());
    }
    let mut commands = vec![apply.clone()];
    commands.extend(charts.iter().map(|chart| install(made, chart)));
    commands.push(apply.clone());
    NextStep::with_command(
        format!("deploy the environment `{name}`; the last line again, for kinds that only the charts bring"),
        commands.join("\n"),
    )
}

/// The release that an Application of Argo CD would make.
fn install(made: &Made, release: &Release) -> String {
    release.command(|path| made.word(path))
}

fn dev(command: &str) -> NextStep {
    NextStep::with_command(
        "or try the MCP server here and now, without a cluster",
        command.to_owned(),
    )
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

impl Made {
    /// A path below the output folder as a user would type it.
    fn shown(&self, path: &str) -> String {
        std::path::Path::new(&self.out).join(path).display().to_string()
    }

    fn word(&self, path: &str) -> String {
        shell::word(&self.shown(path))
    }

    /// A step about files below the output folder; nothing where there are none.
    fn step_with_files(&self, step: String, files: &[&str], pattern: &str) -> Option<NextStep> {
        (!files.is_empty()).then(|| NextStep {
            step,
            command: None,
            files: files.iter().map(|path| self.shown(path)).collect(),
            pattern: self.shown(pattern),
        })
    }
}

impl NextStep {
    fn with_words(step: String) -> Self {
        Self {
            step,
            command: None,
            files: Vec::new(),
            pattern: String::new(),
        }
    }

    fn with_command(step: impl Into<String>, command: String) -> Self {
        Self {
            command: Some(command),
            ..Self::with_words(step.into())
        }
    }

    /// What stands below the step: files, or where they lie, and the command.
    fn lines(&self) -> impl Iterator<Item = &str> {
        let files = match self.files.len() {
            0..=MOST_FILES => self.files.as_slice(),
            _ => std::slice::from_ref(&self.pattern),
        };
        let command = self.command.iter().flat_map(|command| command.lines());
        files.iter().map(String::as_str).chain(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, empty: Option<usize>) -> SecretFile {
        let path = format!("k8s/deploy/base/{name}/secret/cloud.env");
        SecretFile { path, empty }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn environment(charts: Vec<Release>) -> Environment {
        let apply = "kubectl apply --server-side -k out/k8s/deploy/overlays/dev".to_owned();
        let name = "dev".to_owned();
        Environment { name, apply, charts }
    }

    fn chart(name: &str, repository: &str) -> Release {
        let values = format!("k8s/{name}.yaml");
        Release {
            release: name.to_owned(),
            namespace: "db".to_owned(),
            repository: repository.to_owned(),
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            skip_crds: false,
            values: vec![values],
        }
    }

    fn made() -> Made {
        Made {
            out: "out".to_owned(),
            fill: "stacktic secrets fill".to_owned(),
            environments: vec![environment(vec![])],
            ..Made::default()
        }
    }

    fn check(made: &Made, expected: &[&str]) {
        let text = next_steps_text(&next_steps(made), Style { colors: false });
        let lines: Vec<&str> = text.lines().skip(2).map(str::trim).collect();
        assert_eq!(lines, expected);
    }

    const DEPLOY: [&str; 2] = [
        "deploy the environment `dev`",
        "kubectl apply --server-side -k out/k8s/deploy/overlays/dev",
    ];

    /// What is told of secret files alone, before the cluster's turn.
    fn check_secrets(secrets: Vec<SecretFile>, external: &[&str], expected: &[&str]) {
        let made = Made {
            secrets,
            external_secrets: texts(external),
            ..made()
        };
        let text = next_steps_text(&next_steps(&made), Style { colors: false });
        let told = text.split(DEPLOY[0]).next().unwrap().lines().skip(2).map(str::trim);
        let told: Vec<&str> = told.filter(|line| line.len() > 2).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn secrets_are_told_by_what_is_known_of_them() {
        let (api, web) = (
            "out/k8s/deploy/base/api/secret/cloud.env",
            "out/k8s/deploy/base/web/secret/cloud.env",
        );
        let rest = ": these make what is of your own choice, and tell where the rest comes from";
        let fill = "stacktic secrets fill";
        check_secrets(vec![], &[], &[]);
        check_secrets(vec![secret("api", Some(0))], &[], &[]);
        let one = format!("1. fill in 1 empty key in 1 file{rest}");
        check_secrets(
            vec![secret("api", Some(1)), secret("web", Some(0))],
            &[],
            &[&one, api, fill],
        );
        let two = format!("1. fill in 5 empty keys in 2 files{rest}");
        check_secrets(
            vec![secret("api", Some(2)), secret("web", Some(3))],
            &[],
            &[&two, api, web, fill],
        );
        let many = (0..6).map(|number| secret(&format!("c{number}"), Some(2))).collect();
        let six = format!("1. fill in 12 empty keys in 6 files{rest}");
        check_secrets(many, &[], &[&six, "out/k8s/deploy/base/*/secret/*.env", fill]);
        let sealed = "2. look into 1 encrypted file with `sops edit`: only there you see whether values are missing";
        check_secrets(
            vec![secret("api", Some(1)), secret("web", None)],
            &[],
            &[&one, api, fill, sealed, web],
        );
        let store = "1. put the values into your secret store, under the keys of 1 ExternalSecret";
        let object = "k8s/deploy/base/api/externalsecret-api.yaml";
        check_secrets(
            vec![],
            &[object],
            &[store, "out/k8s/deploy/base/api/externalsecret-api.yaml"],
        );
    }

    #[test]
    fn the_cluster_comes_by_hand_or_by_argo_cd() {
        check(&made(), &[&format!("1. {}", DEPLOY[0]), DEPLOY[1]]);
        let made = Made {
            out: "my out".to_owned(),
            images: vec![Image {
                component: "fastmcp".to_owned(),
                name: "registry.shop.example.com/mcp:1".to_owned(),
                folder: "k8s/build/base/fastmcp".to_owned(),
                with_program: false,
            }],
            operators: vec![chart("pg", "https://charts.example.com")],
            other_operators: texts(&["k8s/deploy/base/_operators/keycloak"]),
            environments: vec![environment(vec![
                chart("loki", "oci://ghcr.io/charts"),
                chart("kafka", "oci://ghcr.io/kafka"),
            ])],
            dev: Some("stacktic dev --catalog acme 'my stack.yaml'".to_owned()),
            ..made()
        };
        let (build, dev) = (
            [
                "1. build the image of `fastmcp`, and push it to where the cluster pulls it from",
                "docker build --tag registry.shop.example.com/mcp:1 'my out/k8s/build/base/fastmcp' &&",
                "docker push registry.shop.example.com/mcp:1",
            ],
            "stacktic dev --catalog acme 'my stack.yaml'",
        );
        let by_hand = [
            "2. install the operators",
            "helm upgrade --install pg pg --repo https://charts.example.com --version 1.2.3 --create-namespace -n db -f 'my out/k8s/pg.yaml'",
            "kubectl apply --server-side -k 'my out/k8s/deploy/base/_operators/keycloak'",
            "3. deploy the environment `dev`; the last line again, for kinds that only the charts bring",
            "kubectl apply --server-side -k out/k8s/deploy/overlays/dev",
            "helm upgrade --install loki oci://ghcr.io/charts/loki --version 1.2.3 --create-namespace -n db -f 'my out/k8s/loki.yaml'",
            "helm upgrade --install kafka oci://ghcr.io/kafka --version 1.2.3 --create-namespace -n db -f 'my out/k8s/kafka.yaml'",
            "kubectl apply --server-side -k out/k8s/deploy/overlays/dev",
            "4. or try the MCP server here and now, without a cluster",
            dev,
        ];
        check(&made, &[&build[..], &by_hand].concat());
        let by_argo_cd = [
            "2. commit `my out` to the repository that Argo CD reads, https://git.example.com/shop.git",
            "3. in the cluster where Argo CD of `dev` runs: it syncs the rest from here on",
            "kubectl apply -f 'my out/argocd/dev/project.yaml' -f 'my out/argocd/dev/root.yaml'",
            "4. or try the MCP server here and now, without a cluster",
            dev,
        ];
        let made = Made {
            repository: Some("https://git.example.com/shop.git".to_owned()),
            ..made
        };
        check(&made, &[&build[..], &by_argo_cd].concat());
    }
}
