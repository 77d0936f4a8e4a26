//! Graph readers, one format per file, and what they share: what is made up for a graph without features, and the report.
//!
//! Every reader ends in [`Dataset::try_new`], which checks the parts against each other. Formats that store each edge once are
//! read as undirected and get self-loops, as the method's `Ā = A + I` wants; the report says so.

mod compact;
mod edge_list;
mod gnn_benchmark;
mod heterophilous;
mod planetoid;
mod pyg;
mod split;
mod unifews;

use std::path::Path;

use ndarray::Array2;
use sprs::CsMatI;

use super::detect::{Detected, GraphFormat, KNOWN_FORMATS, detect};
use super::report::{LoadError, LoadReport};
use super::sample;
use super::sparse::CompressedRows;
use crate::engine::control::Control;
use crate::engine::graph::{
    Dataset, DatasetParts, Direction, EdgeReport, Features, GraphStats, Labels, SelfLoops, Split, Topology,
};

pub(crate) use compact::read_embedded;
pub(crate) use edge_list::{is_blank, is_edge, is_header};
pub(crate) use planetoid::{is_planetoid_file, is_planetoid_folder};
pub(crate) use pyg::{is_pyg_data, is_pyg_folder};
pub use split::{read_node_ids, read_split, with_split};

/// Reads a graph: from a file or folder in any known format, or a sample by `sample:NAME`.
///
/// # Errors
/// [`LoadError`]; the message names the place, what was expected and what was found.
pub fn read_graph(spec: &str, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    if let Some(name) = spec.strip_prefix(sample::PREFIX) {
        return sample::read_sample(name, ctl);
    }
    let path = Path::new(spec);
    let format = match detect(path)? {
        Detected::Graph(format) => format,
        other => {
            return Err(LoadError::Unknown {
                path: path.to_owned(),
                expected: format!("a graph ({KNOWN_FORMATS})"),
                found: other.to_string(),
            });
        }
    };
    let mut draft = match format {
        GraphFormat::UnifewsFolder => unifews::read(path, ctl)?,
        GraphFormat::GnnBenchmark => gnn_benchmark::read(path)?,
        GraphFormat::Heterophilous => heterophilous::read(path)?,
        GraphFormat::EdgeList => edge_list::read(path, ctl)?,
        GraphFormat::Compact => compact::read(path)?,
        GraphFormat::Planetoid => planetoid::read(path, ctl)?,
        GraphFormat::PygProcessed => pyg::read(path, ctl)?,
    };
    spec.clone_into(&mut draft.source);
    draft.finish(path, &format.to_string())
}

/// What a format's reader found, before the parts are checked against each other.
struct Draft {
    name: String,
    source: String,
    topology: Topology,
    features: Option<Features>,
    labels: Option<Labels>,
    splits: Vec<Split>,
    node_ids: Option<Vec<String>>,
    /// Facts, ignored parts and warnings so far; its format and source are filled in at the end.
    report: LoadReport,
}

impl Draft {
    fn new(name: String, topology: Topology) -> Self {
        Self {
            name,
            source: String::new(),
            topology,
            features: None,
            labels: None,
            splits: Vec::new(),
            node_ids: None,
            report: LoadReport::default(),
        }
    }

    /// Builds the dataset and completes the report.
    fn finish(self, path: &Path, format: &str) -> Result<(Dataset, LoadReport), LoadError> {
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
        let dataset = Dataset::try_new(DatasetParts {
            name: self.name,
            source: self.source,
            topology: self.topology,
            features,
            labels: self.labels,
            splits: self.splits,
            node_ids: self.node_ids,
        })
        .map_err(|error| LoadError::invalid(path, error))?;
        describe(&dataset, &mut report);
        report.facts.extend(self.report.facts);
        report.ignored.extend(self.report.ignored);
        report.warnings.extend(self.report.warnings);
        Ok((dataset, report))
    }
}

/// The counts that every graph's report begins with.
pub(crate) fn describe(dataset: &Dataset, report: &mut LoadReport) {
    let stats = GraphStats::of(dataset);
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
    (features, format!("the file has no features: {what} stands in for them"))
}

/// More classes than this are refused: nothing real has them, and models allocate by class.
const MAX_CLASSES: i64 = 1 << 16;

/// One class per node from whole numbers; below 0 means unlabelled. `fault` makes the error of the place they came from.
fn labels_from(values: &[i64], fault: impl Fn(String, i64) -> LoadError) -> Result<Labels, LoadError> {
    let class = |value: i64| match u32::try_from(value) {
        Ok(class) if value < MAX_CLASSES => Ok(class),
        _ if value < 0 => Ok(Labels::UNLABELLED),
        _ => Err(fault(format!("classes below {MAX_CLASSES}"), value)),
    };
    Ok(Labels::new(values.iter().map(|v| class(*v)).collect::<Result<_, _>>()?))
}

/// Structure from rows whose columns are the targets of the row's node, exactly as stored.
fn topology_as_stored(rows: &CompressedRows, report: &mut LoadReport, path: &Path) -> Result<Topology, LoadError> {
    let (topology, edges) = build_topology(rows, Direction::AsStored, SelfLoops::AsStored, path)?;
    if edges.n_duplicates > 0 {
        report.fact("duplicate entries merged", edges.n_duplicates);
    }
    if !rows.is_sorted() {
        report.warnings.push(
            "columns do not ascend within rows: entries are numbered in ascending order, not in the file's".to_owned(),
        );
    }
    if !topology.is_symmetric() {
        report.warnings.push(
            "the matrix is not symmetric: its rows are read as sources and its columns as targets, so it is transposed"
                .to_owned(),
        );
    }
    Ok(topology)
}

/// Structure as the method wants it, undirected and with self-loops, and what that took.
fn topology_completed(rows: &CompressedRows, report: &mut LoadReport, path: &Path) -> Result<Topology, LoadError> {
    let (topology, edges) = build_topology(rows, Direction::Symmetrised, SelfLoops::Added, path)?;
    report_completion(&edges, report);
    Ok(topology)
}

fn build_topology(
    rows: &CompressedRows,
    direction: Direction,
    self_loops: SelfLoops,
    path: &Path,
) -> Result<(Topology, EdgeReport), LoadError> {
    if rows.shape.0 != rows.shape.1 {
        let found = format!("{} x {}", rows.shape.0, rows.shape.1);
        return Err(LoadError::content(path, "adjacency matrix", "as many rows as columns", found));
    }
    Topology::from_edges(rows.shape.0, &rows.pairs(), direction, self_loops)
        .map_err(|error| LoadError::invalid(path, error))
}

/// Says what was read, merged and added.
fn report_completion(edges: &EdgeReport, report: &mut LoadReport) {
    report
        .fact("edges read", edges.n_read)
        .fact("duplicate edges merged", edges.n_duplicates)
        .fact("self-loops read", edges.n_self_loops_read)
        .fact("reverse entries added", edges.n_reversed_added)
        .fact("self-loops added", edges.n_self_loops_added);
}
