//! Writes a graph for work beyond this machine's memory: as a folder of arrays, which is propagated from the disk, or as tables of Parquet
//! for a cluster.

use std::path::PathBuf;

use super::source::GraphSource;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::Dataset;
use crate::engine::out_of_core::GraphSize;
use crate::io::LoadReport;
use crate::io::graph_tables::GraphTablesWriter;
use crate::io::stored::StoredGraphWriter;

/// Writes the folder.
#[derive(Debug)]
pub(crate) struct StoreGraph {
    pub(crate) graph: GraphSource,
    pub(crate) folder: PathBuf,
    pub(crate) form: StoreForm,
}

/// How a graph is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreForm {
    /// A folder of arrays.
    #[default]
    Arrays,
    /// `nodes.parquet` and `edges.parquet`.
    Parquet,
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
    /// Tables: whether edges that count in both directions, with a self-loop for every node, are this graph again; else its rows have to be
    /// read as they stand there.
    pub(crate) is_usual: bool,
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
        let Self { graph, folder, form } = self;
        // The place is opened first: nothing is read for a folder that cannot be written.
        let (dataset, report) = match form {
            StoreForm::Arrays => {
                let writer = StoredGraphWriter::begin(&folder, ctl)?;
                let (dataset, report) = graph.get(ctl)?;
                writer.write(&dataset, ctl)?;
                (dataset, report)
            }
            StoreForm::Parquet => {
                let writer = GraphTablesWriter::begin(&folder, ctl)?;
                let (dataset, report) = graph.get(ctl)?;
                writer.write(&dataset, ctl)?;
                (dataset, report)
            }
        };
        let is_usual = form == StoreForm::Arrays || is_usual(&dataset);
        let (name, size) = (dataset.name().to_owned(), GraphSize::of(&dataset));
        Ok(StoredFolder { folder, name, size, report, is_usual })
    }
}

/// Whether a list of these edges is read as this graph where nobody says how.
fn is_usual(dataset: &Dataset) -> bool {
    let topology = dataset.topology();
    let has_all_loops = topology.n_self_loops() == topology.n_nodes();
    let is_same_back = |weights: &[f32]| {
        topology.entries().enumerate().all(|(k, (u, v))| {
            let back = topology.find(v as usize, u as usize);
            back.is_some_and(|back| weights[back].to_bits() == weights[k].to_bits())
        })
    };
    has_all_loops && topology.is_symmetric() && dataset.edge_weights().is_none_or(is_same_back)
}
