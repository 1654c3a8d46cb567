//! Values of `hooks/skills`: the prompts of MCP servers, as skills for clients that read files.
//!
//! The steps beside the links' entries go in, derived from the Python that serves them; told is what the links of a server reach,
//! as in the prompt itself. Item shapes stand in the hook's hook.yaml.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::catalog::{Entry, Pair, Role};
use crate::fault::Code;
use crate::stack::{Component, Stack};

/// File beside the entry of a link whose tools bring prompts.
const PROMPTS: &str = "prompts.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptsFile {
    prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompt {
    name: String,
    description: String,
    arguments: Vec<String>,
    title: String,
    steps: Vec<Step>,
    notes: Vec<Step>,
}

/// A sentence, and when it is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    text: String,
    /// Service whose tools must be there.
    needs: Option<String>,
    /// Service whose tools must not be there.
    lacks: Option<String>,
    /// Told for each type that has an endpoint of this name, as `<type>`.
    each: Option<String>,
}

#[derive(Serialize)]
struct Skill {
    name: String,
    server: String,
    description: String,
    arguments: Vec<String>,
    title: String,
    steps: Vec<Numbered>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Numbered {
    number: usize,
    text: String,
}

pub(super) fn values(stack: &Stack) -> anyhow::Result<Json> {
    let servers: Vec<&Component> = stack
        .of_role(Role::McpServer)
        .filter(|server| server.is_deployed())
        .collect();
    let mut skills = Vec::new();
    for server in &servers {
        let connections = stack.connections(server);
        let services: BTreeSet<&str> = connections.keys().copied().collect();
        for group in connections.values() {
            let Some(first) = group.first() else { continue };
            for prompt in prompts(first.tools)? {
                let mut skill = skill(stack, server, &services, &prompt);
                if servers.len() > 1 {
                    skill.name = format!("{}-{}", server.name, skill.name);
                }
                skills.push(skill);
            }
        }
    }
    Ok(json!({ "skills": skills }))
}

fn prompts(entry: &Entry<Pair>) -> anyhow::Result<Vec<Prompt>> {
    if !entry.files()?.iter().any(|name| name == PROMPTS) {
        return Ok(Vec::new());
    }
    let file: PromptsFile = serde_json::from_slice(&entry.file(PROMPTS)?)
        .with_context(|| Code::E_CATALOG_TOOLS.fault(format!("`{}`", entry.place(PROMPTS))))?;
    Ok(file.prompts)
}

fn skill(stack: &Stack, server: &Component, services: &BTreeSet<&str>, prompt: &Prompt) -> Skill {
    let filled = |text: &str| text.replace("<stack>", stack.name.as_str());
    let told = |steps: &[Step]| -> Vec<String> {
        let told = steps.iter().filter(|step| is_told(step, services));
        told.flat_map(|step| sentences(stack, step))
            .map(|text| filled(&text))
            .collect()
    };
    let steps = told(&prompt.steps).into_iter().enumerate();
    Skill {
        name: prompt.name.replace('_', "-"),
        server: server.name.to_string(),
        description: prompt.description.clone(),
        arguments: prompt.arguments.clone(),
        title: filled(&prompt.title),
        steps: steps
            .map(|(position, text)| Numbered {
                number: position + 1,
                text,
            })
            .collect(),
        notes: told(&prompt.notes),
    }
}

fn is_told(step: &Step, services: &BTreeSet<&str>) -> bool {
    let has = |service: &Option<String>| service.as_ref().map(|service| services.contains(service.as_str()));
    has(&step.needs) != Some(false) && has(&step.lacks) != Some(true)
}

fn sentences(stack: &Stack, step: &Step) -> Vec<String> {
    let Some(endpoint) = &step.each else {
        return vec![step.text.clone()];
    };
    let having = stack
        .components
        .values()
        .filter(|component| component.endpoints.contains_key(endpoint.as_str()));
    let types: BTreeSet<&str> = having.map(Component::type_name).collect();
    types
        .into_iter()
        .map(|name| step.text.replace("<type>", name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_by_what_is_linked() {
        let step = |needs: Option<&str>, lacks: Option<&str>| Step {
            text: String::new(),
            needs: needs.map(str::to_owned),
            lacks: lacks.map(str::to_owned),
            each: None,
        };
        let services = BTreeSet::from(["loki"]);
        for (needs, lacks, expected) in [
            (None, None, true),
            (Some("loki"), None, true),
            (Some("grafana"), None, false),
            (None, Some("loki"), false),
            (None, Some("grafana"), true),
        ] {
            assert_eq!(is_told(&step(needs, lacks), &services), expected, "{needs:?} {lacks:?}");
        }
    }
}
