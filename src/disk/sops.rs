//! Secret files encrypted by SOPS: the keys are readable, the values are not, and a MAC covers the whole.
//!
//! In: the parts of a dotenv file. Out: whether SOPS encrypted it, and the commands that bring its keys in step with a
//! skeleton. Any edit by another program would break the MAC, so the file itself is never changed here.

use std::collections::BTreeSet;

use super::dotenv::Item;
use super::placement::entries;
use super::skeleton::Outcome;
use super::tracked::Tracked;
use crate::name::shell;
use crate::tree::{Skeleton, SkeletonKey};

/// How SOPS names its own entries in a dotenv file.
const OWN_PREFIX: &str = "sops_";
const MAC: &str = "sops_mac";
const CIPHERTEXT: &str = "ENC[AES256_GCM,";

pub(super) fn is_encrypted(items: &[Item<'_>]) -> bool {
    entries(items).any(|entry| entry.key == MAC || entry.value.starts_with(CIPHERTEXT))
}

pub(super) fn compare(skeleton: &Skeleton, items: &[Item<'_>], tracked: &Tracked, shown: &str) -> Outcome {
    if !entries(items).any(|entry| entry.key == MAC) {
        let message =
            format!("it holds encrypted values but no `{MAC}`, so that SOPS cannot open it; restore the whole file");
        return Outcome::Unreadable(message);
    }
    let present: BTreeSet<&str> = entries(items)
        .map(|entry| entry.key)
        .filter(|key| !key.starts_with(OWN_PREFIX))
        .collect();
    let mut missing: Vec<&SkeletonKey> = skeleton
        .keys
        .iter()
        .filter(|key| !present.contains(key.key.as_str()))
        .collect();
    missing.sort_by(|one, other| one.key.cmp(&other.key));
    let is_extra = |key: &&&str| !skeleton.keys.iter().any(|wanted| wanted.key == **key);
    let mut extra: Vec<&str> = present.iter().filter(is_extra).copied().collect();
    let mut commands = Vec::new();
    for key in missing {
        let former = extra.iter().position(|former| tracked.stood_for(former, &key.of));
        let command = match former {
            // Its value comes first: what is unset is gone.
            Some(position) => rename_commands(extra.remove(position), &key.key, shown),
            None => set_command(key, shown),
        };
        commands.push(command);
    }
    commands.extend(extra.iter().map(|key| unset_command(key, shown)));
    if commands.is_empty() {
        Outcome::InStep
    } else {
        Outcome::OutOfStep(commands.join("\n"))
    }
}

/// Why an encrypted file may not stand where a build takes values as they are.
pub(super) fn refusal(shown: &str) -> String {
    format!(
        "it is encrypted, and the stack says `secrets: plain`, so that a Secret would hold the ciphertext; write `secrets: sops` into \
         the stack file, or decrypt it:\nsops decrypt{} --in-place {}",
        format_options(shown),
        shell::word(shown)
    )
}

/// The value is the prefilled one, which is no secret: secrets do not belong on a command line.
fn set_command(key: &SkeletonKey, shown: &str) -> String {
    let value = serde_json::Value::from(key.value.as_str()).to_string();
    format!(
        "sops set{} {} {} {}",
        format_options(shown),
        shell::word(shown),
        index(&key.key),
        shell::quoted(&value)
    )
}

/// The value goes from one program to the other and is shown to nobody.
fn rename_commands(old: &str, new: &str, shown: &str) -> String {
    let (options, file) = (format_options(shown), shell::word(shown));
    format!(
        "sops decrypt{options} --extract {} {file} | jq -Rs . | sops set{options} --value-stdin {file} {}\n{}",
        index(old),
        index(new),
        unset_command(old, shown)
    )
}

fn unset_command(key: &str, shown: &str) -> String {
    format!(
        "sops unset{} {} {}",
        format_options(shown),
        shell::word(shown),
        index(key)
    )
}

/// SOPS tells a dotenv file by its extension, and takes any other for something else.
fn format_options(shown: &str) -> &'static str {
    if shown.ends_with(".env") {
        ""
    } else {
        " --input-type dotenv --output-type dotenv"
    }
}

fn index(key: &str) -> String {
    shell::quoted(&format!("[{}]", serde_json::Value::from(key)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::skeleton::{Outcome, compare};
    use super::super::tracked::Tracked;
    use crate::tree::{Holds, Skeleton, SkeletonKey};

    /// Written by SOPS 3.11.0 with an age key that was thrown away: the keys `GRAFANA_TOKEN`, `LOKI_PASSWORD` (empty) and
    /// `VALKEY_PASSWORD`.
    const ENCRYPTED: &str = include_str!("tests/encrypted.env");

    fn check(keys: &[(&str, &str)], file: &str, shown: &str, expected: &Outcome) {
        let key = |(key, value): &(&str, &str)| SkeletonKey {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            comment: String::new(),
            of: BTreeSet::new(),
            holds: Holds::default(),
        };
        let skeleton = Skeleton {
            header: vec![],
            keys: keys.iter().map(key).collect(),
            takes_ciphertext: true,
        };
        assert_eq!(
            &compare(&skeleton, file.as_bytes(), &Tracked::default(), shown),
            expected,
            "{keys:?}"
        );
    }

    #[test]
    fn compares_keys_without_a_key_to_the_values() {
        let (grafana, loki, valkey) = (("GRAFANA_TOKEN", ""), ("LOKI_PASSWORD", ""), ("VALKEY_PASSWORD", ""));
        check(&[valkey, grafana, loki], ENCRYPTED, "out/cloud.env", &Outcome::InStep);
        let commands = "sops set out/cloud.env '[\"A\"]' '\"\"'\n\
                        sops set out/cloud.env '[\"Z\"]' '\"it'\\''s \\\"x\\\"\"'\n\
                        sops unset out/cloud.env '[\"LOKI_PASSWORD\"]'";
        let step = Outcome::OutOfStep(commands.to_owned());
        check(
            &[("Z", "it's \"x\""), grafana, valkey, ("A", "")],
            ENCRYPTED,
            "out/cloud.env",
            &step,
        );
        let commands = "sops set --input-type dotenv --output-type dotenv 'my out/secret' '[\"A\"]' '\"\"'";
        let step = Outcome::OutOfStep(commands.to_owned());
        check(&[("A", ""), grafana, loki, valkey], ENCRYPTED, "my out/secret", &step);
    }

    #[test]
    fn a_file_without_its_mac_is_not_touched() {
        let damaged: String = ENCRYPTED
            .lines()
            .filter(|line| !line.contains("sops_mac"))
            .map(|line| format!("{line}\n"))
            .collect();
        let message =
            "it holds encrypted values but no `sops_mac`, so that SOPS cannot open it; restore the whole file";
        check(
            &[("GRAFANA_TOKEN", "")],
            &damaged,
            "s.env",
            &Outcome::Unreadable(message.to_owned()),
        );
    }
}
