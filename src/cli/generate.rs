//! `unifews generate DIR`: manual pages and completions, made from the definition of the command line. Packages hold them.

use std::path::Path;

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::args;
use super::program_args::GenerateArgs;
use crate::io::ExportError;
use crate::io::atomic::write_atomic;

/// The shells that are known, and what their files are called.
const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "unifews.bash"), (Shell::Zsh, "_unifews"), (Shell::Fish, "unifews.fish")];

pub(super) fn run(args: &GenerateArgs) -> anyhow::Result<()> {
    let [man, completions] = ["man", "completions"].map(|name| args.output.join(name));
    for folder in [&man, &completions] {
        std::fs::create_dir_all(folder).map_err(|source| ExportError::io("make a folder", folder, source))?;
    }
    let mut command = args::command();
    command.build();
    let below = command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help");
    for page in std::iter::once(&command).chain(below) {
        write_page(page, &man)?;
    }
    for (shell, name) in SHELLS {
        let mut text = Vec::new();
        generate(shell, &mut args::command(), "unifews", &mut text);
        write_atomic(completions.join(name), &text)?;
    }
    Ok(())
}

/// The page of a command, `unifews-NAME.1`.
fn write_page(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let page = Man::new(command.clone()).manual("Unifews Workbench");
    let mut text = Vec::new();
    page.render(&mut text)?;
    write_atomic(folder.join(page.get_filename()), &text)?;
    Ok(())
}
