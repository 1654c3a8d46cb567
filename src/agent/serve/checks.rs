//! A call with a check: compiled for every record, then shown (dry run) or run, and reported.
//!
//! ```text
//! passed ─ verify_delay ─ on_success ─► passed, or failed when it fails
//! failed ─ on_failure ────────────────► failed, with what the diagnosis says
//! ```

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::reply::ErrorReply;
use super::router::Agent;
use crate::agent::check::{Outcome, Redactor};
use crate::agent::exec::{AT_ONCE, LONGEST_CHECK, Launch};
use crate::agent::pipeline::{self, Command, Job, PipelineError, Shown};
use crate::agent::query::{Query, Severity};
use crate::agent::secrets::Secrets;

/// Longest time of a call.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// The answer to a call with a check.
#[derive(Serialize)]
pub(super) struct Report {
    status: &'static str,
    results: Results,
    /// That of the one record, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    next_cursor: Option<String>,
}

impl Report {
    pub(super) fn len(&self) -> usize {
        match &self.results {
            Results::Shown(shown) => shown.len(),
            Results::Ran(ran) => ran.len(),
        }
    }

    pub(super) fn outcome(&self) -> Option<&'static str> {
        (self.status != DRY_RUN).then_some(self.status)
    }
}

const DRY_RUN: &str = "dry_run";
const NO_RECORDS: &str = "no_records";

#[derive(Serialize)]
#[serde(untagged)]
enum Results {
    Shown(Vec<Shown>),
    Ran(Vec<Ran>),
}

/// One record of a run.
#[derive(Serialize)]
struct Ran {
    name: String,
    #[serde(flatten)]
    outcome: Said,
    #[serde(flatten)]
    fields: Map<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_success: Option<Said>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_failure: Option<Said>,
}

/// What one check says.
#[derive(Serialize)]
struct Said {
    status: &'static str,
    output: String,
}

impl From<Outcome> for Said {
    fn from(outcome: Outcome) -> Self {
        Self {
            status: status(outcome.passed),
            output: outcome.output,
        }
    }
}

fn status(passed: bool) -> &'static str {
    if passed { "passed" } else { "failed" }
}

/// Compile for every record, then show or run.
pub(super) async fn run(agent: &Agent, query: &Query, command: &str, secrets: &Secrets) -> Result<Report, ErrorReply> {
    let jobs = pipeline::jobs(&agent.index, &agent.context, query, command)?;
    let (jobs, next_cursor) = (jobs.jobs, jobs.next_cursor);
    let report = |status, results, output| Report {
        status,
        results,
        output,
        severity: query.severity,
        description: query.description.clone(),
        next_cursor,
    };
    if query.dry_run == Some(true) {
        let results = jobs.into_iter().map(Shown::from).collect();
        return Ok(report(DRY_RUN, Results::Shown(results), None));
    }
    let ran = run_all(agent, query, jobs, secrets).await?;
    let overall = match ran.as_slice() {
        [] => NO_RECORDS,
        all => status(all.iter().all(|record| record.outcome.status == status(true))),
    };
    let output = match ran.as_slice() {
        [only] => Some(only.outcome.output.clone()),
        _ => None,
    };
    Ok(report(overall, Results::Ran(ran), output))
}

/// A job whose programs and secrets were found.
struct Ready {
    job: Job,
    command: Launch,
    on_success: Option<Launch>,
    on_failure: Option<Launch>,
}

async fn run_all(agent: &Agent, query: &Query, jobs: Vec<Job>, secrets: &Secrets) -> Result<Vec<Ran>, ErrorReply> {
    let Ok(_call) = agent.calls.try_acquire() else {
        let message = "too many checks are waiting; ask again later";
        return Err(ErrorReply::new(StatusCode::SERVICE_UNAVAILABLE, "E_LIMIT", message));
    };
    let ready: Vec<Ready> = jobs
        .into_iter()
        .map(|job| prepare(agent, job, secrets))
        .collect::<Result<_, _>>()?;
    let call = Call {
        agent,
        redactor: secrets.redactor(),
        longest: query
            .timeout
            .map_or(LONGEST_CHECK, |seconds| Duration::from_secs(seconds.into())),
        verify_delay: Duration::from_secs(query.verify_delay.unwrap_or(0).into()),
        deadline: Instant::now() + LONGEST_CALL,
        turns: Semaphore::new(AT_ONCE),
    };
    Ok(join_all(ready.into_iter().map(|ready| call.one(ready))).await)
}

fn prepare(agent: &Agent, job: Job, secrets: &Secrets) -> Result<Ready, ErrorReply> {
    let prepare = |command: &Command| agent.executor.prepare(command, secrets);
    Ok(Ready {
        command: prepare(&job.command)?,
        on_success: job.on_success.as_ref().map(prepare).transpose()?,
        on_failure: job.on_failure.as_ref().map(prepare).transpose()?,
        job,
    })
}

/// What the checks of one call share.
struct Call<'a> {
    agent: &'a Agent,
    redactor: &'a Redactor,
    longest: Duration,
    verify_delay: Duration,
    deadline: Instant,
    /// A call asks for no more places than there are, so that several calls take turns; a record that waits for its
    /// `verify_delay` asks for none.
    turns: Semaphore,
}

impl Call<'_> {
    async fn one(&self, ready: Ready) -> Ran {
        let Ready {
            job,
            command,
            on_success,
            on_failure,
        } = ready;
        let outcome = self.check(&job.command, command).await;
        let mut ran = Ran {
            name: job.name,
            fields: job.fields,
            on_success: None,
            on_failure: None,
            outcome: outcome.into(),
        };
        if let (true, Some(command), Some(launch)) = (ran.outcome.status == status(true), &job.on_success, on_success) {
            // Not beyond the call's own time: the check after it then says that it could not run.
            tokio::time::sleep_until(self.deadline.min(Instant::now() + self.verify_delay)).await;
            let verified = self.check(command, launch).await;
            ran.outcome.status = status(verified.passed);
            ran.on_success = Some(verified.into());
        }
        if let (false, Some(command), Some(launch)) = (ran.outcome.status == status(true), &job.on_failure, on_failure)
        {
            ran.on_failure = Some(self.check(command, launch).await.into());
        }
        ran
    }

    async fn check(&self, command: &Command, launch: Launch) -> Outcome {
        let executor = &self.agent.executor;
        // Out of time is told by the executor.
        let _turn = tokio::time::timeout_at(self.deadline, self.turns.acquire()).await;
        let running = executor.run(command, launch, self.redactor, self.longest, self.deadline);
        let outcome = running.await;
        self.agent.metrics.check(command.compiled.step.program, outcome.passed);
        outcome
    }
}

impl From<PipelineError> for ErrorReply {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Query(error) => error.into(),
            PipelineError::Check(refusal) => refusal.into(),
        }
    }
}
