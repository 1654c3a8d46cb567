//! stacktic: a stack topology in, a governed MCP server and everything around it out.
//!
//! ```text
//! stack.yaml + catalog/ + link-types/ + hooks/
//!    └─ topology ─ stack::check ─ hook ─ plan ─ render ─ tree ─ disk (write, or compare)
//! ```
//!
//! Files are read in `topology`, `catalog`, `disk` and `agent::query::load`, and written in `disk` alone; everything
//! between is pure. `dev` stands beside that: it keeps a cache of its own and starts processes. The modules below
//! stand in the order of reading (blank lines keep the formatter from sorting them); arrows point up the list only.

pub mod rel_path;

pub mod contents;

pub mod name;

pub mod level;

pub mod profile;

pub mod clients;

pub mod layout;

pub mod yaml;

pub mod fault;

pub mod finding;

pub mod topology;

pub mod catalog;

pub mod stack;

pub mod metadata;

pub mod view;

pub mod graph;

pub mod hook;

pub mod agent;

pub mod tree;

pub mod plan;

pub mod secrets;

pub mod render;

pub mod disk;

pub mod verify;

pub mod report;

#[cfg(feature = "agent")]
pub mod dev;

pub mod exit;

pub mod cli;

pub mod settings;

pub mod command;
