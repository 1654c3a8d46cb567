//! The programs of the language as data: what a sentence may say to each, and what the agent runs.
//!
//! A row is read twice: `typing` gives every word of a sentence a meaning by it, `compile` builds the
//! argument vector by it. What the agent runs is built from the row and never from the sentence's own
//! order, so a client gets its options before anything that a sentence brought.

use super::programs::PROGRAMS;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Adapter {
    pub(super) program: &'static str,
    pub(super) role: Role,
    /// Environment names that take the record's password and nothing else; all of them are set.
    pub(super) secret_slots: &'static [&'static str],
    /// Flags without a value.
    pub(super) switches: &'static [&'static str],
    /// Flags with a value.
    pub(super) options: &'static [Opt],
    /// Words without a flag; all of them, in this order.
    pub(super) operands: &'static [Meaning],
    /// Flags that have to stand.
    pub(super) required: &'static [&'static str],
    pub(super) argv: &'static [Part],
    /// Plain environment.
    pub(super) environment: &'static [(&'static str, &'static str)],
    /// What joins it where the server shows a certificate of an authority of the stack; none stands for the authority's file.
    pub(super) verified: &'static [(&'static str, Option<&'static str>)],
    /// Names that the executor passes on from the agent's own environment.
    pub(super) inherited: &'static [&'static str],
    /// It sends the password as it is, so a record with a database, whose server expects another client, is refused.
    pub(super) not_for_databases: bool,
}

/// Where in a pipeline a program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Connects to something: first.
    Source,
    /// Reads the output before it, inside the agent: second or third.
    Filter,
}

/// A flag with a value.
#[derive(Debug)]
pub(super) struct Opt {
    pub(super) flag: &'static str,
    pub(super) meaning: Meaning,
}

/// What a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The record's own host.
    Host,
    /// The record's own port.
    Port,
    /// The record's own user.
    Username,
    /// The record's own database.
    Database,
    /// The host of any endpoint of the record.
    EndpointHost,
    /// The port of the same endpoint.
    EndpointPort,
    /// A namespace of the stack.
    Namespace,
    /// `key=value` or `key`, several with commas.
    Selector,
    /// The address of an endpoint of the topology.
    Address,
    /// Read-only SQL.
    Probe,
    /// Text to look for, not a regular expression.
    Pattern,
    /// A number from 1.
    Seconds(u32),
    /// One of these words.
    Word(&'static [&'static str]),
}

/// A piece of the argument vector.
#[derive(Debug)]
pub(super) enum Part {
    Text(&'static str),
    /// The record's own value, whatever the sentence says.
    Own(Meaning),
    /// A flag and its value, where the sentence has it.
    Given(&'static str),
    /// A flag and its value, or this one.
    GivenOr(&'static str, &'static str),
    /// These flags and the authority's file, where the server shows a certificate of an authority of the stack.
    Authority(&'static [&'static str]),
    /// The switches of the sentence.
    Switches,
    Operands,
}

/// The row of `program`.
pub(super) fn find(program: &str) -> Option<&'static Adapter> {
    PROGRAMS.iter().find(|adapter| adapter.program == program)
}

/// The names of all programs of one role.
pub(super) fn programs(role: Role) -> Vec<&'static str> {
    let of_role = PROGRAMS.iter().filter(|adapter| adapter.role == role);
    of_role.map(|adapter| adapter.program).collect()
}
