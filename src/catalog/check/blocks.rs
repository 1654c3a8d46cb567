//! Rule: patterns of pods and jobs of ours name what a template would see there.
//!
//! The vocabulary is that of `plan/variables.rs`.

use std::collections::BTreeMap;

use super::Held;
use super::variables::Variables;
use crate::catalog::component_type::Provisions;
use crate::catalog::workload::Cpu;
use crate::catalog::{Amount, AttributeType, ComponentType, EnvSetting, Job, JobSetting, JobStep, KeySource, Workload};
use crate::fault::Code::E_CATALOG_PATTERN;
use crate::name::slip;

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    let variables = of_component(definition);
    if let Some(workload) = definition.install.workload() {
        let mut block = Block::new(held, &["install", "workload"]);
        self::workload(&mut block, workload, &variables);
        for (word, attribute) in attributes_of(workload) {
            let known: Vec<&str> = definition.attributes.keys().map(String::as_str).collect();
            // One that the entry takes away from a preset is without a value, which is well.
            if !known.contains(&attribute.as_str()) && slip(attribute, known.iter().copied()).is_some() {
                let path: Vec<&str> = word.iter().map(String::as_str).collect();
                held.known(E_CATALOG_PATTERN, &path, attribute, &known, "attribute");
            }
        }
    }
    for (name, job) in &definition.jobs {
        let mut block = Block::new(held, &["jobs", name]);
        self::job(&mut block, definition, job, &variables);
    }
}

/// What a component has by itself and by its type.
fn of_component(definition: &ComponentType) -> Variables {
    let words = [
        "stack",
        "domain",
        "name",
        "type",
        "title",
        "namespace",
        "group",
        "object",
        "service",
        "external",
        "is_scraped",
    ];
    let of_endpoint =
        |name: &String| ["host", "port", "protocol", "target_port"].map(|part| format!("endpoints.{name}.{part}"));
    let own = (!definition.endpoints.is_empty())
        .then_some(["host", "port"])
        .into_iter()
        .flatten();
    let metrics = definition.metrics.iter().flat_map(|_| ["port", "port_name", "path"]);
    Variables::none()
        .and_all(words.into_iter().chain(own).map(str::to_owned))
        .and_all(plain(&definition.attributes).map(str::to_owned))
        .and_all(definition.endpoints.keys().flat_map(of_endpoint))
        .and_all(definition.images.keys().map(|name| format!("images.{name}")))
        .and_all(definition.package.iter().map(|_| "package.program".to_owned()))
        .and_all(metrics.map(|part| format!("metrics.{part}")))
}

/// Names of the attributes that have a text.
fn plain(attributes: &BTreeMap<String, AttributeType>) -> impl Iterator<Item = &str> {
    let plain = attributes.iter().filter(|(_, kind)| kind.has_text());
    plain.map(|(name, _)| name.as_str())
}

fn of_account(definition: &ComponentType, interface: &str) -> impl Iterator<Item = String> {
    let words = [
        "name",
        "env",
        "interface",
        "object",
        "id",
        "level",
        "write",
        "sub",
        "sub_object",
    ];
    let provisions = definition.provides.get(interface).map(|Provisions(all)| all.as_slice());
    let provisions = provisions.unwrap_or_default();
    let secrets = provisions
        .iter()
        .flat_map(|one| one.accounts.values())
        .filter_map(|one| one.secret.as_ref());
    let facts = secrets
        .flat_map(|secret| secret.keys.values())
        .filter_map(|source| match source {
            KeySource::Fact { fact, .. } => Some(format!("account.secret.keys.{fact}")),
            KeySource::Plain(_) => None,
        });
    let subs = provisions
        .iter()
        .flat_map(|one| &one.at)
        .filter_map(|sub| definition.sub_components.get(sub));
    let of_subs = subs
        .flat_map(|sub| plain(&sub.attributes))
        .map(|name| format!("account.sub_attributes.{name}"));
    let words = words.into_iter().map(|word| format!("account.{word}"));
    words
        .chain(["account.secret.name".to_owned()])
        .chain(facts)
        .chain(of_subs)
}

fn workload(block: &mut Block<'_, '_>, workload: &Workload, variables: &Variables) {
    block.amount(variables, &["replicas"], &workload.replicas);
    for (word, texts) in [("command", &workload.command), ("args", &workload.args)] {
        block.list(variables, word, texts);
    }
    for (name, setting) in &workload.env {
        match setting {
            EnvSetting::Always(text) => block.text(variables, &["env", name], text),
            EnvSetting::Sometimes(setting) => block.text(variables, &["env", name, "value"], &setting.value),
        }
    }
    if let Some(scale) = &workload.scale {
        block.amount(variables, &["scale", "cpu"], &scale.cpu);
    }
    if let Some(seconds) = &workload.grace_seconds {
        block.amount(variables, &["grace_seconds"], seconds);
    }
    if let Some(probe) = &workload.probe {
        let texts = [
            ("path", Some(&probe.path)),
            ("live_path", probe.live_path.as_ref()),
            ("host", probe.host.as_ref()),
        ];
        for (word, text) in texts {
            block.maybe(variables, &["probe", word], text);
        }
        if let Some(seconds) = &probe.starts_within {
            block.amount(variables, &["probe", "starts_within"], seconds);
        }
    }
    block.cpu(variables, &workload.cpu);
    block.text(variables, &["memory"], &workload.memory);
    for (position, folder) in workload.writable.iter().enumerate() {
        block.text(variables, &["writable", &position.to_string(), "size"], &folder.size);
    }
}

