//! What can be verified without the stack file. `verify --install`: whether the output would install, wave by wave, as Argo CD
//! applies it. `verify --audit` and `verify --controls` have rooms of their own.
//!
//! Files of an output folder go in, problems come out. It knows what kustomize and Argo CD make of them, and nothing of
//! stacks or catalogs: what charts and operators bring stands in annotations of their Applications.

mod applications;
pub mod audit;
pub mod controls;
mod kustomization;
mod laws;
mod object;

use std::collections::BTreeMap;

pub use applications::{Application, Environment};
pub use object::Object;

/// Text files below the output folder, by their paths.
pub type Files = BTreeMap<String, String>;

/// The API groups whose kinds an Application brings, separated by commas.
pub const BRINGS: &str = "stacktic.io/brings";
/// The one namespace that an operator serves.
pub const SERVES: &str = "stacktic.io/serves";
/// The API groups that the cluster has before anything is installed, on the project.
pub const EXPECTS: &str = "stacktic.io/expects";

/// Secrets that people make before, on the object that reads them, separated by commas.
pub const GIVEN: &str = "stacktic.io/given";

/// Something that would not install.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File that says so, below the output folder.
    pub file: String,
    pub fact: String,
}

impl Problem {
    pub(crate) fn new(file: &str, fact: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            fact: fact.into(),
        }
    }
}

/// What was simulated.
#[derive(Debug, Default)]
pub struct Simulation {
    pub environments: Vec<Environment>,
    pub problems: Vec<Problem>,
}

/// Install every environment of an output.
#[must_use]
pub fn install(files: &Files) -> Simulation {
    let mut problems = Vec::new();
    let environments = applications::environments(files, &mut problems);
    for environment in &environments {
        for law in laws::ALL {
            law(environment, &mut problems);
        }
    }
    laws::the_nearest_folder_is_delivered(files, &environments, &mut problems);
    problems.sort();
    problems.dedup();
    Simulation { environments, problems }
}
