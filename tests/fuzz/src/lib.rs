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
use std::time::Instant;

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

/// Seconds of processor time that reading `n_bytes` may take, all readers that a target tries together: what grows faster than the input
/// is far beyond it at a few megabytes.
fn most_seconds(n_bytes: usize) -> f64 {
    1.5 + 1e-6 * n_bytes as f64
}

/// Processor time of this process so far, seconds, so that what else the machine does counts for nothing. Wall time where the system does
/// not say.
fn seconds_so_far(began: Instant) -> f64 {
    /// The kernel counts in hundredths of a second, on every architecture that this runs on.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything: state and ten numbers, then user and system time.
    let mut fields = stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11).map(str::parse::<f64>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(system))) => (user + system) / TICKS_PER_SECOND,
        _ => began.elapsed().as_secs_f64(),
    }
}

/// Reads the bytes as the target says; panics where the reader does, or where it holds more memory or takes more time than it may.
pub fn fuzz(name: &str, bytes: &[u8]) {
    STAGE.with(|stage| {
        let stage = stage.get_or_init(|| Stage::new(TARGETS.iter().find(|t| t.name == name).expect("a target")));
        let before = PEAK.current_usage();
        PEAK.reset_peak_usage();
        let began = Instant::now();
        let before_reading = seconds_so_far(began);
        stage.read(bytes);
        let seconds = seconds_so_far(began) - before_reading;
        assert!(seconds <= most_seconds(bytes.len()), "{seconds} s taken while {} bytes were read", bytes.len());
        let peak = PEAK.peak_usage().saturating_sub(before);
        assert!(peak <= most_bytes(bytes.len()), "{peak} bytes held while {} were read", bytes.len());
    });
}
