//! Rule: what an object is called, and the hosts made of it, are names that a cluster takes, whatever the component.

use super::Held;
use crate::catalog::ComponentType;
use crate::fault::Code::E_CATALOG_NAME;
use crate::name::is_dns_label;

const HINT: &str = "write a-z, 0-9 and -, and neither begin nor end with -";

pub(super) fn check(held: &mut Held<'_, ComponentType>) {
    let definition = held.definition();
    object(held, &["object"], &definition.object);
    for (name, sub) in &definition.sub_components {
        if let Some(pattern) = &sub.object {
            object(held, &["sub_components", name, "object"], pattern);
        }
    }
    for (name, endpoint) in &definition.endpoints {
        let host = &endpoint.host;
        if !shortest(host).is_none_or(|host| host.split('.').all(is_dns_label)) {
            let fact = format!("`{host}` makes no host of a cluster");
            held.blame(E_CATALOG_NAME, &["endpoints", name, "host"], fact, HINT);
        }
    }
}

fn object(held: &mut Held<'_, ComponentType>, path: &[&str], pattern: &str) {
    if !shortest(pattern).is_none_or(|name| is_dns_label(&name)) {
        let fact = format!("`{pattern}` makes no name of an object");
        held.blame(E_CATALOG_NAME, path, fact, HINT);
    }
}

/// The pattern with one letter for each variable; nothing where its braces do not match, which is told elsewhere.
fn shortest(pattern: &str) -> Option<String> {
    let mut parts = pattern.split('{');
    let mut text = parts.next()?.to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}')?;
        text.push('a');
        text.push_str(rest);
    }
    (!text.contains('}')).then_some(text)
}
