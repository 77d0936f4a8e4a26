//! The binary: see [`unifews::launch`].

use std::process::ExitCode;

/// Embeddings of a few megabytes come and go with every layer; the system's allocator would fetch their pages anew each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    unifews::launch::main()
}
