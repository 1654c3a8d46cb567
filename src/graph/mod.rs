//! The stack as a picture: who reaches whom, and what of it an AI does.
//!
//! In: a checked stack, what links make (told by the caller), a view. Out: text of one form, the same bytes for the same
//! stack. It must not know files or the command line.
//!
//! The layered layout is our own. `rust-sugiyama` 0.4 gives places of boxes alone: it knows no groups, and not where a line
//! passes the layers between its ends; its maps have no fixed order. `svg` 0.18 composes a tree of attributes, and text that
//! is hostile until proven otherwise has to go through one function of ours in three more forms anyway.

mod build;
mod compare;
mod dot;
mod drawn;
mod escape;
mod html;
mod json;
mod layout;
mod mermaid;
mod model;
mod svg;
mod table;
#[cfg(test)]
mod tests;
mod view;

pub use build::of;
pub use compare::compare;
pub use model::{Change, Graph, Link, Node, Part, View};

/// Forms of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Svg,
    Html,
    Mermaid,
    Dot,
    Json,
}

/// The picture in one form, with a newline at its end.
#[must_use]
pub fn print(graph: &Graph, form: Form) -> String {
    match form {
        Form::Svg => svg::file(graph),
        Form::Html => html::print(graph),
        Form::Mermaid => mermaid::print(graph),
        Form::Dot => dot::print(graph),
        Form::Json => json::print(graph),
    }
}
