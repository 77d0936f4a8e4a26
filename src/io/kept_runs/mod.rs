//! What runs found, kept beside a project so that reopening it computes nothing again: `*.unifews-runs`.
//!
//! ```text
//! file        safetensors, with the metadata
//!   format    "unifews-runs/1"
//!   runs      JSON: program, inputs (SHA-256 of graph, labels and model, as in a bundle's manifest), and the numbers of every run with
//!             the places of its arrays
//!   sha256    of the text of `runs`, of all values behind the header, and of a line for every array, sorted: name, type, shape
//! arrays      "t0", "t1", …: F32; U8 for removing steps and for masks, one bit per entry or weight, the lowest bit first. What several
//!             runs share is there once
//! ```
//! What a run has in common with its inputs is not in it: the graph, the model, and the pruned model where it is the given one with zeros.
//! A file of other inputs, of another version of the program or with one changed byte is refused, and so is a run whose arrays do not fit
//! each other. Reading takes memory for the runs that are asked for alone, at most eight times the file.
//!
//! What is never here: which runs are kept, the project that names the file.

mod decode;
mod encode;
mod numbers;

use std::path::Path;
use std::sync::Arc;

use crate::engine::certify::Certificate;
use crate::engine::experiment::Run;

pub use decode::{KeptRuns, read_kept_runs};
pub use encode::{EncodedRuns, encode_runs};

/// Name and version of the format.
pub const KEPT_RUNS_FORMAT: &str = "unifews-runs/1";
/// A file with more than this is not written, bytes: the largest runs are left out.
pub const MOST_KEPT_BYTES: u64 = 256 << 20;

/// A run to keep, or that was kept.
#[derive(Debug, Clone)]
pub struct KeptRun {
    /// What came back.
    pub run: Arc<Run>,
    /// What is certified of it, if anything.
    pub certificate: Option<Arc<Certificate>>,
    /// Wall time of the whole run, seconds.
    pub elapsed_secs: f64,
    /// Whether it is the preview of the recipe, and no run of the table.
    pub is_preview: bool,
}

/// Whether what lies at `path` is a file of kept runs, and so may be replaced by a newer one.
pub fn is_kept_runs(path: &Path) -> bool {
    /// The format stands first in what this program writes.
    const START: u64 = 256;
    let start = super::file::read_start(path, START);
    start.get(8..).is_some_and(|header| {
        let text = String::from_utf8_lossy(header);
        text.starts_with("{\"__metadata__\":{\"format\":\"unifews-runs/")
    })
}
