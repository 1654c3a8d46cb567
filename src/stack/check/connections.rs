//! Rule: links of an MCP server to one component are one connection: one set of keys, one write gate, one account.
//!
//! A prefix of its own on one of them would make a gate that nothing asks and a password that nobody uses.

use super::Checker;
use crate::catalog::Role;
use crate::finding::{Code, Finding};
use crate::stack::{Connection, Link, Stack};

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    for server in stack.of_role(Role::McpServer) {
        for connection in stack.connections(server).values().flatten() {
            self::connection(checker, connection);
        }
    }
}

/// Whether two links are told apart by nothing but where in the component they end.
pub(super) fn are_one(stack: &Stack, one: &Link, other: &Link) -> bool {
    one.from == other.from && one.to == other.to && stack.component(&one.from).has_role(Role::McpServer)
}

fn connection(checker: &mut Checker<'_>, connection: &Connection<'_>) {
    let first = connection.first();
    for link in &connection.links[1..] {
        let differences = [
            (
                "env",
                first.env_prefix != link.env_prefix,
                format!("have the prefixes `{}` and `{}`", first.env_prefix, link.env_prefix),
            ),
            (
                "access",
                first.level != link.level,
                format!("ask for `{}` and `{}`", first.level, link.level),
            ),
        ];
        for (key, differs, words) in differences {
            if differs {
                let message = format!(
                    "`{}` and `{}` are one connection, and {words}",
                    first.arrow(),
                    link.arrow()
                );
                let span = checker.topology.place(&["links", &link.position.to_string()]);
                let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, message);
                let hint = format!("give all links of `{}` to `{}` the same `{key}`", link.from, link.to);
                checker.findings.push(finding.hint(hint));
            }
        }
    }
}
