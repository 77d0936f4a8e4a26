//! What reproducing a table gives.

use std::path::PathBuf;

use serde::Serialize;

use super::page::ReproducedRow;
use super::truth_lines::TruthLine;
use crate::io::bundle::MachineNote;

/// The page with one line more.
#[derive(Debug)]
pub(crate) struct ReproducedLine {
    pub(crate) text: String,
    pub(crate) n_lines: usize,
    /// How many there will be.
    pub(crate) n_in_all: usize,
}

/// The whole table.
#[derive(Debug)]
pub(crate) struct Reproduced {
    pub(crate) output: PathBuf,
    pub(crate) text: String,
    pub(crate) rows: ReproducedRows,
    pub(crate) machine: MachineNote,
}

/// What a table is made of.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum ReproducedRows {
    /// Of a published one.
    Published(Vec<ReproducedRow>),
    /// Of what is left at the same true sparsity.
    Truth(Vec<TruthLine>),
}
