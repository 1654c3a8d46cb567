//! Flags and environment → what is meant by them. The only reader of environment variables.

#[cfg(feature = "agent")]
mod dev;
mod secrets;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use crate::cli::{ColorArg, DiffArg, FailOnArg, GenArgs, OnEditArg, OutputArg, ReportArg};
use crate::disk;
use crate::name::shell;
use crate::report::{Form, Gain};

#[cfg(feature = "agent")]
pub use dev::{DevSettings, trial_options};
pub use secrets::SecretsSettings;

/// What `gen` is asked to do.
#[derive(Debug)]
pub struct GenSettings {
    pub stack_file: PathBuf,
    /// Where the stack file lies; the working directory for standard input.
    pub stack_folder: PathBuf,
    pub out: PathBuf,
    pub mode: Mode,
    pub on_edit: disk::OnEdit,
    pub max_deletes: Option<usize>,
    pub output: ReportArg,
    /// What an AI may gain without failing the run.
    pub fail_on: FailOnArg,
    /// What a command that goes on with this run must be given, too: `("--catalog", "acme")`.
    pub flags: Vec<(&'static str, String)>,
}

/// The last step of `gen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Write,
    /// Compare; pending changes are an error.
    Check,
    /// Print the plan.
    DryRun,
    /// Print the plan and what would change.
    Diff(DiffArg),
}

impl GenSettings {
    #[must_use]
    pub fn of_each(args: &GenArgs, catalog: &[PathBuf]) -> Vec<Self> {
        args.stacks
            .iter()
            .map(|stack| Self::new(args, stack, catalog))
            .collect()
    }

    fn new(args: &GenArgs, stack: &Path, catalog: &[PathBuf]) -> Self {
        let mode = match (args.check, args.diff, args.dry_run) {
            (true, _, _) => Mode::Check,
            (_, Some(how), _) if how != DiffArg::Off => Mode::Diff(how),
            (_, _, true) => Mode::DryRun,
            _ => Mode::Write,
        };
        let on_edit = match args.on_edit {
            OnEditArg::Fail => disk::OnEdit::Fail,
            OnEditArg::Keep => disk::OnEdit::Keep,
            OnEditArg::Overwrite => disk::OnEdit::Overwrite,
        };
        let folders = catalog.iter().map(|folder| ("--catalog", folder));
        let flags = folders.chain(args.out.iter().map(|folder| ("--out", folder)));
        let flags = flags
            .map(|(flag, folder)| (flag, folder.display().to_string()))
            .collect();
        let stack_folder = stack.parent().map(Path::to_owned).unwrap_or_default();
        let out = args.out.clone().unwrap_or_else(|| out_beside(stack));
        Self {
            stack_folder,
            stack_file: stack.to_owned(),
            out,
            mode,
            on_edit,
            max_deletes: args.max_deletes,
            output: args.output,
            fail_on: args.fail_on,
            flags,
        }
    }

    /// The command `name` of this program on the same stack, with those flags of this run that it takes.
    #[must_use]
    pub fn command(&self, name: &str, takes: &[&str]) -> String {
        let mut command = format!("stacktic {name}");
        for (flag, value) in self.flags.iter().filter(|(flag, _)| takes.contains(flag)) {
            command += &format!(" {flag} {}", shell::word(value));
        }
        command + " " + &shell::word(&self.stack_file.display().to_string())
    }
}

impl ReportArg {
    /// The form for programs of others, or which of our own.
    ///
    /// # Errors
    /// It is the text for people, or our JSON.
    pub fn form(self) -> Result<Form, OutputArg> {
        match self {
            Self::Text => Err(OutputArg::Text),
            Self::Json => Err(OutputArg::Json),
            Self::Md => Ok(Form::Markdown),
            Self::Github => Ok(Form::Github),
            Self::Gitlab => Ok(Form::Gitlab),
            Self::Sarif => Ok(Form::Sarif),
            Self::Junit => Ok(Form::Junit),
        }
    }
}

impl FailOnArg {
    /// Whether `gain` is more than may be.
    #[must_use]
    pub fn refuses(self, gain: Gain) -> bool {
        match self {
            Self::None => false,
            Self::WriteGain => gain == Gain::Write,
            Self::ReadGain => gain != Gain::None,
        }
    }
}

/// Where the output of a stack file lies by default.
#[must_use]
pub fn out_beside(stack_file: &Path) -> PathBuf {
    stack_file.with_file_name("out")
}

/// What `agent serve` is asked to do.
#[cfg(feature = "agent")]
#[derive(Debug)]
pub struct ServeSettings {
    pub metadata: PathBuf,
    pub secrets: PathBuf,
    pub listen: std::net::SocketAddr,
    /// Folders in which programs of checks are looked up.
    pub path: std::ffi::OsString,
    /// Variables that a check's program may be passed on.
    pub inherited: std::collections::BTreeMap<String, String>,
}

#[cfg(feature = "agent")]
impl From<crate::cli::ServeArgs> for ServeSettings {
    fn from(args: crate::cli::ServeArgs) -> Self {
        let inherited = crate::agent::check::inherited();
        let value = |name: &str| std::env::var_os(name)?.into_string().ok();
        Self {
            metadata: args.metadata,
            secrets: args.secrets,
            listen: args.listen,
            path: std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()),
            inherited: inherited
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), value(name)?)))
                .collect(),
        }
    }
}

/// Whether messages carry colors.
#[must_use]
pub fn colors(wanted: ColorArg) -> bool {
    has_colors(wanted, &|| std::io::stderr().is_terminal())
}

/// Whether what goes to standard output carries colors.
#[must_use]
pub fn colors_of_output(wanted: ColorArg) -> bool {
    has_colors(wanted, &|| std::io::stdout().is_terminal())
}

fn has_colors(wanted: ColorArg, is_terminal: &dyn Fn() -> bool) -> bool {
    match wanted {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && is_terminal(),
    }
}
