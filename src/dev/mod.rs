//! The MCP server of a stack and its Stack Agent on this machine, for one person and one client.
//!
//! In: a checked stack, its generated output in a cache folder, and what the person asked for. Out: two
//! processes on loopback until a signal, the key and the client configuration once, audit lines as they
//! come. It must not know how output is made, nor read the environment; what it writes lies in its cache
//! folder and, but for the locked Python packages, is gone when it ends.
//!
//! Reading order: `target` (what to run), `cache` (where), `interpreter` and `environment` (with which
//! Python), `keys`, `package`, `launcher` and `children` (how), `session` (all of it, in order).

mod announcement;
mod audit;
mod cache;
mod children;
mod environment;
mod health;
mod interpreter;
mod keys;
mod launcher;
mod package;
mod pip;
mod problem;
mod session;
mod settings_file;
mod target;
mod trial;

pub use cache::StackCache;
pub use interpreter::{PythonSearch, Variables};
pub use problem::Problem;
pub use session::{Options, serve};
pub use target::{Target, choose, is_runnable};
pub use trial::{Ran, TrialOptions, run_script};
