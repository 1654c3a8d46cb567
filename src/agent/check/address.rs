//! The address that `curl` gets: scheme, host and port as `curl` itself will read them.
//!
//! Text goes in, host and port come out, or the reason why it is no address that a check may have.
//! The form is narrow, so that no two readers can see two different hosts in it.

use super::refusal::Code;

/// Longest address.
const MAX_ADDRESS: usize = 512;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// `http[s]://host[:port][/path]`. A path without a question: a check asks whether something is well, and the tools of
    /// its link ask it for data.
    pub(super) fn parse(text: &str) -> Result<Self, (Code, String)> {
        if text.len() > MAX_ADDRESS {
            return Err((
                Code::E_LIMIT,
                format!("an address has at most {MAX_ADDRESS} characters"),
            ));
        }
        let (rest, default_port) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (rest, 80),
            (_, Some(rest)) => (rest, 443),
            _ => return Err(wrong("an address begins with `http://` or `https://`")),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !path.bytes().all(is_path) {
            return Err(wrong("a path is letters, digits and `/._-~:=,@+`, without a query"));
        }
        if has_empty_or_dot_segments(path) {
            return Err(wrong("a path has no empty segments and none of dots alone"));
        }
        if authority.contains('@') {
            return Err((Code::E_DESTINATION, "an address carries no user".to_owned()));
        }
        let (host, port) = match authority.split_once(':') {
            None => (authority, Some(default_port)),
            Some((host, port)) => (host, read_port(port)),
        };
        match port.filter(|_| is_host(host)) {
            Some(port) => Ok(Self {
                host: host.to_ascii_lowercase(),
                port,
            }),
            None => Err((Code::E_DESTINATION, format!("`{authority}` is not a host and a port"))),
        }
    }
}

fn wrong(message: &str) -> (Code, String) {
    (Code::E_ARG, message.to_owned())
}

fn read_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    digits.then(|| text.parse().ok()).flatten()
}

/// Labels of letters, digits and dashes; the last one begins with a letter, so no spelling of an IP
/// address is a host.
fn is_host(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| !label.is_empty() && !label.starts_with('-') && label.bytes().all(inner);
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && text.split('.').all(label) && last.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-~:=,@+".contains(&byte)
}

/// `..` leaves what the path began with, and what servers make of `//` and `.` differs; the end may be a `/`.
fn has_empty_or_dot_segments(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    let mut segments = segments.strip_suffix('/').unwrap_or(segments).split('/');
    path != "/" && segments.any(|segment| segment.bytes().all(|byte| byte == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, u16)>) {
        let found = Address::parse(text).ok();
        let expected = expected.map(|(host, port)| Address {
            host: host.to_owned(),
            port,
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn addresses() {
        check(
            "https://api.stack-3.source-lab.io",
            Some(("api.stack-3.source-lab.io", 443)),
        );
        check(
            "http://grafana.monitoring.svc/api/health",
            Some(("grafana.monitoring.svc", 80)),
        );
        check("http://Loki:3100/ready", Some(("loki", 3100)));
    }

    #[test]
    fn hosts_that_are_read_in_two_ways() {
        check("http://loki@evil.example", None);
        check("http://user:pass@loki", None);
        check("http://loki:80@evil.example/", None);
        check("http://evil.example\\@loki", None);
        check("http://loki#@evil.example", None);
        check("http:///loki", None);
        check("http://loki:", None);
        check("http://loki:0", None);
        check("http://loki:080", None);
        check("http://loki:99999", None);
        check("http://loki:80:80", None);
        check("http://loki./", None);
        check("http://[::1]/", None);
        check("http://127.0.0.1/", None);
        check("http://2130706433/", None);
        check("http://0x7f000001/", None);
        check("http://loki?ready", None);
        check("http://loki:3100/loki/api/v1/query_range?query=x", None);
        check("http://loki/%3Fquery", None);
        check("http://loki/{a}", None);
        check("http://loki/a b", None);
        check("ftp://loki", None);
        check("HTTP://loki", None);
        check("file:///etc/passwd", None);
    }

    #[test]
    fn paths() {
        for path in [
            "",
            "/",
            "/a",
            "/a/",
            "/a/b.c",
            "/.well-known/x",
            "/a..b/..c/d../...e",
            "/a:b=c,d@e+f~g",
        ] {
            check(&format!("http://loki{path}"), Some(("loki", 80)));
        }
        for path in [
            "/..",
            "/../",
            "/../a",
            "/a/..",
            "/a/../b",
            "/a/b/..",
            "/.",
            "/./",
            "/./a",
            "/a/.",
            "/a/./b",
            "/...",
            "/a/..../b",
            "//",
            "//a",
            "/a//",
            "/a//b",
            "///",
            "/a/ /b",
            "/%2e%2e/a",
            "/.%2E/a",
            "/%2e",
            "/a%2fb",
            "/a%00",
            "/%",
            "/%252e%252e/",
            "/a\\..\\b",
            "/\\",
            "/..\\a",
            "/..;/a",
            "/a;b",
            "/a?b",
            "/a#b",
            "/a\tb",
            "/a\nb",
            "/\u{2024}\u{2024}/a",
            "/\u{ff0e}\u{ff0e}/",
        ] {
            let refused = Address::parse(&format!("http://loki{path}")).unwrap_err();
            assert_eq!(refused.0, Code::E_ARG, "{path}");
        }
    }

    #[test]
    fn long_addresses() {
        let long = format!("http://loki/{}", "a".repeat(MAX_ADDRESS));
        assert_eq!(Address::parse(&long).unwrap_err().0, Code::E_LIMIT);
    }
}
