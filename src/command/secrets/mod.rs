//! `stacktic secrets`: the values of secret files.
//!
//! Each command is the same way with another last step: load, compare, open the files, work out what to write, write it. A
//! rotation is that way with a note of what is old, and the note is on disk before anything changes.

mod client_keys;
pub(super) mod programs;
mod session;
mod vault;

use std::collections::BTreeSet;

use anyhow::bail;

use super::Streams;
use super::load::{Loaded, load, refuse};
use crate::catalog::{Catalog, FileFindings};
use crate::cli::{KeysCommand, OutputArg, SecretsCommand};
use crate::disk::Purpose;
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::name::ComponentName;
use crate::report;
use crate::secrets::{Filling, KeyState, State};
use crate::settings::SecretsSettings;
use crate::stack::{Link, Stack};
use session::Session;

pub(super) fn run(command: &SecretsCommand, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let settings = SecretsSettings::new(command.of());
    let Loaded { source, result } = load(&settings.stack_file, catalog)?;
    let (topology, stack) = match result {
        Ok(checked) => checked,
        Err(findings) => return refuse(&[FileFindings { source, findings }], settings.output.into(), streams),
    };
    let tree = super::assemble::assemble(&topology, &stack, catalog)?;
    let purpose = match command {
        SecretsCommand::Status(_) => Purpose::Look,
        _ => Purpose::Write,
    };
    let mut session = Session::open(&stack, &tree, &settings, purpose, streams)?;
    match command {
        SecretsCommand::Init(_) => init(&session, streams),
        SecretsCommand::Status(_) => status(&session, streams),
        SecretsCommand::Fill(_) | SecretsCommand::Sync(_) => {
            let done = session.settle()?;
            tell(&session, &done, streams)
        }
        SecretsCommand::Rotate(args) => {
            let ids = ids_of(link(&stack, &args.link)?);
            // One that was interrupted ends first.
            let before = session.settle()?;
            let mut done = before.then(session.rotate(&ids)?);
            // What others issue is not what was asked about.
            done.keys.retain(|key| !matches!(key.state, State::Missing { .. }));
            tell(&session, &done, streams)
        }
    }
}

/// `stacktic keys`: the same way, for one key of one file.
pub(super) fn keys(command: &KeysCommand, catalog: &Catalog, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let settings = SecretsSettings::new(&command.of().of);
    let Loaded { source, result } = load(&settings.stack_file, catalog)?;
    let (topology, stack) = match result {
        Ok(checked) => checked,
        Err(findings) => return refuse(&[FileFindings { source, findings }], settings.output.into(), streams),
    };
    let server = client_keys::server(&stack, command.of())?;
    client_keys::ensure_in_files(&stack, server)?;
    let tree = super::assemble::assemble(&topology, &stack, catalog)?;
    let purpose = match command {
        KeysCommand::List(_) => Purpose::Look,
        KeysCommand::Add(_) | KeysCommand::Revoke(_) => Purpose::Write,
    };
    let mut session = Session::open(&stack, &tree, &settings, purpose, streams)?;
    client_keys::run(command, &mut session, &stack, server, streams)
}

/// What was written, and how all keys stand now.
struct Done {
    keys: Vec<KeyState>,
    changed: Vec<String>,
    /// Keys that got a value.
    count: usize,
    /// What a person runs when the new values are applied, by component.
    commands: Vec<(ComponentName, String)>,
}

impl Done {
    /// The same with what was done after it; how keys stand is said by the last.
    fn then(mut self, after: Self) -> Self {
        self.changed.extend(after.changed);
        self.changed.sort();
        self.changed.dedup();
        self.commands.extend(after.commands);
        self.commands.dedup();
        Self {
            keys: after.keys,
            count: self.count + after.count,
            ..self
        }
    }

    fn of(filling: Filling, changed: Vec<String>, commands: Vec<(ComponentName, String)>) -> Self {
        let count = filling.writes.values().map(std::collections::BTreeMap::len).sum();
        let now = |mut key: KeyState| {
            if key.state == State::Empty {
                key.state = State::Filled;
            }
            key
        };
        Self {
            keys: filling.keys.into_iter().map(now).collect(),
            changed,
            count,
            commands,
        }
    }
}

fn init(session: &Session<'_>, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let done = session.init()?;
    match session.settings.output {
        OutputArg::Json => writeln!(streams.out, "{:#}", serde_json::json!({ "done": done }))?,
        OutputArg::Text => done.iter().try_for_each(|line| writeln!(streams.messages, "{line}"))?,
    }
    Ok(Exit::Done)
}

fn status(session: &Session<'_>, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    let filling = session.work_out(&session.noted_rotation()?)?;
    match session.settings.output {
        OutputArg::Text => write!(streams.out, "{}", report::secrets_status(&filling.keys))?,
        OutputArg::Json => writeln!(streams.out, "{:#}", report::secrets_json(&filling.keys, &[], &[]))?,
    }
    Ok(Exit::Done)
}

fn tell(session: &Session<'_>, done: &Done, streams: &mut Streams<'_>) -> anyhow::Result<Exit> {
    match session.settings.output {
        OutputArg::Json => writeln!(
            streams.out,
            "{:#}",
            report::secrets_json(&done.keys, &done.changed, &done.commands)
        )?,
        OutputArg::Text => {
            match (done.count, done.changed.len()) {
                (0, 0) => writeln!(streams.messages, "nothing to fill in")?,
                (0, files) => writeln!(streams.messages, "{files} files brought up to date")?,
                (count, files) => writeln!(streams.messages, "{count} keys filled in, {files} files written")?,
            }
            write!(streams.messages, "{}", report::secrets_left(&done.keys, streams.style))?;
            write!(
                streams.messages,
                "{}",
                report::secrets_afterwards(&done.commands, streams.style)
            )?;
        }
    }
    write!(streams.messages, "{}", report::kept_text(&session.kept, streams.style))?;
    let is_in_doubt = done.keys.iter().any(|key| matches!(key.state, State::Differs { .. }));
    Ok(match is_in_doubt || !session.kept.is_empty() {
        true => Exit::Refused,
        false => Exit::Done,
    })
}

/// The link that a person means by `FROM:TO`.
fn link<'a>(stack: &'a Stack, text: &str) -> anyhow::Result<&'a Link> {
    let meant: Vec<&Link> = stack
        .links
        .iter()
        .filter(|link| link.ends() == text || link.object == text)
        .collect();
    match meant.as_slice() {
        [link] => Ok(link),
        [] => {
            let all: Vec<String> = stack
                .links
                .iter()
                .filter(|link| link.secrets().next().is_some())
                .map(Link::ends)
                .collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let hint = suggestion(text, &all).unwrap_or_else(|| "no link of the stack has a secret".to_owned());
            bail!("the stack has no link `{text}`; {hint}")
        }
        several => {
            let names: Vec<String> = several.iter().map(|link| format!("`{}`", link.object)).collect();
            bail!("`{text}` is more than one link: say {}", names.join(" or "))
        }
    }
}

/// The values that a link brings.
fn ids_of(link: &Link) -> BTreeSet<&str> {
    link.secrets().map(|value| value.id.as_str()).collect()
}
