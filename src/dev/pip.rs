//! Why pip did not install: the cause in what it said, and what a person can do about it.
//!
//! In: standard error of pip, which says "no matching distribution" for nearly everything, and its log, which has the
//! reason. Out: a cause. It must not know how pip was started. The rows are proved against real output of two versions
//! of pip, in `tests/dev/pip/`.

/// What begins the part of the log that is about one package.
const SEARCH: &str = "location(s) to search for versions of";
/// What begins a line about a page that the index did not hand out.
const NOT_FETCHED: &str = "Could not fetch URL";

/// A cause that a person can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    DiskFull,
    NotPermitted,
    Interrupted,
    HashMismatch,
    NotPinned,
    BrokenFile,
    Proxy,
    Certificate,
    NoName,
    NoAccess,
    IndexIll,
    Unreachable,
    NotTrusted,
    NoIndex,
    OtherPython,
    NoWheel,
    NoVersion,
    NoPip,
    Crashed,
}

/// Where the words of a row are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Lines of standard error that tell an error.
    Errors,
    /// The same, and pages that were not handed out.
    Network,
    /// The log about the package that was looked for last.
    Search,
    /// All of standard error.
    All,
}

/// Words of pip and their cause; the first row that holds counts.
const ROWS: &[(Place, &[&str], Cause)] = &[
    (
        Place::Errors,
        &["[Errno 28]", "[Errno 122]", "No space left"],
        Cause::DiskFull,
    ),
    (Place::Errors, &["DO NOT MATCH THE HASHES"], Cause::HashMismatch),
    (
        Place::Errors,
        &[
            "must have their versions pinned",
            "Hashes are required",
            "Invalid requirement",
        ],
        Cause::NotPinned,
    ),
    (
        Place::Errors,
        &["incomplete-download", "IncompleteRead"],
        Cause::Interrupted,
    ),
    (
        Place::Errors,
        &["' located at ", "has an invalid wheel"],
        Cause::BrokenFile,
    ),
    (Place::Network, &["ProxyError", "proxy connection error"], Cause::Proxy),
    (
        Place::Network,
        &["CA certificate bundle", "SSLError", "ssl certificate"],
        Cause::Certificate,
    ),
    (
        Place::Network,
        &[
            "Failed to resolve",
            "name resolution",
            "service not known",
            "getaddrinfo",
        ],
        Cause::NoName,
    ),
    (
        Place::Network,
        &["401 Client Error", "403 Client Error"],
        Cause::NoAccess,
    ),
    (Place::Network, &["404 Client Error"], Cause::NoVersion),
    (
        Place::Network,
        &["error responses", "Client Error", "Server Error"],
        Cause::IndexIll,
    ),
    (
        Place::Network,
        &[
            "Max retries exceeded",
            "connection error",
            "timed out",
            "didn't respond",
        ],
        Cause::Unreachable,
    ),
    (
        Place::Errors,
        &[
            "[Errno 1]",
            "[Errno 13]",
            "[Errno 30]",
            "Permission denied",
            "Read-only file system",
        ],
        Cause::NotPermitted,
    ),
    (Place::All, &["not a trusted or secure host"], Cause::NotTrusted),
    (Place::Search, &["0 location(s)"], Cause::NoIndex),
    (
        Place::Errors,
        &["require a different python version"],
        Cause::OtherPython,
    ),
    (
        Place::Search,
        &["none of the wheel's tags", "No sources permitted"],
        Cause::NoWheel,
    ),
    (Place::Errors, &["No matching distribution found"], Cause::NoVersion),
    (Place::All, &["No module named pip"], Cause::NoPip),
    (Place::All, &["Traceback (most recent call last)"], Cause::Crashed),
];

/// What a person does when the lock itself is at fault.
const REPORT: &str =
    "the lock of this release is at fault: report it; `--environment` takes an environment that has the packages";

impl Cause {
    /// The cause, if pip said one that is known.
    pub(super) fn of(stderr: &str, log: &str) -> Option<Self> {
        let said = Said::new(stderr, log);
        let found = ROWS.iter().find(|(place, words, _)| said.has(*place, words));
        found.map(|(_, _, cause)| *cause)
    }

