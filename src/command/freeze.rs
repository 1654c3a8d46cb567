//! `stacktic freeze`: the kill switch of a stack's MCP servers.
//!
//! A ConfigMap that no Application owns, and that no account of the stack may touch, is mounted into the pods of each server;
//! while it is there, the server refuses every call. kubelets look at such a folder once a minute, and at once when something
//! of the pod changes: so an annotation of the pods is written as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{bail, ensure};
use serde_json::json;

use super::Streams;
use super::load::{Loaded, load, refuse};
use super::secrets::programs;
use crate::catalog::{Catalog, FileFindings, Role};
use crate::cli::{FreezeArgs, OutputArg};
use crate::exit::Exit;
use crate::secrets::strong;
use crate::stack::{Account, Component, Link, Origin, Stack};

/// The ConfigMap that `catalog/fastmcp/component.yaml` mounts.
const SWITCH: &str = "stacktic-freeze";
/// The file in it.
const KEY: &str = "reason";
const ANNOTATION: &str = "stacktic.io/freeze";
/// Characters of a word that was not there before.
const WORD: usize = 8;

pub(super) fn run(args: &FreezeArgs, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let Loaded { source, result } = load(&args.stack, catalog)?;
    let stack = match result {
        Ok((_, stack)) => stack,
        Err(findings) => return refuse(&[FileFindings { source, findings }], OutputArg::Text, streams),
    };
    let servers: Vec<&Component> = stack.deployed().filter(|one| one.has_role(Role::McpServer)).collect();
    ensure!(!servers.is_empty(), "the stack has no MCP server");
    let steps = steps(args, &servers);
    if args.print {
        steps
            .iter()
            .try_for_each(|step| writeln!(streams.out, "{}", step.printed()))?;
    } else {
        carry_out(args, &servers, &steps, streams)?;
    }
    if !args.lift {
        let text = revocations(&stack, &servers, &args.stack);
        write!(streams.out, "{text}")?;
    }
    Ok(Exit::Done)
}

/// One call of kubectl.
struct Step {
    arguments: Vec<String>,
    /// An object, in one line, for what reads it.
    input: Option<String>,
    /// An argument of which each run needs another value.
    fresh: Option<String>,
}

impl Step {
    /// A line for a shell.
    fn printed(&self) -> String {
        let fresh = self.fresh.iter().map(|name| format!("{name}=\"$(date +%s)\""));
        let words = self.arguments.iter().map(|word| quoted(word)).chain(fresh);
        let line = format!("kubectl {}", words.collect::<Vec<_>>().join(" "));
        match &self.input {
            // An object in one line cannot hold the line that ends it.
            Some(input) => format!("{line} <<'EOF'\n{input}\nEOF"),
            None => line,
        }
    }

    fn run(&self) -> anyhow::Result<()> {
        let fresh = self.fresh.as_ref().map(|name| -> anyhow::Result<String> {
            let word = strong(0)?;
            Ok(format!("{name}={}", &word.reveal()[..WORD]))
        });
        let fresh = fresh.transpose()?;
        let words: Vec<&str> = self.arguments.iter().chain(&fresh).map(String::as_str).collect();
        let input = self.input.as_deref().unwrap_or_default();
        programs::run(Path::new("."), "kubectl", &words, input.as_bytes()).map(drop)
    }
}

