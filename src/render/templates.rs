//! Templates, each compiled when it is first rendered and then kept for all environments.
//!
//! A place in the catalog, a text and a context go in, text or a fault comes out. Templates are strict: a name that is not
//! there is a mistake of the catalog, told with the nearest one. Debug output of the engine stays off, because it prints
//! values.

use anyhow::Context as _;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

use super::undefined::Misses;
use super::{by_type, filters, reaching};
use crate::contents::Contents;
use crate::fault::{Code, Fault};

pub(super) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            environment: environment()?,
        })
    }

    /// The template at `place`, which has this text, with what `context` gives it.
    pub(super) fn render(&mut self, place: &str, text: &Contents, context: &Value) -> anyhow::Result<String> {
        self.ensure_compiled(place, text)?;
        let template = self.environment.get_template(place)?;
        let rendered = template.render(context);
        Ok(rendered.map_err(|error| fault(place, &error, asked_in_vain(template.source(), &error, context)))?)
    }

    fn ensure_compiled(&mut self, place: &str, text: &Contents) -> anyhow::Result<()> {
        let known = self.environment.get_template(place);
        if known.is_ok_and(|template| template.source().as_bytes() == &**text) {
            return Ok(());
        }
        let text = text
            .text()
            .with_context(|| Code::E_CATALOG_TEMPLATE.fault(format!("`{place}` is not UTF-8")))?;
        let added = self.environment.add_template_owned(place.to_owned(), text);
        Ok(added.map_err(|error| fault(place, &error, None))?)
    }
}

/// The one environment: its own delimiters keep a template valid in the language that it writes.
fn environment() -> anyhow::Result<Environment<'static>> {
    let syntax = SyntaxConfig::builder()
        .block_delimiters("<#%", "%#>")
        .variable_delimiters("<%", "%>")
        .comment_delimiters("<##", "##>")
        .line_statement_prefix("#:")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    let mut environment = Environment::empty();
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    filters::add(&mut environment);
    by_type::add(&mut environment);
    reaching::add(&mut environment);
    Ok(environment)
}

/// What is wrong with a template, and where; names of values, never values.
fn fault(place: &str, error: &Error, asked: Option<String>) -> Fault {
    let fact = asked.unwrap_or_else(|| match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    });
    let line = error.line().unwrap_or_default();
    Code::E_CATALOG_TEMPLATE.fault(fact).at(place, line)
}

/// What a template asked for that is not defined, when that is why it failed.
fn asked_in_vain(text: &str, error: &Error, context: &Value) -> Option<String> {
    if error.kind() != ErrorKind::UndefinedError {
        return None;
    }
    let misses = Misses::default();
    let mut environment = environment().ok()?;
    misses.forgive_default(&mut environment);
    let template = environment.template_from_str(text).ok();
    template?.render(misses.watch(context.clone())).err()?;
    misses.told()
}
