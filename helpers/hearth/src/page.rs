//! What a package makes of the command line: completions and the manual.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

/// Prints what a shell needs to complete commands.
///
/// # Errors
/// When it cannot be printed.
pub fn completions(mut command: Command, shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "hearth", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page in troff: the command itself, then each of its own commands.
///
/// # Errors
/// When it cannot be printed.
pub fn manual(mut command: Command) -> anyhow::Result<ExitCode> {
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        let man = clap_mangen::Man::new(below.clone());
        writeln!(page, ".SH \"HEARTH {}\"", below.get_name().to_uppercase())?;
        man.render_synopsis_section(&mut page)?;
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
    }
    std::io::stdout().write_all(&page)?;
    Ok(ExitCode::SUCCESS)
}
