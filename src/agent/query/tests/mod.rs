//! Tests of the query engine: tables by source, target and operator, the product page's examples, and properties.

mod errors;
mod example;
mod loading;
mod naive;
mod operators;
mod page;
mod properties;
mod random;
mod requests;
mod support;
mod targets;
