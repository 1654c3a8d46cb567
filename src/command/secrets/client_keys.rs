//! `stacktic keys`: keys of AI clients, in the secret file of their MCP server.

use anyhow::{Context as _, anyhow, bail, ensure};

use super::session::Session;
use crate::catalog::Role;
use crate::cli::{AddKeyArgs, KeysCommand, KeysOfArgs, OutputArg};
use crate::command::Streams;
use crate::disk;
use crate::exit::Exit;
use crate::finding::suggestion;
use crate::hook::deploy;
use crate::name::shell;
use crate::report;
use crate::secrets::client_keys::{self, ClientKey};
use crate::secrets::{Moment, Value, strong};
use crate::stack::{Component, SecretsBackend, Stack};

/// Environments whose commands are told.
const MOST_TOLD: usize = 3;

/// The server that is meant.
pub(super) fn server<'a>(stack: &'a Stack, of: &KeysOfArgs) -> anyhow::Result<&'a Component> {
    let servers: Vec<&Component> = stack.of_role(Role::McpServer).filter(|one| one.is_deployed()).collect();
    let names: Vec<&str> = servers.iter().map(|one| one.name.as_str()).collect();
    match (&of.server, servers.as_slice()) {
        (_, []) => bail!("the stack has no MCP server"),
        (None, [server]) => Ok(server),
        (None, _) => bail!(
            "the stack has several MCP servers: say `--server` with one of `{}`",
            names.join("`, `")
        ),
        (Some(name), _) => {
            let server = servers.iter().find(|one| one.name.as_str() == name);
            server.copied().ok_or_else(|| {
                let hint = suggestion(name, &names).unwrap_or_default();
                anyhow!("the stack has no MCP server `{name}`; {hint}")
            })
        }
    }
}

/// Keys of a stack whose values lie elsewhere are made there.
pub(super) fn ensure_in_files(stack: &Stack, server: &Component) -> anyhow::Result<()> {
    if stack.secrets != SecretsBackend::ExternalSecrets {
        return Ok(());
    }
    bail!(disk::Refusal::new(format!(
        "the values of this stack lie in a secret store, and no file holds one. Make a key there: `openssl rand -hex 32` is the key, \
         `printf %s KEY | sha256sum` its digest; put `NAME:DIGEST`, with `;expires=YYYY-MM-DDTHH:MM:SSZ` and `;profile=CLIENT` where \
         you want them, behind a comma into the value that the ExternalSecret of `{}` names for its API keys. To revoke a key, take \
         its entry away there",
        server.name
    )))
}

pub(super) fn run(
    command: &KeysCommand,
    session: &mut Session<'_>,
    stack: &Stack,
    server: &Component,
    streams: &mut Streams<'_>,
) -> anyhow::Result<Exit> {
    let place = session.digests_of(server)?;
    let text = session.value(&place)?;
    match command {
        KeysCommand::List(of) => {
            let (keys, now) = (client_keys::entries(&text), now()?);
            match of.of.output {
                OutputArg::Text => write!(streams.out, "{}", report::keys_text(&keys, now))?,
                OutputArg::Json => writeln!(streams.out, "{:#}", report::keys_json(&keys, now))?,
            }
            return Ok(Exit::Done);
        }
        KeysCommand::Revoke(args) => {
            let rest = client_keys::revoked(&text, &args.name).map_err(anyhow::Error::msg)?;
            session.put(&place, Value::new(rest))?;
            writeln!(streams.messages, "`{}` is revoked in `{}`", args.name, place.path)?;
        }
        KeysCommand::Add(args) => add(args, &text, session, &place, server, streams)?,
    }
    tell(session, stack, place.path.as_str(), streams)?;
    write!(streams.messages, "{}", report::kept_text(&session.kept, streams.style))?;
    Ok(if session.kept.is_empty() {
        Exit::Done
    } else {
        Exit::Refused
    })
}

