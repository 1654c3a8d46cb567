//! The argument vector of each program, read again from the outside.
//!
//! A record and a step go in. Every word is accounted for by its place: a constant, the record's own value, or one
//! of a closed set. A word more, a word less or a value from elsewhere is a broken law.

use stacktic::agent::check::{Endpoint, Record, Step};

use crate::laws::is_printable;
use crate::probe;
use crate::records::context;

pub fn belong_to(record: &Record, step: &Step) {
    let arguments: Vec<&str> = step.arguments.iter().map(String::as_str).collect();
    let plain = |argument: &&str| argument.len() <= 512 && argument.bytes().all(is_printable);
    assert!(arguments.iter().all(plain), "{step:?}");
    let holds = match step.program {
        "psql" => is_psql(record, &arguments),
        "pg_isready" => is_pg_isready(record, &arguments),
        "kubectl" => is_kubectl(&arguments),
        "curl" => is_curl(&arguments),
        "valkey-cli" | "redis-cli" => is_ping(record, &arguments),
        "nc" => is_nc(record, &arguments),
        _ => false,
    };
    assert!(holds, "{step:?}");
}

/// The record's own host and port, as two flags.
fn is_own(record: &Record, arguments: &[&str]) -> bool {
    let Some(Endpoint { host, port }) = &record.primary else {
        return false;
    };
    !host.starts_with('-') && arguments == ["-h", host.as_str(), "-p", port.to_string().as_str()]
}

fn is_psql(record: &Record, arguments: &[&str]) -> bool {
    let [first, variable, stop, rest @ ..] = arguments else {
        return false;
    };
    let [
        host,
        its_host,
        port,
        its_port,
        user,
        its_user,
        database,
        its_database,
        command,
        sql,
    ] = rest
    else {
        return false;
    };
    [*first, *variable, *stop] == ["-XAtqw", "-v", "ON_ERROR_STOP=1"]
        && is_own(record, &[host, its_host, port, its_port])
        && [*user, *database, *command] == ["-U", "-d", "-c"]
        && record.username.as_deref() == Some(*its_user)
        && record.database.as_deref() == Some(*its_database)
        && probe::is_read_only(sql)
}

fn is_pg_isready(record: &Record, arguments: &[&str]) -> bool {
    let [host, its_host, port, its_port, rest @ ..] = arguments else {
        return false;
    };
    let rest = after_option(rest, "-U", |user| record.username.as_deref() == Some(user));
    let rest = rest.and_then(|rest| after_option(rest, "-d", |name| record.database.as_deref() == Some(name)));
    let within = |rest: &[&str]| matches!(rest, ["-t", seconds] | ["-t", seconds, "-q"] if is_number(seconds, 10));
    is_own(record, &[host, its_host, port, its_port]) && rest.is_some_and(within)
}

fn is_kubectl(arguments: &[&str]) -> bool {
    let ["get", "pods", "-n", namespace, rest @ .., "--request-timeout=8s"] = arguments else {
        return false;
    };
    let rest = after_option(rest, "-l", |selector| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/=,".contains(&byte);
        !selector.is_empty() && !selector.starts_with('-') && selector.bytes().all(plain)
    });
    let rest = rest.and_then(|rest| after_option(rest, "-o", |form| matches!(form, "name" | "wide")));
    context().namespaces.contains(*namespace)
        && !namespace.starts_with('-')
        && matches!(rest, Some([] | ["--no-headers"]))
}

const CURL: &str = "-q -g --proto =http,https --noproxy * --max-redirs 0 --max-filesize 1048576 --connect-timeout 5 -m";

fn is_curl(arguments: &[&str]) -> bool {
    let [options @ .., url] = arguments else {
        return false;
    };
    let fixed: Vec<&str> = CURL.split(' ').collect();
    let Some([seconds, switches @ ..]) = options.strip_prefix(fixed.as_slice()) else {
        return false;
    };
    let known = |switch: &&str| matches!(*switch, "-s" | "-k" | "-S" | "-f" | "-I");
    is_number(seconds, 15) && switches.len() <= 5 && switches.iter().all(known) && is_endpoint(url)
}

/// Scheme, host and port as RFC 3986 divides them; no user, no bracket, no space.
fn is_endpoint(url: &str) -> bool {
    let (port, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (80, rest),
        (_, Some(rest)) => (443, rest),
        _ => return false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or_default()),
        None => (authority, port),
    };
    let endpoint = Endpoint::new(host.to_ascii_lowercase(), port);
    context().endpoints.contains(&endpoint) && !url.contains([' ', '\\', '#', '[', ']', '{', '}', '*'])
}

fn is_ping(record: &Record, arguments: &[&str]) -> bool {
    let [host, its_host, port, its_port, rest @ ..] = arguments else {
        return false;
    };
    is_own(record, &[host, its_host, port, its_port]) && matches!(rest, ["-e", "--no-auth-warning", "ping" | "PING"])
}

fn is_nc(record: &Record, arguments: &[&str]) -> bool {
    let (["-z", "-w", seconds, host, port] | ["-z", "-v", "-w", seconds, host, port]) = arguments else {
        return false;
    };
    let own = |endpoint: &Endpoint| endpoint.host == *host && endpoint.port.to_string() == *port;
    is_number(seconds, 10) && !host.starts_with('-') && record.endpoints.iter().any(own)
}

/// What follows `flag` and its value, or everything where the flag is not there; none where the value is wrong.
fn after_option<'a>(arguments: &'a [&'a str], flag: &str, may_be: impl Fn(&str) -> bool) -> Option<&'a [&'a str]> {
    match arguments {
        [found, value, rest @ ..] if *found == flag => may_be(value).then_some(rest),
        _ => Some(arguments),
    }
}

fn is_number(text: &str, most: u32) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse().is_ok_and(|number| (1..=most).contains(&number))
}
