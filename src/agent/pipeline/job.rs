//! Jobs: what is run for each record of a page, compiled before any of it starts.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::bind::bind;
use crate::agent::check::{Check, Compiled, Context, EnvironmentValue, Refusal};
use crate::agent::query::{Answer, Index, Query, QueryError, Record, SecretName, answer};

/// The jobs of one page.
#[derive(Debug)]
pub struct Jobs {
    pub jobs: Vec<Job>,
    pub next_cursor: Option<String>,
}

/// What is run for one record.
#[derive(Debug)]
pub struct Job {
    pub name: String,
    /// The fields that the query selected; none without `select`.
    pub fields: Map<String, Json>,
    pub command: Command,
    pub on_success: Option<Command>,
    pub on_failure: Option<Command>,
}

/// A job as a dry run shows it: commands with their variables filled in, secrets masked.
#[derive(Serialize)]
pub struct Shown {
    pub name: String,
    pub command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<String>,
    #[serde(flatten)]
    pub fields: Map<String, Json>,
}

impl From<Job> for Shown {
    fn from(job: Job) -> Self {
        let text = |command: Command| command.compiled.shown;
        Self {
            name: job.name,
            command: text(job.command),
            on_success: job.on_success.map(text),
            on_failure: job.on_failure.map(text),
            fields: job.fields,
        }
    }
}

/// A compiled check, the secrets that its environment takes, and the sentence that it came from.
#[derive(Debug)]
pub struct Command {
    pub compiled: Compiled,
    pub secrets: Vec<SecretRef>,
    check: Check,
}

impl Command {
    /// A refusal of its sentence for a reason that only who runs it can know.
    #[must_use]
    pub fn refuse(&self, code: crate::agent::check::Code, message: impl Into<String>) -> Refusal {
        self.check.refuse(code, message)
    }
}

/// A secret by its name in the topology, and the variable that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRef {
    pub variable: &'static str,
    pub component: String,
    pub sub_component: Option<String>,
    pub attribute: String,
}

impl SecretRef {
    fn new(variable: &'static str, name: SecretName<'_>) -> Self {
        Self {
            variable,
            component: name.component.to_owned(),
            sub_component: name.sub_component.map(str::to_owned),
            attribute: name.attribute.to_owned(),
        }
    }

    /// `cnpg.app_db.password`: the name of the file that holds its value. No name of a component or an attribute has a
    /// dot, so no two secrets share a file.
    #[must_use]
    pub fn file_name(&self) -> String {
        match &self.sub_component {
            Some(sub) => format!("{}.{sub}.{}", self.component, self.attribute),
            None => format!("{}.{}", self.component, self.attribute),
        }
    }

    /// `cnpg/app_db`, as links of a stack file name it.
    #[must_use]
    pub fn owner(&self) -> String {
        match &self.sub_component {
            Some(sub) => format!("{}/{sub}", self.component),
            None => self.component.clone(),
        }
    }
}

/// Why nothing is run.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum PipelineError {
    Query(QueryError),
    Check(Refusal),
}

/// Answer the query and compile its sentences for every record.
///
/// # Errors
/// What is wrong with the query, or the first sentence that the language or a record does not allow.
pub fn jobs(index: &Index, context: &Context, query: &Query, command: &str) -> Result<Jobs, PipelineError> {
    let parse = |text: &String| Check::parse(text).map_err(PipelineError::Check);
    let command = Check::parse(command).map_err(PipelineError::Check)?;
    let on_success = query.on_success.as_ref().map(parse).transpose()?;
    let on_failure = query.on_failure.as_ref().map(parse).transpose()?;
    let answer = answer(index, query).map_err(PipelineError::Query)?;
    let is_selected = query.select.as_ref().is_some_and(|names| !names.is_empty());
    let job = |record: &Record<'_>| {
        let compile = |check: &Check| compile(check, record, context).map_err(PipelineError::Check);
        Ok(Job {
            name: record.name().to_owned(),
            fields: if is_selected {
                fields(&answer, record)
            } else {
                Map::new()
            },
            command: compile(&command)?,
            on_success: on_success.as_ref().map(compile).transpose()?,
            on_failure: on_failure.as_ref().map(compile).transpose()?,
        })
    };
    let jobs = answer.records.iter().map(job).collect::<Result<_, _>>()?;
    Ok(Jobs {
        jobs,
        next_cursor: answer.next_cursor.clone(),
    })
}

/// What a result says of itself; a selected field of that name would stand twice.
const RESERVED: [&str; 6] = ["name", "status", "output", "command", "on_success", "on_failure"];

fn fields(answer: &Answer<'_>, record: &Record<'_>) -> Map<String, Json> {
    let row = answer.row(record);
    let fields = row.fields().filter(|(name, _)| !RESERVED.contains(&name.as_ref()));
    fields
        .map(|(name, value)| (name.into_owned(), serde_json::json!(value)))
        .collect()
}

fn compile(check: &Check, record: &Record<'_>, context: &Context) -> Result<Command, Refusal> {
    let bound = bind(check, record);
    let compiled = check.compile(&bound.record, context)?;
    let secrets = compiled.step.environment.values().filter_map(|value| match value {
        EnvironmentValue::Secret(variable) => Some(SecretRef::new(variable, *bound.secrets.get(*variable)?)),
        EnvironmentValue::Plain(_) | EnvironmentValue::Authority(_) => None,
    });
    Ok(Command {
        secrets: secrets.collect(),
        compiled,
        check: check.clone(),
    })
}
