//! How secret keys are told: by their files, names and states, never by a value.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::Style;
use crate::name::ComponentName;
use crate::secrets::{KeyState, State};

/// Every key with its state, a line each.
#[must_use]
pub fn secrets_status(keys: &[KeyState]) -> String {
    let mut text = String::new();
    let width = keys.iter().map(|key| word(&key.state).len()).max().unwrap_or_default();
    for KeyState { path, key, state } in keys {
        let _ = writeln!(text, "{:width$}  {path}  {key}", word(state));
    }
    text
}

/// What a person has to do: keys whose values others issue, each with the command that makes it, and keys that are in doubt.
#[must_use]
pub fn secrets_left(keys: &[KeyState], style: Style) -> String {
    let mut text = String::new();
    for KeyState { path, key, state } in keys {
        match state {
            State::Missing { how, command } => {
                let _ = writeln!(text, "{}: `{key}` in `{path}` comes from elsewhere", style.hint("left"));
                for line in how.lines() {
                    let _ = writeln!(text, "    {line}");
                }
                for line in command.iter().flat_map(|command| command.lines()) {
                    let _ = writeln!(text, "      {line}");
                }
            }
            State::Differs { why } => {
                let _ = writeln!(text, "{}: `{key}` in `{path}`: {why}", style.error("error"));
            }
            State::Prefilled | State::Filled | State::Empty => {}
        }
    }
    if keys.iter().any(|key| matches!(key.state, State::Differs { .. })) {
        let fix = "what somebody filled in is never written over: empty the keys that are wrong, or `stacktic secrets rotate` the link";
        let _ = writeln!(text, "{}: {fix}", style.hint("hint"));
    }
    text
}

/// What a person runs when the new values are applied.
#[must_use]
pub fn secrets_afterwards(commands: &[(ComponentName, String)], style: Style) -> String {
    let mut text = String::new();
    for (component, command) in commands {
        let head = style.hint("afterwards");
        let _ = writeln!(
            text,
            "{head}: once applied, `{component}` takes its new values by\n      {command}"
        );
    }
    text
}

/// The same for programs; `changed` are the files that were written.
#[must_use]
pub fn secrets_json(keys: &[KeyState], changed: &[String], commands: &[(ComponentName, String)]) -> Json {
    let key = |KeyState { path, key, state }: &KeyState| {
        let mut item = json!({ "file": path.as_str(), "key": key, "state": word(state) });
        match state {
            State::Missing { how, command } => {
                item["how"] = json!(how);
                item["command"] = json!(command);
            }
            State::Differs { why } => item["why"] = json!(why),
            State::Prefilled | State::Filled | State::Empty => {}
        }
        item
    };
    let commands = commands.iter();
    let afterwards = commands.map(|(component, command)| json!({ "component": component, "command": command }));
    json!({
        "keys": keys.iter().map(key).collect::<Vec<_>>(),
        "changed": changed,
        "afterwards": afterwards.collect::<Vec<_>>(),
    })
}

fn word(state: &State) -> &'static str {
    match state {
        State::Prefilled => "prefilled",
        State::Filled => "filled",
        State::Empty => "empty",
        State::Missing { .. } => "from elsewhere",
        State::Differs { .. } => "differs",
    }
}
