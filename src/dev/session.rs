//! One run: both servers from start to end.
//!
//! In: what to run and where. Out: the announcement once both answer, audit lines while they do, and how
//! it ended. Every way out leads through the end of both processes.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value as Json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::cache::StackCache;
use super::children::{Event, Running, Who, stop};
use super::interpreter::{PythonSearch, Variables};
use super::keys::{self, Keys};
use super::launcher::Launcher;
use super::problem::Problem;
use super::target::Target;
use super::{announcement, audit, environment, health, package, settings_file};
use crate::plan::Package;

const AGENT_START: Duration = Duration::from_secs(30);
/// The first start loads and compiles every package.
const SERVER_START: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);
/// How long the last lines of an ended process may take.
const LAST_WORDS: Duration = Duration::from_secs(1);
const LOOPBACK: &str = "127.0.0.1";

/// What a person asked for, and what the environment says.
#[derive(Debug)]
pub struct Options {
    /// This program.
    pub executable: PathBuf,
    pub variables: Variables,
    pub python: PythonSearch,
    /// Cache of environments, which stacks share.
    pub cache: PathBuf,
    pub port: u16,
    /// The announcement as JSON, audit lines unchanged.
    pub json: bool,
}

/// A person or the system asked for the end.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// Run the servers of `target`, whose output lies in the cache with `files` for the server's package, until a signal.
///
/// # Errors
/// A server cannot be started, or ends by itself.
pub fn serve(
    options: &Options,
    target: &Target<'_>,
    files: &Package,
    cache: &StackCache,
    out: &mut dyn Write,
    messages: &mut dyn Write,
) -> anyhow::Result<()> {
    let address = health::free_address(options.port)?;
    let launcher = Launcher::new(&options.executable);
    let requirements = cache
        .out()
        .join(format!("k8s/build/base/{}/requirements.txt", target.server.name));
    let (variables, search) = (&options.variables, &options.python);
    let python = environment::ready(&launcher, variables, search, &options.cache, &requirements, messages)?;
    let keys = keys::make(&cache.run(), target)?;
    let mut session = Session::begin()?;
    let place = Place {
        options,
        launcher,
        target,
        files,
        cache,
        keys: &keys,
    };
    let result = session.run(&place, &python, address, out, messages);
    stop(&mut session.children);
    match result {
        Err(error) if error.is::<Stopped>() => Ok(()),
        result => result,
    }
}

/// What stays the same throughout a run.
struct Place<'a> {
    options: &'a Options,
    launcher: Launcher<'a>,
    target: &'a Target<'a>,
    files: &'a Package,
    cache: &'a StackCache,
    keys: &'a Keys,
}

struct Session {
    children: Vec<Running>,
    sender: Sender<Event>,
    events: Receiver<Event>,
}

impl Session {
    /// From here on signals are events.
    fn begin() -> anyhow::Result<Self> {
        let (sender, events) = channel();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("could not watch for signals")?;
        let to_us = sender.clone();
        std::thread::spawn(move || signals.forever().all(|_| to_us.send(Event::Stop).is_ok()));
        Ok(Self {
            children: Vec::new(),
            sender,
            events,
        })
    }

    fn run(
        &mut self,
        place: &Place<'_>,
        python: &Path,
        address: SocketAddr,
        out: &mut dyn Write,
        messages: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let agent = self.start_agent(place)?;
        self.start_server(place, python, address, agent)?;
        self.wait_until_healthy(&[(Who::Agent, agent), (Who::Server, address)])?;
        let server = place.target.client_server(&format!("http://{address}/mcp"));
        let tell = if place.options.json {
            announcement::json
        } else {
            announcement::text
        };
        out.write_all(tell(&server, &place.keys.client).as_bytes())?;
        out.flush()?;
        loop {
            if let Some(Event::Audit(line)) = self.next(PAUSE)? {
                let line = if place.options.json { line } else { audit::short(&line) };
                writeln!(messages, "{line}")?;
            }
        }
    }

    /// Start the agent and learn where it listens: it takes a free port and says which.
    fn start_agent(&mut self, place: &Place<'_>) -> anyhow::Result<SocketAddr> {
        let mut command = place.launcher.command(place.launcher.own());
        command
            .args(["agent", "serve", "--listen", &format!("{LOOPBACK}:0"), "--metadata"])
            .arg(place.cache.out().join("stack-metadata.json"))
            .arg("--secrets")
            .arg(&place.keys.agent_secrets)
            // Where its checks find client programs; nothing else of ours, and no cluster.
            .env("PATH", &place.options.variables.path)
            .current_dir(place.cache.run());
        self.children.push(Running::start(Who::Agent, command, &self.sender)?);
        let deadline = Instant::now() + AGENT_START;
        while Instant::now() < deadline {
            if let Some(Event::Said(Who::Agent, line)) = self.next(PAUSE)?
                && let Some(address) = listening(&line)
            {
                return Ok(address);
            }
        }
        Err(self.late(Who::Agent, AGENT_START))
    }

