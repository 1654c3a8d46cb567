//! Parse, run, print the error once, end with its code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use stacktic::cli::Cli;
use stacktic::command::{exit_of, run};
use stacktic::exit::Exit;
use stacktic::report::Unread;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse().and_then(Cli::checked) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return ExitCode::from(exit.code());
        }
    };
    // Not locked: threads of the agent write to standard error as well.
    let (mut out, mut messages) = (Unread(std::io::stdout().lock()), Unread(std::io::stderr()));
    let exit = run(cli, &mut out, &mut messages).unwrap_or_else(|error| {
        let _ = writeln!(messages, "error: {error:#}");
        exit_of(&error)
    });
    ExitCode::from(exit.code())
}
