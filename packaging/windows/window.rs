//! The binary that icons and files start on Windows: the same program as `unifews.exe`, without a console window beside it.
//!
//! A program of the window's subsystem can print nothing on the terminal that started it, and a terminal does not wait for it; so there are
//! two, as `python.exe` and `pythonw.exe` are.

#![windows_subsystem = "windows"]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    unifews::launch::main()
}
