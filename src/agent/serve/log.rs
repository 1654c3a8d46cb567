//! The access log: one JSON line a request.
//!
//! It tells who asked for what and how it went. Of a check it has the sentence as it was sent, with its variables: never a
//! value that stands for one, not even where the caller wrote it, and nothing that a process printed.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

/// Where log lines go. Cheap to clone.
#[derive(Clone)]
pub struct AccessLog(Arc<Mutex<Box<dyn Write + Send>>>);

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
        Self(Arc::new(Mutex::new(Box::new(sink))))
    }

    /// Write one line with the time before it.
    pub fn write(&self, line: &impl Serialize) {
        let timed = Timed { time: now(), line };
        let Ok(mut bytes) = serde_json::to_vec(&timed) else {
            return;
        };
        bytes.push(b'\n');
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that nobody reads any more must not stop answers.
        let _ = sink.write_all(&bytes).and_then(|()| sink.flush());
    }
}

fn now() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a log line says when; nothing is generated here"
    )]
    let now = SystemTime::now();
    humantime::format_rfc3339_millis(now).to_string()
}
