//! Writes a graph for work beyond this machine's memory: as a folder of arrays, which is propagated from the disk, or as tables of Parquet
//! for a cluster.

use std::path::PathBuf;

use super::source::GraphSource;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::Dataset;
use crate::engine::out_of_core::GraphSize;
use crate::io::LoadReport;
use crate::io::graph_tables::{GraphTablesWriter, MAX_FEATURES};
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
    /// Tables: what was left out, and how they are read as this graph where that has to be said.
    pub(crate) notes: Vec<String>,
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
                let width = dataset.features().width();
                if width > MAX_FEATURES {
                    let expected = format!("at most {MAX_FEATURES} to a node in tables (arrays hold more)");
                    return Err(TaskError::Wrong { what: "features", expected, found: width.to_string() });
                }
                writer.write(&dataset, ctl)?;
                (dataset, report)
            }
        };
        let notes = if form == StoreForm::Parquet { notes_of(&dataset) } else { Vec::new() };
        let (name, size) = (dataset.name().to_owned(), GraphSize::of(&dataset));
        Ok(StoredFolder { folder, name, size, report, notes })
    }
}

/// What whoever reads the tables should know.
fn notes_of(dataset: &Dataset) -> Vec<String> {
    let mut notes = Vec::new();
    if !is_usual(dataset) {
        notes.push("its edges are read as this graph with --direction as-stored --self-loops as-stored".to_owned());
    }
    if dataset.labels().is_some_and(|labels| labels.tags().is_some()) {
        notes.push("left out: labels, since a node may have several classes".to_owned());
    }
    if let [first, others @ ..] = dataset.splits()
        && !others.is_empty()
    {
        notes.push(format!("left out: all splits but the first of {} ({})", others.len() + 1, first.name));
    }
    notes
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{DatasetParts, PowerLaw, power_law_communities};

    #[test]
    fn what_tables_do_not_hold_is_said() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 40, n_entries: 160, n_features: 3, n_classes: 2, ..PowerLaw::default() };
        let usual = power_law_communities(&shape, &ctl).expect("a graph");
        assert_eq!(notes_of(&usual), [""; 0]);
        let split = usual.splits()[0].clone();
        let weights = (0..usual.topology().n_entries()).map(|k| k as f32).collect();
        let parts =
            DatasetParts { edge_weights: Some(weights), splits: vec![split.clone(), split], ..usual.to_parts() };
        let notes = notes_of(&Dataset::try_new(parts).expect("a graph"));
        assert!(notes.len() == 2 && notes[0].contains("--direction as-stored"), "{notes:?}");
        assert!(notes[1].starts_with("left out: all splits but the first of 2"), "{notes:?}");
        // Weights that are the same both ways need no words.
        let ends = usual.topology().entries();
        let weights = ends.map(|(u, v)| (u + v) as f32).collect();
        let parts = DatasetParts { edge_weights: Some(weights), ..usual.to_parts() };
        assert_eq!(notes_of(&Dataset::try_new(parts).expect("a graph")), [""; 0]);
    }
}
