//! `stacktic agent serve`: read metadata and keys, listen, end in order; and the door through which it starts checks.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;

use crate::agent::exec::launch::{Limits, launch as become_program};
use crate::agent::exec::{Executor, Programs, Setup};
use crate::agent::query::load_path;
use crate::agent::secrets::SecretFolder;
use crate::agent::serve::{AccessLog, Agent, bind, keys_of, listen, router, until_told_to_stop};
use crate::cli::{LaunchArgs, LimitsArg};
use crate::exit::Exit;
use crate::settings::ServeSettings;

/// Threads that answer; the work of a query is microseconds, processes are waited for without one.
const THREADS: usize = 2;

/// Serve until SIGTERM or SIGINT.
pub(super) fn serve(settings: &ServeSettings) -> anyhow::Result<Exit> {
    let index = load_path(&settings.metadata)?;
    let secrets = SecretFolder::new(&settings.secrets);
    let keys = keys_of(&secrets)?;
    // Read anew for each call; here so that what is wrong is told at once.
    secrets
        .read_all()
        .context("the secrets of this agent cannot be read")?
        .ensure_fit()?;
    let programs = Programs::look_up(&settings.path);
    let log = AccessLog::new(std::io::stderr());
    let installed: Vec<&'static str> = programs.names().collect();
    let executor = Executor::new(Setup {
        programs,
        launcher: std::env::current_exe().context("could not find this program's own file")?,
        inherited: settings.inherited.clone(),
        secrets,
    });
    executor
        .adopt_orphans()
        .context("could not adopt what checks leave behind")?;
    let agent = Arc::new(Agent::new(index, executor, keys, log.clone()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .context("could not start threads")?;
    runtime.block_on(async {
        let stop = until_told_to_stop().context("could not listen to signals")?;
        let listener = bind(settings.listen)
            .and_then(TcpListener::from_std)
            .with_context(|| format!("could not listen on {}", settings.listen))?;
        let address = listener
            .local_addr()
            .context("could not read the address listened on")?;
        log.write(&json!({ "event": "listening", "address": address.to_string(), "programs": installed }));
        listen(listener, router(agent), stop).await;
        log.write(&json!({ "event": "stopped" }));
        log.flush();
        Ok(Exit::Done)
    })
}

/// Become the program of a check.
pub(super) fn launch(args: LaunchArgs) -> anyhow::Result<Exit> {
    let limits = match args.limits {
        LimitsArg::None => Limits::Parent,
        LimitsArg::Check => Limits::Check,
    };
    let mut program = args.program.into_iter();
    let name = program.next().context("a program is needed")?;
    let arguments: Vec<_> = program.collect();
    let error = become_program(args.parent, limits, name.as_ref(), &arguments);
    Err(error).with_context(|| format!("could not start `{}`", name.display()))
}