/// Attributes that a workload names without braces, with their places.
fn attributes_of(workload: &Workload) -> Vec<(Vec<String>, &String)> {
    let place = |words: &[&str]| {
        let words = ["install", "workload"].iter().chain(words);
        words.map(|word| (*word).to_owned()).collect::<Vec<String>>()
    };
    let scale = workload
        .scale
        .iter()
        .map(|scale| (place(&["scale", "attribute"]), &scale.attribute));
    let settings = workload.env.iter().filter_map(|(name, setting)| match setting {
        EnvSetting::Sometimes(setting) => Some((name, setting)),
        EnvSetting::Always(_) => None,
    });
    let conditions = settings.flat_map(|(name, setting)| {
        let attributes = setting.when.keys();
        attributes.map(move |attribute| (place(&["env", name, "when", attribute]), attribute))
    });
    scale.chain(conditions).collect()
}

fn job(block: &mut Block<'_, '_>, definition: &ComponentType, job: &Job, variables: &Variables) {
    for (position, map) in job.config_maps.iter().enumerate() {
        let path = ["config_maps", &position.to_string(), "config_map"];
        block.text(variables, &path, &map.config_map);
    }
    let sub = job
        .for_each
        .as_ref()
        .and_then(|name| definition.sub_components.get(name));
    let names = sub
        .into_iter()
        .flat_map(|sub| plain(&sub.attributes).chain(["name", "object", "type"]));
    let of_run = variables.clone().and_all(names.map(|name| format!("sub.{name}")));
    block.maybe(&of_run, &["name"], job.name.as_ref());
    block.maybe(&of_run, &["schedule"], job.schedule.as_ref());
    for (position, folder) in job.accounts.iter().enumerate() {
        for (word, text) in &folder.scope {
            block.text(&of_run, &["accounts", &position.to_string(), "scope", word], text);
        }
    }
    for (position, step) in job.steps.iter().enumerate() {
        let of_step = of_run.clone();
        let of_step = match &step.accounts {
            Some(interface) => of_step.and_all(of_account(definition, interface)),
            None => of_step,
        };
        let mut block = block.below(&["steps", &position.to_string()]);
        self::step(&mut block, step, &of_step);
    }
}

fn step(block: &mut Block<'_, '_>, step: &JobStep, variables: &Variables) {
    block.text(variables, &["name"], &step.name);
    block.list(variables, "command", &step.command);
    for (word, text) in &step.scope {
        block.text(variables, &["scope", word], text);
    }
    for (name, setting) in &step.env {
        match setting {
            JobSetting::Plain(text) => block.text(variables, &["env", name], text),
            JobSetting::Secret(place) => {
                block.text(variables, &["env", name, "secret"], &place.secret);
                block.text(variables, &["env", name, "key"], &place.key);
            }
        }
    }
    block.cpu(variables, &step.cpu);
    for (word, text) in [("request", &step.memory.request), ("limit", &step.memory.limit)] {
        block.text(variables, &["memory", word], text);
    }
}

/// A part of the entry, whose patterns stand below one place.
struct Block<'a, 'h> {
    held: &'a mut Held<'h, ComponentType>,
    base: Vec<String>,
}

impl<'a, 'h> Block<'a, 'h> {
    fn new(held: &'a mut Held<'h, ComponentType>, base: &[&str]) -> Self {
        Self {
            held,
            base: base.iter().map(|word| (*word).to_owned()).collect(),
        }
    }

    fn below(&mut self, words: &[&str]) -> Block<'_, 'h> {
        let base = self.place(words);
        Block { held: self.held, base }
    }

    fn place(&self, words: &[&str]) -> Vec<String> {
        let own = self.base.iter().cloned();
        own.chain(words.iter().map(|word| (*word).to_owned())).collect()
    }

    fn text(&mut self, variables: &Variables, words: &[&str], text: &str) {
        let path = self.place(words);
        variables.check(self.held, &path, text);
    }

    fn maybe(&mut self, variables: &Variables, words: &[&str], text: Option<&String>) {
        if let Some(text) = text {
            self.text(variables, words, text);
        }
    }

    fn list(&mut self, variables: &Variables, word: &str, texts: &[String]) {
        for (position, text) in texts.iter().enumerate() {
            self.text(variables, &[word, &position.to_string()], text);
        }
    }

    fn amount(&mut self, variables: &Variables, words: &[&str], amount: &Amount) {
        if let Amount::Pattern(text) = amount {
            self.text(variables, words, text);
        }
    }

    fn cpu(&mut self, variables: &Variables, cpu: &Cpu) {
        for (word, text) in [("request", &cpu.request), ("limit", &cpu.limit)] {
            self.text(variables, &["cpu", word], text);
        }
    }
}
