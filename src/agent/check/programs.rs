//! The table of programs: psql, pg_isready, kubectl, curl, valkey-cli, redis-cli, nc and grep.
//!
//! What a row does not list is refused. To add a program, add its row, a line to the guide of the
//! generated server, and sentences to the tests.
//!
//! None of them starts a process of its own: should the agent die suddenly, the kernel ends the program with it, but
//! would not end the program's children.

use super::adapter::Part::{Authority, Given, GivenOr, Operands, Own, Switches, Text};
use super::adapter::{Adapter, Meaning, Opt, Role};

/// One row for each program.
pub(super) static PROGRAMS: [Adapter; 8] = [
    Adapter {
        program: "psql",
        secret_slots: &["PGPASSWORD"],
        switches: &["-t", "-A", "-X", "-q", "-w"],
        options: &[
            opt("-h", Meaning::Host),
            opt("-p", Meaning::Port),
            opt("-U", Meaning::Username),
            opt("-d", Meaning::Database),
            opt("-c", Meaning::Probe),
        ],
        required: &["-c"],
        argv: &[
            Text("-XAtqw"),
            Text("-v"),
            Text("ON_ERROR_STOP=1"),
            Text("-h"),
            Own(Meaning::Host),
            Text("-p"),
            Own(Meaning::Port),
            Text("-U"),
            Own(Meaning::Username),
            Text("-d"),
            Own(Meaning::Database),
            Given("-c"),
        ],
        // The search path keeps a user's own object from standing in for a catalog view.
        environment: &[
            ("PGCONNECT_TIMEOUT", "5"),
            ("PGAPPNAME", "stacktic-check"),
            // A server that asks for the password itself is not the record's.
            ("PGREQUIREAUTH", "!password"),
            (
                "PGOPTIONS",
                "-c default_transaction_read_only=on -c statement_timeout=5000 -c lock_timeout=1000 \
                 -c idle_in_transaction_session_timeout=5000 -c search_path=pg_catalog",
            ),
        ],
        verified: LIBPQ,
        ..NOTHING
    },
    Adapter {
        program: "pg_isready",
        switches: &["-q"],
        options: &[
            opt("-h", Meaning::Host),
            opt("-p", Meaning::Port),
            opt("-U", Meaning::Username),
            opt("-d", Meaning::Database),
            opt("-t", Meaning::Seconds(10)),
        ],
        argv: &[
            Text("-h"),
            Own(Meaning::Host),
            Text("-p"),
            Own(Meaning::Port),
            Given("-U"),
            Given("-d"),
            GivenOr("-t", "5"),
            Switches,
        ],
        verified: LIBPQ,
        ..NOTHING
    },
    Adapter {
        program: "kubectl",
        switches: &["--no-headers"],
        options: &[
            opt("-n", Meaning::Namespace),
            opt("-l", Meaning::Selector),
            opt("-o", Meaning::Word(&["name", "wide"])),
        ],
        operands: &[Meaning::Word(&["get"]), Meaning::Word(&["pods"])],
        required: &["-n"],
        argv: &[
            Operands,
            Given("-n"),
            Given("-l"),
            Given("-o"),
            Switches,
            Text("--request-timeout=8s"),
        ],
        // A cache of its own would be a file; below a device there can be none. Four of them fit into the pod's memory.
        environment: &[("KUBECACHEDIR", "/dev/null"), ("GOMEMLIMIT", "40MiB")],
        // The pod's identity, or the one that whoever started the agent chose.
        inherited: &["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBECONFIG"],
        ..NOTHING
    },
    Adapter {
        program: "curl",
        switches: &["-s", "-k", "-S", "-f", "-I"],
        options: &[opt("-m", Meaning::Seconds(15))],
        operands: &[Meaning::Address],
        // `-q` has to be first: it keeps a configuration file from being read.
        argv: &[
            Text("-q"),
            Text("-g"),
            Text("--proto"),
            Text("=http,https"),
            Text("--noproxy"),
            Text("*"),
            Text("--max-redirs"),
            Text("0"),
            Text("--max-filesize"),
            Text("1048576"),
            Text("--connect-timeout"),
            Text("5"),
            Authority(&["--cacert"]),
            GivenOr("-m", "8"),
            Switches,
            Operands,
        ],
        ..NOTHING
    },
    Adapter {
        program: "valkey-cli",
        // Newer clients read their own name first and fall back to the older one.
        secret_slots: &["VALKEYCLI_AUTH", "REDISCLI_AUTH"],
        ..PING
    },
    Adapter {
        program: "redis-cli",
        secret_slots: &["REDISCLI_AUTH"],
        ..PING
    },
    Adapter {
        program: "nc",
        switches: &["-z", "-v"],
        options: &[opt("-w", Meaning::Seconds(10))],
        operands: &[Meaning::EndpointHost, Meaning::EndpointPort],
        required: &["-z"],
        argv: &[Switches, GivenOr("-w", "5"), Operands],
        ..NOTHING
    },
    Adapter {
        program: "grep",
        role: Role::Filter,
        switches: &["-c", "-i", "-v"],
        operands: &[Meaning::Pattern],
        ..NOTHING
    },
];

