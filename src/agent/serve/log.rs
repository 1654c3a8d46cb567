//! The access log: one JSON line a request.
//!
//! It tells who asked for what and how it went. Of a check it has the sentence as it was sent, with its variables: never a
//! value that stands for one, not even where the caller wrote it, and nothing that a process printed.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::name;

/// Most lines that wait to be written; beyond that lines are dropped, for a reader that stands still must not make the
/// agent stand still.
const MAX_WAITING: usize = 4096;

/// How long the last lines are waited for.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Longest text of a caller in a line.
const MAX_TEXT: usize = 512;

/// Where log lines go: a thread writes them. Cheap to clone.
#[derive(Clone)]
pub struct AccessLog(SyncSender<Entry>);

enum Entry {
    Line(Vec<u8>),
    /// Everything before it has been written when its answer arrives.
    Flush(std::sync::mpsc::Sender<()>),
}

/// What a handler tells of its request.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Asked {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on_success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on_failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dry_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) records: Option<usize>,
    /// `passed`, `failed` or `no_records`, where a check ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<&'static str>,
}

/// A line of the log.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) event: &'static str,
    pub(super) method: &'a str,
    /// The route, not the path that was asked for.
    pub(super) route: &'a str,
    pub(super) status: u16,
    pub(super) milliseconds: f64,
    /// The name of the caller's key.
    pub(super) key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a str>,
    #[serde(flatten)]
    pub(super) asked: &'a Asked,
}

#[derive(Serialize)]
struct Timed<'a, T> {
    time: String,
    #[serde(flatten)]
    line: &'a T,
}

impl AccessLog {
    #[must_use]
    pub fn new(sink: impl Write + Send + 'static) -> Self {
        let (sender, entries) = sync_channel(MAX_WAITING);
        std::thread::spawn(move || write_all(sink, &entries));
        Self(sender)
    }

    /// Write one line with the time before it; false when too many wait already.
    pub fn write(&self, line: &impl Serialize) -> bool {
        let timed = Timed { time: now(), line };
        let Ok(mut bytes) = serde_json::to_vec(&timed) else {
            return false;
        };
        bytes.push(b'\n');
        self.0.try_send(Entry::Line(bytes)).is_ok()
    }

    /// Wait until what was written so far has left, for a short time.
    pub fn flush(&self) {
        let (sender, done) = channel();
        if self.0.try_send(Entry::Flush(sender)).is_ok() {
            let _ = done.recv_timeout(LAST_LINES);
        }
    }
}

fn write_all(mut sink: impl Write, entries: &Receiver<Entry>) {
    for entry in entries {
        // A log that nobody reads any more must not stop answers.
        let _ = match entry {
            Entry::Line(bytes) => sink.write_all(&bytes),
            Entry::Flush(done) => {
                let _ = sink.flush();
                done.send(()).map_err(std::io::Error::other)
            }
        };
    }
}

/// A caller's text as a line may hold it: short, and without characters that do not show.
pub(super) fn brief(text: &str) -> String {
    let shown = |next: char| if name::is_hidden(next) { '?' } else { next };
    text.chars().take(MAX_TEXT).map(shown).collect()
}

fn now() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a log line says when; nothing is generated here"
    )]
    let now = SystemTime::now();
    humantime::format_rfc3339_millis(now).to_string()
}
