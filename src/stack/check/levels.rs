//! Rule: the level of a link is one that its link type knows.

use super::Checker;
use super::ends::{Ends, Written};
use crate::catalog::{Level, LinkKind, Role};
use crate::finding::{Code, Finding};

/// What the link may do; what cannot be is reported.
pub(super) fn level(
    checker: &mut Checker<'_>,
    written: Written<'_>,
    ends: &Ends<'_>,
    kind: &LinkKind,
) -> Option<Level> {
    match asked(written, ends) {
        Ok(None) => Some(kind.default_level()),
        Ok(Some((_, level))) if kind.levels.contains(&level) => Some(level),
        Ok(Some((key, level))) => {
            let finding = unknown(checker, written, kind, key, level);
            checker.findings.push(finding);
            None
        }
        Err((key, message, hint)) => {
            let span = written.place(checker, key);
            checker
                .findings
                .push(Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint));
            None
        }
    }
}

type Refused = (&'static str, String, String);

/// The level that the file asks for, with the key that says so.
fn asked(written: Written<'_>, ends: &Ends<'_>) -> Result<Option<(&'static str, Level)>, Refused> {
    let link = written.link;
    let is_server = ends.from.kind.definition.roles.contains(&Role::McpServer);
    let access = link.access.map(|level| ("access", level));
    match (link.write_access == Some(true), access) {
        (false, Some((_, level))) if is_server && link.write_access == Some(false) && level >= Level::Write => Err((
            "write_access",
            format!("the link asks for `access: {level}` and says `write_access: false`"),
            "remove one of the two".to_owned(),
        )),
        (false, access) => Ok(access),
        (true, Some((_, Level::Write))) if is_server => Ok(Some(("access", Level::Write))),
        (true, Some((_, level))) if is_server => Err((
            "write_access",
            format!("the link asks for `access: {level}` and for `write_access`"),
            "remove one of the two".to_owned(),
        )),
        (true, _) if is_server => Ok(Some(("write_access", Level::Write))),
        (true, access) => Err((
            "write_access",
            format!(
                "`write_access` is for links of an MCP server, and `{}` is none",
                ends.from.name
            ),
            match access {
                Some((_, level)) if level >= Level::Write => "remove `write_access`".to_owned(),
                _ => "write `access: write`".to_owned(),
            },
        )),
    }
}

fn unknown(checker: &Checker<'_>, written: Written<'_>, kind: &LinkKind, key: &str, level: Level) -> Finding {
    let span = written.place(checker, key);
    if kind.levels.iter().all(|known| *known < Level::Write) && level == Level::Write {
        let message = format!("link type `{}` has no write operations", kind.name);
        return Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(format!("remove `{key}`"));
    }
    let known: Vec<String> = kind.levels.iter().map(|level| format!("`{level}`")).collect();
    let message = format!("link type `{}` does not know the level `{level}`", kind.name);
    let hint = format!("write `access:` with {}", either(&known));
    Finding::new(Code::E_TOPOLOGY_LINK, span, message).hint(hint)
}

fn either(words: &[String]) -> String {
    match words {
        [one] => one.clone(),
        words => format!("one of {}", words.join(", ")),
    }
}
