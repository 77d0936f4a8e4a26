//! What the program does first: it reads the command line, opens the window or works on the terminal, and ends with an exit code.
//!
//! All its binaries are this: the one for every system, and on Windows a second one that starts without a console.

use std::process::ExitCode;

use crate::cli::{self, Invocation, OpenRequest};
use crate::io::atomic::keep_alive_at_file_size_limit;
use crate::io::crash_reports::crash_folder;
use crate::session::crash;
use crate::ui::{self, WindowError};

/// Runs the program.
pub fn main() -> ExitCode {
    keep_alive_at_file_size_limit();
    if let Some(folder) = crash_folder() {
        crash::watch(folder);
    }
    match cli::parse() {
        Err(code) => code,
        Ok(Invocation::Command(request)) => cli::run(&request),
        Ok(Invocation::Headless(request)) => cli::run_headless(&request),
        Ok(Invocation::Window(request)) => match open_window(&request) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error @ WindowError::Renderer { .. }) => cli::refuse(&error),
            Err(error) => {
                cli::explain_headless(&error);
                cli::run_headless(&request)
            }
        },
    }
}

fn open_window(request: &OpenRequest) -> Result<(), WindowError> {
    if !cli::has_display() {
        return Err(WindowError::NoDisplay { reason: "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned() });
    }
    let OpenRequest { open, n_threads, renderer, .. } = request.clone();
    ui::run(&ui::Args { open, n_threads, renderer })
}
