//! Writes a graph as a folder of arrays, which is propagated from the disk where it is larger than memory.

use std::path::PathBuf;

use super::source::GraphSource;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::out_of_core::GraphSize;
use crate::io::LoadReport;
use crate::io::stored::StoredGraphWriter;

/// Writes the folder.
#[derive(Debug)]
pub(crate) struct StoreGraph {
    pub(crate) graph: GraphSource,
    pub(crate) folder: PathBuf,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct StoredFolder {
    pub(crate) folder: PathBuf,
    /// The graph's name.
    pub(crate) name: String,
    pub(crate) size: GraphSize,
    /// What reading the graph had to say, where it was read for this.
    pub(crate) report: Option<LoadReport>,
}

impl StoredFolder {
    /// Bytes of the arrays.
    pub(crate) fn size_bytes(&self) -> u64 {
        self.size.structure_bytes() + self.size.embedding_bytes()
    }
}

impl Task for StoreGraph {
    type Point = ();
    type Output = StoredFolder;

    fn label(&self) -> String {
        format!("Store {}", self.graph.name())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<StoredFolder, TaskError> {
        let Self { graph, folder } = self;
        // The place is opened first: nothing is read for a folder that cannot be written.
        let writer = StoredGraphWriter::begin(&folder, ctl)?;
        let (dataset, report) = graph.get(ctl)?;
        writer.write(&dataset, ctl)?;
        Ok(StoredFolder { folder, name: dataset.name().to_owned(), size: GraphSize::of(&dataset), report })
    }
}
