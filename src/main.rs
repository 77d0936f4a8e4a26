//! The one binary: parses the arguments, opens the window or works on the command line, and ends with an exit code.

use std::process::ExitCode;

use unifews::cli::{self, Invocation, OpenRequest};
use unifews::ui::{self, WindowError};

/// Embeddings of a few megabytes come and go with every layer; the system's allocator would fetch their pages anew each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    unifews::io::atomic::keep_alive_at_file_size_limit();
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
