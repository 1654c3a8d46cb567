//! `stacktic catalog`: what the catalog holds, what an entry does, and which links are legal.

mod links;
mod list;
mod show;

pub(super) use links::links;
pub(super) use list::list;
pub(super) use show::show;
