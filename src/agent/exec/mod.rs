//! The executor: the one place of the agent that starts processes.
//!
//! ```text
//! Command ─ installed program, secrets ─► Launch ─ process (limits, capped streams) ─► Outcome, redacted
//! ```
//!
//! A process gets its argument vector as it was compiled, an environment made from nothing, no input, and the limits of
//! [`launch`], which the program is started through. At most [`AT_ONCE`] run together.

mod family;
pub mod launch;
mod process;
mod programs;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::process::{Ended, Launchers, Spawn};
pub use self::programs::Programs;
use crate::agent::check::{Code, EnvironmentValue, Outcome, Redactor, Refusal};
use crate::agent::pipeline::Command;
use crate::agent::secrets::{Secret, SecretFolder, Secrets};

/// Most processes at one time.
pub const AT_ONCE: usize = 4;

/// Longest time of one process.
pub const LONGEST_CHECK: Duration = Duration::from_secs(10);

/// What the executor is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub programs: Programs,
    /// This program: it is started with the arguments of [`launch`] and becomes the check's program.
    pub launcher: PathBuf,
    /// Variables that a check's program may be passed on, where its row of the language asks for them.
    pub inherited: BTreeMap<String, String>,
    pub secrets: SecretFolder,
}

/// Runs commands.
#[derive(Clone, Debug)]
pub struct Executor {
    setup: Arc<Setup>,
    slots: Arc<Semaphore>,
    launchers: Arc<Launchers>,
}

/// A command with everything that its process needs.
pub struct Launch {
    spawn: Spawn,
}

impl Executor {
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self {
            setup: Arc::new(setup),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            launchers: Arc::default(),
        }
    }

    /// Make this process the parent of orphans, and end those that a check left behind although its launcher was ended.
    /// Only for a process whose children are checks alone: any other child would be ended too.
    ///
    /// # Errors
    /// The kernel does not know that.
    pub fn adopt_orphans(&self) -> std::io::Result<()> {
        family::adopt_orphans()?;
        self.launchers.adopts.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How many processes are running.
    #[must_use]
    pub fn running(&self) -> usize {
        AT_ONCE - self.slots.available_permits()
    }

    /// The secrets of this agent, as they are now.
    ///
    /// # Errors
    /// The folder of secrets cannot be read.
    pub fn secrets(&self) -> std::io::Result<Secrets> {
        self.setup.secrets.read_all()
    }

    /// Find the program and the secrets of a command; starts nothing.
    ///
    /// # Errors
    /// The program is not installed here, or a secret is not given to this agent.
    pub fn prepare(&self, command: &Command, secrets: &Secrets) -> Result<Launch, Refusal> {
        let step = &command.compiled.step;
        let Some(program) = self.setup.programs.find(step.program) else {
            let message = format!("`{}` is not installed beside this agent", step.program);
            return Err(command.refuse(Code::E_PROGRAM, message));
        };
        let mut environment = BTreeMap::new();
        for name in step.inherited {
            if let Some(value) = self.setup.inherited.get(*name) {
                environment.insert((*name).to_owned(), value.clone());
            }
        }
        for (name, value) in &step.environment {
            let text = match value {
                EnvironmentValue::Plain(text) => (*text).to_owned(),
                EnvironmentValue::Authority(file) => file.clone(),
                EnvironmentValue::Secret(variable) => secret(command, secrets, variable)?,
            };
            environment.insert((*name).to_owned(), text);
        }
        let spawn = Spawn {
            launcher: self.setup.launcher.clone(),
            program: program.to_owned(),
            arguments: step.arguments.clone(),
            environment,
        };
        Ok(Launch { spawn })
    }

    /// Run a command until it ends, its time is over or `deadline` comes; a place among those that run is waited for.
    pub async fn run(
        &self,
        command: &Command,
        launch: Launch,
        redactor: &Redactor,
        longest: Duration,
        deadline: Instant,
    ) -> Outcome {
        let waiting = tokio::time::timeout_at(deadline, Arc::clone(&self.slots).acquire_owned());
        let Ok(Ok(place)) = waiting.await else {
            return not_run();
        };
        let now = Instant::now();
        if now >= deadline {
            return not_run();
        }
        let until = deadline.min(now + longest.min(LONGEST_CHECK));
        let ended = process::run(launch.spawn, until, place, Arc::clone(&self.launchers)).await;
        conclude(command, &ended, redactor)
    }
}

/// The value of the secret behind a variable of a command.
fn secret(command: &Command, secrets: &Secrets, variable: &str) -> Result<String, Refusal> {
    let unset = |message: String| command.refuse(Code::E_VAR_UNSET, message);
    let Some(name) = command.secrets.iter().find(|secret| secret.variable == variable) else {
        return Err(unset(format!("`{{{variable}}}` has no value")));
    };
    let owner = name.owner();
    match secrets.get(name).map(Secret::reveal) {
        Some(value) if value.contains('\0') => Err(unset(format!("the `{variable}` of `{owner}` is no text"))),
        Some(value) => Ok(value.to_owned()),
        None => Err(unset(format!(
            "this agent has no `{variable}` of `{owner}`; draw a link from the agent to `{owner}` and fill in the agent's \
             credentials"
        ))),
    }
}

fn not_run() -> Outcome {
    failed("the time of the call was over before this check could run")
}

fn failed(fact: &str) -> Outcome {
    Outcome {
        passed: false,
        output: fact.to_owned(),
    }
}

/// Output is redacted before the filters see it, so that a filter cannot be asked what a secret contains.
fn conclude(command: &Command, ended: &Ended, redactor: &Redactor) -> Outcome {
    let ended = match ended {
        Ended::NotStarted(error) => return failed(&format!("the check could not be started: {error}")),
        Ended::OutOfTime => return failed("no answer in time; the check was stopped"),
        Ended::Done(done) => done,
    };
    let text = |stream: &process::Captured| match stream.is_cut {
        true => redactor.redact_cut(&stream.text()),
        false => redactor.redact(&stream.text()),
    };
    let compiled = &command.compiled;
    let is_counted = !compiled.filters.is_empty() || compiled.test.is_some();
    if ended.stdout.is_cut && is_counted {
        return failed("the output is longer than 16 KiB; select fewer records or use a narrower selector");
    }
    let mut outcome = compiled.conclude(&text(&ended.stdout), ended.succeeded);
    if !outcome.passed && outcome.output.is_empty() {
        outcome.output = text(&ended.stderr).trim().to_owned();
    }
    if !outcome.passed && outcome.output.is_empty() {
        outcome.output = ended.reason.clone();
    }
    outcome
}
