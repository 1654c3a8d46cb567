//! The HTTP server around queries and checks.
//!
//! ```text
//! socket ─ connections ─► router ─ log, key ─► handlers ─► query, or checks (pipeline, executor)
//! ```
//!
//! [`router`] needs no socket, [`listen`] adds one.

mod checks;
mod connections;
mod handlers;
mod keys;
mod log;
mod metrics;
mod places;
mod reply;
mod router;
mod socket;

pub use connections::{listen, until_told_to_stop};
pub use keys::{KeysError, keys_of};
pub use log::AccessLog;
pub use router::{Agent, router};
pub use socket::bind;
