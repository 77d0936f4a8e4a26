//! Fuzz targets for every reader: see `README.md` in this folder.
//!
//! The two lower floors are compiled in from their source, under the program's name: building the window with a fuzzer's
//! instruments would take far longer than anything else here.

#![allow(dead_code, unused_imports, reason = "the floors are used by more than what is fuzzed")]

extern crate self as unifews;

#[path = "../../../src/engine/mod.rs"]
pub mod engine;
#[path = "../../io/files.rs"]
mod files;
#[path = "../../../src/io/mod.rs"]
pub mod io;
mod targets;

use std::sync::OnceLock;

use peak_alloc::PeakAlloc;
use targets::{Stage, TARGETS};

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

thread_local! {
    static STAGE: OnceLock<Stage> = const { OnceLock::new() };
}

/// Bytes that reading `n_bytes` may hold at once: 64 MiB for each of a few arrays whatever the file's size, and 256 for each byte, in
/// several forms on their way to the engine.
fn most_bytes(n_bytes: usize) -> usize {
    (512 << 20) + 1024 * n_bytes
}

/// Reads the bytes as the target says; panics where the reader does or where it holds more memory than it may.
pub fn fuzz(name: &str, bytes: &[u8]) {
    STAGE.with(|stage| {
        let stage = stage.get_or_init(|| Stage::new(TARGETS.iter().find(|t| t.name == name).expect("a target")));
        let before = PEAK.current_usage();
        PEAK.reset_peak_usage();
        stage.read(bytes);
        let peak = PEAK.peak_usage().saturating_sub(before);
        assert!(peak <= most_bytes(bytes.len()), "{peak} bytes held while {} were read", bytes.len());
    });
}