const fn opt(flag: &'static str, meaning: Meaning) -> Opt {
    Opt { flag, meaning }
}

/// What a row has when it says nothing.
const NOTHING: Adapter = Adapter {
    program: "",
    role: Role::Source,
    secret_slots: &[],
    switches: &[],
    options: &[],
    operands: &[],
    required: &[],
    argv: &[],
    environment: &[],
    verified: &[],
    inherited: &[],
    not_for_databases: false,
};

/// By these words libpq takes no certificate but one of the authority, for the host that it was told.
const LIBPQ: &[(&str, Option<&str>)] = &[("PGSSLMODE", Some("verify-full")), ("PGSSLROOTCERT", None)];

/// What the clients of Valkey and Redis have in common. `-e` turns an error reply into a failure.
const PING: Adapter = Adapter {
    not_for_databases: true,
    options: &[opt("-h", Meaning::Host), opt("-p", Meaning::Port)],
    operands: &[Meaning::Word(&["ping", "PING"])],
    argv: &[
        Text("-h"),
        Own(Meaning::Host),
        Text("-p"),
        Own(Meaning::Port),
        Text("-e"),
        Text("--no-auth-warning"),
        Authority(&["--tls", "--cacert"]),
        Operands,
    ],
    ..NOTHING
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::check::CONNECTING;

    #[test]
    fn rows_refer_to_their_own_flags() {
        for adapter in &PROGRAMS {
            let known = |flag: &str| {
                adapter.switches.contains(&flag) || adapter.options.iter().any(|option| option.flag == flag)
            };
            for flag in adapter.required {
                assert!(known(flag), "{}: {flag}", adapter.program);
            }
            for part in adapter.argv {
                if let Given(flag) | GivenOr(flag, _) = part {
                    assert!(known(flag), "{}: {flag}", adapter.program);
                }
            }
        }
    }

    /// An option that no part of the argument vector takes up is one of the record's own values, or
    /// the sentence would be accepted and something else be run.
    #[test]
    fn every_option_is_taken_up() {
        for adapter in &PROGRAMS {
            for option in adapter.options {
                let taken = adapter.argv.iter().any(|part| match part {
                    Given(flag) | GivenOr(flag, _) => *flag == option.flag,
                    Own(meaning) => *meaning == option.meaning,
                    _ => false,
                });
                assert!(taken, "{}: {}", adapter.program, option.flag);
            }
        }
    }

    /// The first environment name decides which program's row speaks: a slot in two rows of
    /// unrelated clients would send one's password to the other.
    #[test]
    fn only_clients_of_a_database_take_a_secret() {
        let with_secret = PROGRAMS.iter().filter(|adapter| !adapter.secret_slots.is_empty());
        let names: Vec<&str> = with_secret.map(|adapter| adapter.program).collect();
        assert_eq!(names, ["psql", "valkey-cli", "redis-cli"]);
    }

    /// The law of the catalog for health checks knows the programs by name. The API server is an endpoint of no component.
    #[test]
    fn the_catalog_knows_what_connects() {
        let sources = PROGRAMS.iter().filter(|adapter| adapter.role == Role::Source);
        let names = sources.map(|adapter| adapter.program).filter(|name| *name != "kubectl");
        let known: BTreeSet<&str> = CONNECTING.into_iter().collect();
        assert_eq!(names.collect::<BTreeSet<_>>(), known);
    }
}
