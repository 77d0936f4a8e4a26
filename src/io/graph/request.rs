//! What a reader is asked for, and what it minds while it reads.

use std::path::Path;

use crate::engine::control::Control;
use crate::engine::graph::ReadOptions;
use crate::io::reading;
use crate::io::report::LoadError;
use crate::io::source::Lines;

/// What a reader is asked for.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) path: &'a Path,
    pub(super) options: &'a ReadOptions,
    pub(super) ctl: &'a Control,
}

impl Request<'_> {
    /// Stops here when the stop was asked for.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        self.ctl.check().map_err(|error| LoadError::invalid(self.path, error))
    }

    /// Refuses what would take more memory than reading may; `basis` says what takes it.
    pub(super) fn ask(&self, n_bytes: u64, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
        reading::ask(self.path, n_bytes, basis)
    }

    /// Refuses a number of nodes that a few bytes claim and nothing in the file bears out: memory is needed for every node.
    pub(super) fn check_claim(&self, n: usize, lines: &Lines<'_>) -> Result<(), LoadError> {
        /// So many nodes are believed of any file, and so many more for each byte of it.
        const ANY: u64 = 1 << 22;
        const PER_BYTE: u64 = 32;
        let n_bytes = std::fs::metadata(self.path).map_or(0, |kind| kind.len());
        let limit = ANY.max(n_bytes.saturating_mul(PER_BYTE));
        if n as u64 <= limit {
            return Ok(());
        }
        Err(lines.fault(format!("at most {limit} nodes in a file of {n_bytes} bytes"), n))
    }
}
