//! stacktic: a stack topology in, a governed MCP server and everything around it out.
//!
//! ```text
//! stack.yaml + catalog/ + link-types/ + hooks/
//!    └─ topology ─ stack::check ─ hook ─ plan ─ render ─ tree ─ disk (write, or compare)
//! ```
//!
//! Files are read in `topology`, `catalog` and `disk`, and written in `disk` alone; everything
//! between is pure. The modules below stand in the order of reading; arrows point up the list only.

pub mod catalog;
pub mod cli;
pub mod command;
pub mod disk;
pub mod exit;
pub mod finding;
pub mod hook;
pub mod name;
pub mod plan;
pub mod rel_path;
pub mod render;
pub mod report;
pub mod settings;
pub mod stack;
pub mod topology;
pub mod tree;
pub mod yaml;
