//! x
use super::Streams;
use crate::catalog::Catalog;
use crate::cli::ExplainArgs;
use crate::exit::Exit;
pub(super) fn run(_: &ExplainArgs, _: &Catalog, _: &mut Streams<'_>) -> anyhow::Result<Exit> { Ok(Exit::Done) }
