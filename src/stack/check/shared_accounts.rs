//! Rule: links that share an account agree in what it may do.

use super::{Checker, connections};
use crate::finding::{Code, Finding};
use crate::stack::Stack;

pub(super) fn check(checker: &mut Checker<'_>, stack: &Stack) {
    for account in &stack.accounts {
        let mut links = stack.links_of(account);
        let Some(first) = links.next() else { continue };
        // Links of one connection are told as such.
        let apart = links.filter(|link| !connections::are_one(stack, first, link));
        for link in apart.filter(|link| link.level != first.level) {
            let message = format!(
                "`{}` and `{}` share the account `{}`, and ask for `{}` and `{}`",
                first.arrow(),
                link.arrow(),
                account.name,
                first.level,
                link.level
            );
            let span = checker.topology.place(&["links", &link.position.to_string()]);
            let finding = Finding::new(Code::E_TOPOLOGY_LINK, span, message);
            checker
                .findings
                .push(finding.hint("give all links that share it the same `access`"));
        }
    }
}
