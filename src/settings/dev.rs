//! What `dev` is asked to do, and what the environment says about caches, programs and Python.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::{CatalogCheckArgs, DevArgs, OutputArg};
use crate::dev;

/// What `dev` is asked to do.
#[derive(Debug)]
pub struct DevSettings {
    pub stack_file: PathBuf,
    pub server: Option<String>,
    pub output: OutputArg,
    pub options: dev::Options,
}

/// Variables that Python's tools are given; others stay here.
const FOR_TOOLS: [&str; 14] = [
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYENV_ROOT",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "LD_LIBRARY_PATH",
];

impl DevSettings {
    /// # Errors
    /// There is no cache folder, or this program does not know where it lies.
    pub fn new(args: DevArgs) -> anyhow::Result<Self> {
        let cache = args.cache.or_else(user_cache);
        let cache = cache.context("there is no cache folder: name one with `--cache`")?;
        let options = dev::Options {
            executable: std::env::current_exe().context("could not find this program")?,
            variables: variables(),
            python: dev::PythonSearch {
                python: args.python,
                environment: args.environment,
            },
            cache: std::path::absolute(cache).context("could not find the working directory")?,
            port: args.port,
            json: args.output == OutputArg::Json,
        };
        Ok(Self {
            stack_file: args.stack,
            server: args.server,
            output: args.output,
            options,
        })
    }
}

/// Where `catalog check` looks for the server's packages.
///
/// # Errors
/// This program does not know where it lies.
pub fn trial_options(args: &CatalogCheckArgs) -> anyhow::Result<dev::TrialOptions> {
    let cache = args.cache.clone().or_else(user_cache);
    let absolute = |cache: PathBuf| std::path::absolute(cache).context("could not find the working directory");
    Ok(dev::TrialOptions {
        executable: std::env::current_exe().context("could not find this program")?,
        variables: variables(),
        environment: args.environment.clone(),
        cache: cache.map(absolute).transpose()?,
    })
}

/// `stacktic` in the user's cache, where there is one.
fn user_cache() -> Option<PathBuf> {
    let absolute = |name: &str| set(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(folder.join("stacktic"))
}

fn variables() -> dev::Variables {
    let pyenv = set("PYENV_ROOT").map(PathBuf::from);
    let for_tools = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_for_tools));
    dev::Variables {
        path: set("PATH").unwrap_or_default(),
        pyenv: pyenv.or_else(|| Some(PathBuf::from(set("HOME")?).join(".pyenv"))),
        for_tools: for_tools.collect(),
    }
}

fn is_for_tools(name: &str) -> bool {
    FOR_TOOLS.contains(&name) || name.starts_with("PIP_") || name.to_ascii_lowercase().ends_with("_proxy")
}

/// A variable that says something.
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_are_given() {
        for (name, given) in [
            ("PIP_INDEX_URL", true),
            ("https_proxy", true),
            ("NO_PROXY", true),
            ("PATH", true),
            ("AWS_SECRET_ACCESS_KEY", false),
            ("PYTHONPATH", false),
            ("STACKTIC_STACK", false),
        ] {
            assert_eq!(is_for_tools(name), given, "{name}");
        }
    }
}
