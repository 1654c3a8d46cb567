//! `stacktic catalog`: what the catalog holds, what an entry does, which links are legal, and what of it has aged.

mod audit;
mod known;
mod links;
mod list;
mod page;
mod show;

pub(super) use audit::audit;
pub(super) use links::{ToldLink, links, told};
pub(super) use list::list;
pub(super) use page::page;
pub(super) use show::{entry, link_type, section, show};
