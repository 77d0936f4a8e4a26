//! The graph that a task works on: one that is open, or one that the task reads first.

use std::sync::Arc;

use super::TaskError;
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, ReadOptions};
use crate::io::{LoadReport, MemoryBudget, read_graph_within};

/// Where the graph comes from.
#[derive(Debug)]
pub(crate) enum GraphSource {
    /// It is open.
    Open(Arc<Dataset>),
    /// It is read first.
    Read {
        /// A path, or `sample:NAME`.
        spec: String,
        /// How its file is read.
        options: Box<ReadOptions>,
        /// What reading may take.
        memory: MemoryBudget,
    },
}

impl GraphSource {
    /// What to call it before it is read.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Open(dataset) => dataset.name(),
            Self::Read { spec, .. } => spec,
        }
    }

    /// The graph, and what reading it had to say.
    ///
    /// # Errors
    /// As [`read_graph_within`].
    pub(crate) fn get(self, ctl: &Control) -> Result<(Arc<Dataset>, Option<LoadReport>), TaskError> {
        match self {
            Self::Open(dataset) => Ok((dataset, None)),
            Self::Read { spec, options, memory } => {
                ctl.progress("reading the graph", 0, 0);
                let (dataset, report) = read_graph_within(&spec, &options, memory, ctl)?;
                Ok((dataset.shared(), Some(report)))
            }
        }
    }
}