    /// The end of "could not be installed: …".
    pub(super) fn fact(self) -> &'static str {
        match self {
            Self::DiskFull => "the disk is full",
            Self::NotPermitted => "a file may not be written",
            Self::Interrupted => "a download broke off",
            Self::HashMismatch => "a file is not the one that was locked",
            Self::NotPinned => "the lock is not complete",
            Self::BrokenFile => "a file of the index is broken",
            Self::Proxy => "the proxy does not let pip through",
            Self::Certificate => "the certificate of the package index is not trusted",
            Self::NoName => "the name of the package index is not known",
            Self::NoAccess => "the package index refuses access",
            Self::IndexIll => "the package index answers with errors",
            Self::Unreachable => "the package index cannot be reached",
            Self::NotTrusted => "the package index is not asked without TLS",
            Self::NoIndex => "pip was told to ask no package index",
            Self::OtherPython => "a package is not for this version of Python",
            Self::NoWheel => "a package has no wheel for this platform and Python",
            Self::NoVersion => "the package index does not have a locked version",
            Self::NoPip => "the virtual environment has no pip",
            Self::Crashed => "pip crashed",
        }
    }

    /// What to do about it.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::DiskFull => "make room, or choose a folder on another disk with `--cache`",
            Self::NotPermitted => "see who owns the folder, or choose another with `--cache`",
            Self::Interrupted => "run it again; what was downloaded whole is kept in the cache of pip",
            Self::HashMismatch => {
                "do not use that file: run `pip cache purge`, see whether PIP_INDEX_URL names an index that you trust, \
                 and report it if it stays"
            }
            Self::NotPinned => REPORT,
            Self::BrokenFile => "run `pip cache purge`, or name another index with PIP_INDEX_URL",
            Self::Proxy => "see HTTPS_PROXY, HTTP_PROXY and NO_PROXY: address, user and password",
            Self::Certificate => "name the file of certificates that your network needs with PIP_CERT",
            Self::NoName => {
                "see the network of this machine and PIP_INDEX_URL; a network without names wants HTTPS_PROXY"
            }
            Self::NoAccess => "see the user and password for the index (PIP_INDEX_URL or a netrc file)",
            Self::IndexIll => "run it again later, or name another index with PIP_INDEX_URL",
            Self::Unreachable => "see the network of this machine, PIP_INDEX_URL and HTTPS_PROXY",
            Self::NotTrusted => "name an index with https in PIP_INDEX_URL",
            Self::NoIndex => "unset PIP_NO_INDEX, or give PIP_FIND_LINKS a folder with the locked packages",
            Self::OtherPython | Self::NoWheel => {
                "name another Python 3.12 with `--python` (CPython has wheels on Linux, macOS and Windows), \
                 or an environment that has the packages with `--environment`"
            }
            Self::NoVersion => "an index that mirrors another may lag behind: name another with PIP_INDEX_URL",
            Self::NoPip => "see whether `python3.12 -m venv` works, or name another Python with `--python`",
            Self::Crashed => "run it again; if it stays, name another Python with `--python`",
        }
    }
}

/// What pip said, by place.
struct Said<'a> {
    stderr: &'a str,
    errors: Vec<&'a str>,
    /// Of the package that was looked for last: the others were found.
    search: &'a str,
}

impl<'a> Said<'a> {
    fn new(stderr: &'a str, log: &'a str) -> Self {
        let is_error = |line: &&str| {
            line.trim_start()
                .get(..6)
                .is_some_and(|word| word.eq_ignore_ascii_case("error:"))
        };
        let begin = log.rfind(SEARCH).map_or(log.len(), |found| {
            log[..found].rfind('\n').map_or(0, |line_end| line_end + 1)
        });
        Self {
            stderr,
            errors: stderr.lines().filter(is_error).collect(),
            search: &log[begin..],
        }
    }

    fn has(&self, place: Place, words: &[&str]) -> bool {
        let holds = |text: &str| words.iter().any(|word| text.contains(word));
        let any_error = || self.errors.iter().any(|line| holds(line));
        match place {
            Place::Errors => any_error(),
            Place::Network => any_error() || not_fetched(self.search).any(holds),
            Place::Search => holds(self.search),
            Place::All => holds(self.stderr),
        }
    }
}

/// Lines about pages of the last package that the index did not hand out.
fn not_fetched(search: &str) -> impl Iterator<Item = &str> {
    search.lines().filter_map(|line| Some(&line[line.find(NOT_FETCHED)?..]))
}

/// The line that tells why the last package was not found, where the log has one.
pub(super) fn evidence(log: &str) -> Option<String> {
    let said = Said::new("", log);
    not_fetched(said.search).next().map(str::to_owned)
}