    fn start_server(
        &mut self,
        place: &Place<'_>,
        python: &Path,
        address: SocketAddr,
        agent: SocketAddr,
    ) -> anyhow::Result<()> {
        let base = place
            .cache
            .out()
            .join(format!("k8s/deploy/base/{}", place.target.server.name));
        let app = package::place(place.files, &base, &place.cache.run())?;
        let mut command = place.launcher.command(python);
        command
            .args(["-m", &place.target.server.entry.package()?.program()])
            .envs(server_settings(&base, place, agent)?)
            .env("STACKTIC_HOST", LOOPBACK)
            .env("STACKTIC_PORT", address.port().to_string())
            .env("STACKTIC_CONFIG_DIR", base.join("config"))
            .env("STACKTIC_SECRET_DIR", &place.keys.server_secrets)
            .env("STACKTIC_AUDIT", "stdout")
            // A home without the person's own files, as in the pod.
            .env("HOME", place.cache.run())
            .env("LANG", "C.UTF-8")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Python imports the package from here, as in the pod.
            .current_dir(app);
        self.children.push(Running::start(Who::Server, command, &self.sender)?);
        Ok(())
    }

    fn wait_until_healthy(&mut self, servers: &[(Who, SocketAddr)]) -> anyhow::Result<()> {
        let deadline = Instant::now() + SERVER_START;
        for (who, address) in servers {
            while !health::answers(*address) {
                if Instant::now() > deadline {
                    return Err(self.late(*who, SERVER_START));
                }
                self.next(PAUSE)?;
            }
        }
        // What answers on that port must still be ours.
        self.ensure_running()
    }

    /// The next event, if there is one in time.
    ///
    /// # Errors
    /// Somebody asked for the end, or a server ended.
    fn next(&mut self, wait: Duration) -> anyhow::Result<Option<Event>> {
        let event = match self.events.recv_timeout(wait) {
            Ok(event) => Some(self.noted(event)?),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        };
        self.ensure_running()?;
        Ok(event)
    }

    fn noted(&mut self, event: Event) -> anyhow::Result<Event> {
        match &event {
            Event::Stop => return Err(Stopped.into()),
            Event::Said(who, line) => {
                let mut children = self.children.iter_mut();
                if let Some(child) = children.find(|child| child.who == *who) {
                    child.keep(line);
                }
            }
            Event::Audit(_) | Event::Silent(_) => {}
        }
        Ok(event)
    }

    fn ensure_running(&mut self) -> anyhow::Result<()> {
        let ended = self
            .children
            .iter_mut()
            .find_map(|child| Some((child.who, child.ended()?)));
        let Some((who, status)) = ended else {
            return Ok(());
        };
        let deadline = Instant::now() + LAST_WORDS;
        while let Ok(event) = self
            .events
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if matches!(self.noted(event)?, Event::Silent(silent) if silent == who) {
                break;
            }
        }
        let message = format!("{} ended ({status})", who.shown());
        Err(Problem::new(message).detail(self.last_lines(who)).into())
    }

    fn late(&self, who: Who, after: Duration) -> anyhow::Error {
        let message = format!("{} does not answer after {} seconds", who.shown(), after.as_secs());
        Problem::new(message).detail(self.last_lines(who)).into()
    }

    fn last_lines(&self, who: Who) -> Vec<String> {
        let mut children = self.children.iter();
        children
            .find(|child| child.who == who)
            .map(Running::last_lines)
            .unwrap_or_default()
    }
}

/// The plain settings that were generated, but with the agent of this run.
fn server_settings(base: &Path, place: &Place<'_>, agent: SocketAddr) -> anyhow::Result<Vec<(String, String)>> {
    let file = base.join("config/cloud.env");
    let text = std::fs::read_to_string(&file).with_context(|| format!("could not read `{}`", file.display()))?;
    let mut settings = settings_file::parse(&text);
    for prefix in &place.target.agents {
        settings.push((format!("{prefix}_HOST"), agent.ip().to_string()));
        settings.push((format!("{prefix}_PORT"), agent.port().to_string()));
    }
    Ok(settings)
}

/// The address in the agent's first line.
fn listening(line: &str) -> Option<SocketAddr> {
    let record: Json = serde_json::from_str(line).ok()?;
    let address = record.get("address").filter(|_| record["event"] == "listening")?;
    address.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_that_tells_an_address_is_one() {
        for (line, address) in [
            (
                r#"{"time":"t","event":"listening","address":"127.0.0.1:41023"}"#,
                Some("127.0.0.1:41023"),
            ),
            (r#"{"time":"t","event":"stopping","address":"127.0.0.1:41023"}"#, None),
            (r#"{"event":"listening","address":"nowhere"}"#, None),
            ("error: no metadata", None),
        ] {
            assert_eq!(
                listening(line).map(|found| found.to_string()).as_deref(),
                address,
                "{line}"
            );
        }
    }
}
