//! Keys of one run: made fresh, kept in files that only their owner reads.
//!
//! In: the system's random source, the folder of the run. Out: one folder of secrets for each process,
//! as the pods mount them. It must not know the processes; a key is in nobody's arguments or environment.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::cache::{make_folder, write_private};
use super::target::Target;
use crate::agent::secrets::KEYS_FILE;
use crate::name::sha256_hex;

const RANDOM_SOURCE: &str = "/dev/urandom";
const KEY_BYTES: usize = 32;
/// Name of the client's key in audit lines.
const CLIENT: &str = "dev";

/// A key in plain; it has no `Debug`, so that it does not end up in a message.
pub(super) struct Key(String);

impl Key {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    fn entry(&self, name: &str) -> String {
        format!("{name}:{}\n", sha256_hex(self.0.as_bytes()))
    }
}

/// The folders of secrets, and the key that is told to the person.
pub(super) struct Keys {
    pub(super) client: Key,
    pub(super) server_secrets: PathBuf,
    pub(super) agent_secrets: PathBuf,
}

/// Make the keys of a run below `folder`, which is new and private.
///
/// # Errors
/// The random source or the folder fails.
pub(super) fn make(folder: &Path, target: &Target<'_>) -> anyhow::Result<Keys> {
    let (client, agent) = (new_key()?, new_key()?);
    let server_secrets = folder.join("server-secrets");
    make_folder(&server_secrets)?;
    write_private(&server_secrets.join("MCP_API_KEYS"), &client.entry(CLIENT))?;
    for prefix in &target.agents {
        write_private(
            &server_secrets.join(format!("{prefix}_KEY")),
            &format!("{}\n", agent.text()),
        )?;
    }
    let agent_secrets = folder.join("agent-secrets");
    make_folder(&agent_secrets)?;
    let server = target.server.name.as_str();
    write_private(&agent_secrets.join(KEYS_FILE), &agent.entry(server))?;
    Ok(Keys {
        client,
        server_secrets,
        agent_secrets,
    })
}

fn new_key() -> anyhow::Result<Key> {
    let mut bytes = [0; KEY_BYTES];
    File::open(RANDOM_SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .with_context(|| format!("could not read `{RANDOM_SOURCE}`"))?;
    // Hashed so that no state of the random source is shown; as long as what went in.
    Ok(Key(sha256_hex(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_an_entry_does_not_hold_its_key() {
        let (one, two) = (new_key().unwrap(), new_key().unwrap());
        assert_ne!(one.text(), two.text());
        assert_eq!(one.text().len(), 64);
        let entry = one.entry("dev");
        assert_eq!(entry, format!("dev:{}\n", sha256_hex(one.text().as_bytes())));
        assert!(!entry.contains(one.text()));
    }
}