fn add(
    args: &AddKeyArgs,
    text: &str,
    session: &mut Session<'_>,
    place: &super::session::Place,
    server: &Component,
    streams: &mut Streams<'_>,
) -> anyhow::Result<()> {
    let now = now()?;
    let value = strong(0)?;
    let wanted = ClientKey {
        name: args.name.clone(),
        digest: value.digest(),
        expires: args.expires.as_deref().map(|text| moment(text, now)).transpose()?,
        profile: args.profile.clone(),
    };
    ensure_client(server, wanted.profile.as_deref())?;
    let called = called_like(server, &args.name);
    let (all, key) = match args.rotate {
        true => client_keys::rotated(text, &wanted, called, moment(&args.overlap, now)?),
        false => {
            let profile = wanted.profile.clone().or_else(|| called.map(str::to_owned));
            let wanted = ClientKey { profile, ..wanted };
            client_keys::added(text, &wanted).map(|all| (all, wanted))
        }
    }
    .map_err(anyhow::Error::msg)?;
    session.put(place, Value::new(all))?;
    let end = key.expires.map(|end| end.to_string());
    // The file is first: a key that was printed is one that the file knows.
    let printed = match args.of.of.output {
        OutputArg::Text => writeln!(streams.out, "{}", value.reveal()),
        OutputArg::Json => {
            let told =
                serde_json::json!({ "name": key.name, "key": value.reveal(), "expires": end, "profile": key.profile });
            writeln!(streams.out, "{told:#}")
        }
    };
    let undo = || {
        format!(
            "the key went to nobody; take it away: `stacktic keys revoke {}`",
            key.name
        )
    };
    printed.and_then(|()| streams.out.flush()).with_context(undo)?;
    let end = end.map_or("it never ends; `--expires 90d` sets an end".to_owned(), |end| {
        format!("it ends {end}")
    });
    writeln!(
        streams.messages,
        "`{}` is in `{}`, as its SHA-256; {end}. The key itself is printed this once",
        key.name, place.path
    )?;
    if let Some(client) = key.profile.as_deref().filter(|_| args.profile.is_none()) {
        writeln!(
            streams.messages,
            "it is of the client `{client}`, and opens nothing once that is gone"
        )?;
    }
    if args.rotate {
        writeln!(
            streams.messages,
            "older keys of the name end {} at the latest",
            moment(&args.overlap, now)?
        )?;
    }
    Ok(())
}

/// The client that a key is called like, as it is or as one of its successors. The key says so: it must not become one of everything
/// when the client leaves the stack file.
fn called_like<'a>(server: &Component, name: &'a str) -> Option<&'a str> {
    let is_client = |name: &&str| server.sub_components.keys().any(|one| one.as_str() == *name);
    [name, client_keys::base(name)].into_iter().find(is_client)
}

/// A profile is a client of the server, where the stack file draws any.
fn ensure_client(server: &Component, profile: Option<&str>) -> anyhow::Result<()> {
    let Some(profile) = profile else { return Ok(()) };
    ensure!(
        client_keys::is_client(profile),
        "a profile is the name of a client of `{}`",
        server.name
    );
    let clients: Vec<&str> = server.sub_components.keys().map(|name| name.as_str()).collect();
    if !clients.is_empty() && !clients.contains(&profile) {
        let hint = suggestion(profile, &clients).unwrap_or_default();
        bail!("`{}` has no client `{profile}`; {hint}", server.name)
    }
    Ok(())
}

/// `90d` from now, or a moment to come.
fn moment(text: &str, now: Moment) -> anyhow::Result<Moment> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
    let found = match days {
        Some(days) => Some(now.plus_days(days.into())),
        None => Moment::parse(text),
    };
    let found =
        found.with_context(|| format!("`{text}` is no time: write `90d`, `2027-01-31` or `2027-01-31T00:00:00Z`"))?;
    ensure!(found > now, "`{text}` is over already");
    Ok(found)
}

/// How the change comes to the server.
fn tell(session: &Session<'_>, stack: &Stack, path: &str, streams: &mut Streams<'_>) -> anyhow::Result<()> {
    let shown = |path: &str| session.settings.out.join(path).display().to_string();
    let is_sealed = stack.secrets == SecretsBackend::Sops;
    let commands: Vec<String> = match &stack.gitops {
        Some(_) if is_sealed => {
            let file = shell::word(&shown(path));
            vec![format!(
                "git add {file} && git commit --message 'Change the keys of AI clients' && git push"
            )]
        }
        _ => {
            let environments = stack.environments.iter().take(MOST_TOLD);
            let command = |name: &crate::name::ComponentName| {
                deploy::apply_whole(stack, &shown(&deploy::whole(stack, name.as_str())))
            };
            environments.map(command).collect()
        }
    };
    let next = streams.style.hint("next");
    writeln!(
        streams.messages,
        "{next}: bring it to the server; there it holds within 5 s of the file's change"
    )?;
    for command in commands {
        writeln!(streams.messages, "    {command}")?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a key ends at a time of the clock, and nothing that is generated follows from it"
)]
fn now() -> anyhow::Result<Moment> {
    let passed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = passed.context("the clock stands before 1970")?.as_secs();
    Ok(Moment::of_seconds(i64::try_from(seconds)?))
}
