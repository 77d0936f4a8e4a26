//! What a format's reader gives: the parts of a graph before they are checked against each other, and the report so far.
//!
//! Every reader ends in [`Draft::finish`]. What is made up for a graph without features is made up here, and said.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use sprs::CsMatI;

use super::node_index::NodeOrder;
use crate::engine::graph::{Dataset, DatasetParts, Features, GraphStats, Labels, ReadOptions, Split, Topology};
use crate::io::reading;
use crate::io::report::{LoadError, LoadReport};

/// What a format's reader found, before the parts are checked against each other.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) topology: Topology,
    pub(super) edge_weights: Option<Vec<f32>>,
    pub(super) features: Option<Features>,
    pub(super) labels: Option<Labels>,
    pub(super) splits: Vec<Split>,
    pub(super) node_ids: Option<Vec<String>>,
    /// Tables that lie beside the graph's file, and what the order of its nodes means.
    pub(super) beside: Beside,
    /// Facts, ignored parts and warnings so far; its format and source are filled in at the end.
    pub(super) report: LoadReport,
}

impl Draft {
    pub(super) fn new(name: String, topology: Topology) -> Self {
        Self {
            name,
            source: String::new(),
            topology,
            edge_weights: None,
            features: None,
            labels: None,
            splits: Vec::new(),
            node_ids: None,
            beside: Beside::default(),
            report: LoadReport::default(),
        }
    }

    /// Builds the dataset and completes the report.
    pub(super) fn finish(self, path: &Path, format: &str) -> Result<(Dataset, LoadReport), LoadError> {
        let mut report = LoadReport::new(format, self.source.as_str());
        if self.topology.n_nodes() == 0 {
            return Err(LoadError::content(path, "graph", "at least one node", "none"));
        }
        let features = self.features.unwrap_or_else(|| {
            let (features, made) = stand_in_features(&self.topology);
            report.warnings.push(made);
            features
        });
        if features.width() == 0 {
            return Err(LoadError::content(path, "features", "at least one column", "none"));
        }
        let parts = DatasetParts {
            name: self.name,
            source: self.source,
            topology: self.topology,
            edge_weights: self.edge_weights,
            features,
            labels: self.labels,
            splits: self.splits,
            node_ids: self.node_ids,
        };
        let dataset =
            Dataset::try_new_while(parts, reading::check_engine).map_err(|error| LoadError::invalid(path, error))?;
        describe(&dataset, &mut report);
        report.facts.extend(self.report.facts);
        report.ignored.extend(self.report.ignored);
        report.warnings.extend(self.report.warnings);
        Ok((dataset, report))
    }
}

/// The counts that every graph's report begins with.
pub(super) fn describe(dataset: &Dataset, report: &mut LoadReport) {
    // A stop comes out at the entrance.
    let Ok(stats) = GraphStats::of_while(dataset, reading::check_engine) else { return };
    report
        .fact("nodes", stats.n_nodes)
        .fact("entries", stats.n_entries)
        .fact("self-loops", stats.n_self_loops)
        .fact("isolated nodes", stats.n_isolated)
        .fact("direction", if stats.is_symmetric { "both directions of every edge" } else { "directed" })
        .fact("features", stats.n_features)
        .fact("classes", stats.n_classes);
    if stats.n_classes > 0 {
        report.fact("labelled nodes", stats.n_labelled);
        if dataset.labels().is_some_and(|l| l.tags().is_some()) {
            report.fact("classes per node", "any number");
        }
    }
    let names: Vec<&str> = dataset.splits().iter().map(|s| s.name.as_str()).collect();
    report.fact("splits", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
}

/// Graphs up to this size without features get one column per node; larger ones one per power of two of the degree, because
/// the first weight matrix has a row for every column.
const MOST_IDENTITY_NODES: usize = 4096;

/// Features for a graph that has none, and the sentence that says so.
fn stand_in_features(topology: &Topology) -> (Features, String) {
    let n = topology.n_nodes();
    let (columns, width, what): (Vec<u32>, usize, &str) = if n <= MOST_IDENTITY_NODES {
        ((0u32..).take(n).collect(), n, "one column per node (identity)")
    } else {
        let bucket = |u: usize| (topology.degree(u) + 1).ilog2();
        let columns: Vec<u32> = (0..n).map(bucket).collect();
        let width = columns.iter().max().map_or(1, |most| *most as usize + 1);
        (columns, width, "one column per power of two of the degree")
    };
    let features = if width == 1 {
        Features::Dense(Array2::ones((n, 1)))
    } else {
        Features::from_sparse(CsMatI::new((n, width), (0..=n).collect(), columns, vec![1.0; n]))
    };
    (features, format!("{NO_FEATURES}: {what} stands in for them"))
}

/// What the warning about made features begins with.
const NO_FEATURES: &str = "the file has no features";

/// Whether a warning says that features were made.
pub(super) fn is_about_stand_ins(warning: &str) -> bool {
    warning.starts_with(NO_FEATURES)
}

/// More classes than this are refused: nothing real has them, and models allocate by class.
pub(super) const MAX_CLASSES: i64 = 1 << 16;

/// Tables that lie beside a graph and fit it.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) features: Option<PathBuf>,
    pub(super) labels: Option<PathBuf>,
    pub(super) split: Option<PathBuf>,
    /// What the order of the nodes means.
    pub(super) order: NodeOrder,
}

impl Beside {
    /// The options, with these files where the user names none.
    pub(super) fn added_to(&self, options: &ReadOptions) -> ReadOptions {
        let text = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        ReadOptions {
            feature_file: options.feature_file.clone().or_else(|| text(&self.features)),
            label_file: options.label_file.clone().or_else(|| text(&self.labels)),
            split_file: options.split_file.clone().or_else(|| text(&self.split)),
            ..options.clone()
        }
    }
}