/// The switch in each namespace first: it counts without the annotations, if later.
fn steps(args: &FreezeArgs, servers: &[&Component]) -> Vec<Step> {
    let context: Vec<String> = match &args.context {
        Some(name) => vec!["--context".to_owned(), name.clone()],
        None => Vec::new(),
    };
    let words = |words: &[&str]| -> Vec<String> {
        let words = words.iter().map(|word| (*word).to_owned());
        words.chain(context.iter().cloned()).collect()
    };
    let namespaces: BTreeSet<&str> = servers.iter().map(|one| one.namespace.as_str()).collect();
    let switch = namespaces.into_iter().map(|namespace| match args.lift {
        true => Step {
            arguments: words(&["delete", "configmap", SWITCH, "-n", namespace, "--ignore-not-found"]),
            input: None,
            fresh: None,
        },
        false => Step {
            arguments: words(&["apply", "-n", namespace, "-f", "-"]),
            input: Some(object(namespace, args.reason.as_deref().unwrap_or_default())),
            fresh: None,
        },
    });
    let pods = servers.iter().map(|server| {
        let selector = format!("app.kubernetes.io/instance={}", server.name);
        let namespace = server.namespace.as_str();
        Step {
            arguments: words(&["annotate", "pods", "-n", namespace, "-l", &selector, "--overwrite"]),
            input: None,
            fresh: Some(ANNOTATION.to_owned()),
        }
    });
    switch.chain(pods).collect()
}

fn object(namespace: &str, reason: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": SWITCH, "namespace": namespace },
        "data": { KEY: reason },
    })
    .to_string()
}

/// Every step is tried, whatever becomes of the others.
fn carry_out(
    args: &FreezeArgs,
    servers: &[&Component],
    steps: &[Step],
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    let mut failed = 0;
    for step in steps {
        if let Err(error) = step.run() {
            failed += 1;
            writeln!(streams.messages, "{}: {error:#}", streams.style.error("error"))?;
        }
    }
    if failed > 0 {
        let was = if args.lift { "lifted" } else { "frozen" };
        bail!("{failed} of {} commands failed: not everything is {was}", steps.len());
    }
    let names: Vec<String> = servers.iter().map(|one| format!("`{}`", one.name)).collect();
    let names = names.join(", ");
    match args.lift {
        true => writeln!(streams.messages, "{names} may be called again")?,
        false => writeln!(
            streams.messages,
            "{names} refuses every call as soon as its pods have the file, which takes seconds; `/health` says `frozen`"
        )?,
    }
    Ok(())
}

/// How the accounts of the servers' links are taken back, for a shell: what is no command is a comment.
fn revocations(stack: &Stack, servers: &[&Component], stack_file: &Path) -> String {
    let links = servers.iter().flat_map(|server| stack.links_from(&server.name));
    let mut by_account: BTreeMap<usize, Vec<&Link>> = BTreeMap::new();
    for link in links {
        if let Some(account) = link.account {
            by_account.entry(account).or_default().push(link);
        }
    }
    if by_account.is_empty() {
        return String::new();
    }
    let mut lines = vec![
        "# Keys that may be in wrong hands: the first line of an account takes its rights away at once, where there is one.".to_owned(),
        "# What is declared gives them back after a while; a new value, applied as ever, is what lasts.".to_owned(),
    ];
    for (position, links) in by_account {
        let account = &stack.accounts[position];
        lines.push(format!("# {}: account {}", account.component, account.name));
        lines.extend(account.revoke.clone());
        lines.push(lasting(account, links[0], stack_file));
    }
    lines.join("\n") + "\n"
}

/// What makes the old credential worth nothing.
fn lasting(account: &Account, link: &Link, stack_file: &Path) -> String {
    let origin = account.credential.as_ref().map(|credential| &credential.origin);
    match origin {
        Some(Origin::Issued(how)) => format!("# issued elsewhere, and taken back there: {how}"),
        Some(Origin::Existing | Origin::Operator) | None => format!(
            "# its credential is made by {}, and there is no command here that makes another",
            account.component
        ),
        Some(Origin::Seeded | Origin::Digested(_)) => format!(
            "stacktic secrets rotate {} {}",
            quoted(&link.ends()),
            quoted(&stack_file.display().to_string())
        ),
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_./:=,@%+".contains(sign);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_as_they_are() {
        for (word, expected) in [
            ("fastmcp:cnpg", "fastmcp:cnpg"),
            ("", "''"),
            ("my stack.yaml", "'my stack.yaml'"),
            ("a'b", r"'a'\''b'"),
            ("$(id)", "'$(id)'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