/// A line without what stands between `://` and `@`.
pub(super) fn without_credentials(line: &str) -> String {
    let mut parts = line.split("://");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part
            .find(|end: char| end == '/' || end.is_whitespace())
            .unwrap_or(part.len());
        let host = part[..authority].rfind('@').map_or(0, |at| at + 1);
        text.push_str(if host > 0 { "://****@" } else { "://" });
        text.push_str(&part[host..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUTS: [&str; 2] = [
        include_str!("../../tests/dev/pip/23.2.1.txt"),
        include_str!("../../tests/dev/pip/26.3.txt"),
    ];

    /// Name, exit code, standard error and log of each section.
    fn sections(output: &'static str) -> Vec<(&'static str, i32, &'static str, &'static str)> {
        let parse = |section: &'static str| {
            let (head, text) = section.split_once('\n').unwrap();
            let (name, code) = head.split_once(" ends with ").unwrap();
            let from = text.find("2026-01-01T").unwrap_or(text.len());
            (name, code.parse().unwrap(), &text[..from], &text[from..])
        };
        output
            .split("### ")
            .filter(|section| !section.is_empty())
            .map(parse)
            .collect()
    }

    fn expected(name: &str) -> Cause {
        match name {
            "disk_full" => Cause::DiskFull,
            "permission" | "read_only" => Cause::NotPermitted,
            "cut_off" => Cause::Interrupted,
            "hash_mismatch" => Cause::HashMismatch,
            "hash_missing" | "not_pinned" | "invalid_requirement" => Cause::NotPinned,
            "broken_wheel" => Cause::BrokenFile,
            "proxy_refused" | "proxy_wants_login" => Cause::Proxy,
            "tls_untrusted" | "tls_not_spoken" | "no_ca_bundle" => Cause::Certificate,
            "no_dns" => Cause::NoName,
            "unauthorized" | "forbidden" => Cause::NoAccess,
            "server_error" | "too_many" | "unavailable" => Cause::IndexIll,
            "refused" | "retried" | "timeout" => Cause::Unreachable,
            "plain_http" => Cause::NotTrusted,
            "no_index" => Cause::NoIndex,
            "other_python" => Cause::OtherPython,
            "no_wheel_for_platform" | "source_only" => Cause::NoWheel,
            "no_such_version" | "no_such_package" | "login_page" | "missing_file" => Cause::NoVersion,
            "no_pip" => Cause::NoPip,
            "crashed" => Cause::Crashed,
            other => panic!("a section without a cause: {other}"),
        }
    }

    #[test]
    fn the_cause_is_found_in_what_pip_really_says() {
        for output in OUTPUTS {
            let sections = sections(output);
            assert!(sections.len() >= 35, "{}", sections.len());
            for (name, code, stderr, log) in sections {
                if code == 0 {
                    // The newer pip takes a hash for a pin.
                    assert!(matches!(name, "installs" | "not_pinned"), "{name}");
                    continue;
                }
                let cause = Cause::of(stderr, log);
                // A file that was cut off is only found to be another one by the older pip.
                let is_cut_hash = name == "cut_off" && cause == Some(Cause::HashMismatch);
                assert!(
                    cause == Some(expected(name)) || is_cut_hash,
                    "{name}: {cause:?}\n{stderr}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_known_has_no_cause() {
        for stderr in ["", "no such package\n", "pip: no such option: --only-binary\n"] {
            assert_eq!(Cause::of(stderr, ""), None, "{stderr}");
        }
    }

    #[test]
    fn a_package_that_was_found_is_no_cause_for_the_next() {
        let log = "1 location(s) to search for versions of a:\nCould not fetch URL https://x/a/: 403 Client Error\n\
                   1 location(s) to search for versions of b:\n  Skipping link: none of the wheel's tags (x) are compatible\n";
        let stderr = "WARNING: Retrying after connection broken: Connection refused\nERROR: No matching distribution found for b\n";
        assert_eq!(Cause::of(stderr, log), Some(Cause::NoWheel));
    }

    #[test]
    fn the_evidence_is_the_line_of_the_log() {
        let found = sections(OUTPUTS[1])
            .into_iter()
            .find(|(name, ..)| *name == "forbidden")
            .unwrap();
        let evidence = evidence(found.3).unwrap();
        assert!(
            evidence.starts_with("Could not fetch URL http://127.0.0.1:48123/403/simple/alpha/: 403 "),
            "{evidence}"
        );
    }

    #[test]
    fn credentials_are_taken_out_of_addresses() {
        for (line, expected) in [
            (
                "Looking in indexes: https://user:p@ss@host/simple",
                "Looking in indexes: https://****@host/simple",
            ),
            (
                "get http://token@a/b and https://b/c@d",
                "get http://****@a/b and https://b/c@d",
            ),
            ("https://u:p@host", "https://****@host"),
            ("no address", "no address"),
        ] {
            assert_eq!(without_credentials(line), expected);
        }
    }
}
