//! Graph readers, one format per file, and what they share: what is made up for a graph without features, and the report.
//!
//! Every reader ends in [`Dataset::try_new`], which checks the parts against each other. Formats that store each edge once are
//! read as undirected and get self-loops, as the method's `Ā = A + I` wants; the report says so.

mod arrays;
mod attributes;
mod beside;
mod build;
mod compact;
mod dgl;
mod edge_list;
mod edge_table;
mod elsewhere;
mod fitness;
mod folder;
mod gexf;
mod gml;
mod gnn_benchmark;
mod graphml;
mod graphsaint;
mod heterophilous;
mod joined;
mod labels;
mod linkx;
mod matrix_market;
mod members;
mod metis;
mod named;
mod node_index;
mod node_table;
mod numbers;
mod ogb;
mod parts;
mod planetoid;
mod ppi;
mod pyg;
mod pyg_object;
mod reddit;
mod scipy;
mod split;
mod stored;
mod targets;
mod unifews;
mod unmet;
mod values;
mod webkb;
mod weights;
mod wikipedia;
mod xml;

use std::path::Path;

use ndarray::Array2;
use sprs::CsMatI;

use super::detect::{Detected, GraphFormat, KNOWN_FORMATS, detect_as};
use super::entrance;
use super::memory::{self, MemoryBudget};
use super::npy::Pieces;
use super::reading;
use super::recipe::read_recipe;
use super::report::{LoadError, LoadReport};
use super::sample;
use super::sparse::MatrixEdges;
use crate::engine::control::Control;
use crate::engine::graph::{
    Dataset, DatasetParts, Direction, EdgeList, Features, GraphStats, Labels, ReadOptions, SelfLoops, Split, Topology,
};
use crate::io::source::Lines;

use build::{Built, Stated, build_as};
pub(crate) use compact::read_embedded;
pub(crate) use dgl::is_dgl;
pub(crate) use edge_list::{is_blank, is_edge, is_header};
pub(crate) use folder::edges_in;
pub(crate) use gml::is_gml;
use labels::labels_from;
pub(crate) use matrix_market::is_matrix_market;
pub(crate) use metis::is_metis;
use node_index::NodeOrder;
pub(crate) use ogb::raw_folder;
pub use parts::GraphPart;
pub(crate) use parts::{is_feature_matrix, is_split, part_of_array};
pub(crate) use planetoid::{is_planetoid_file, is_planetoid_folder};
pub(crate) use pyg::{is_pyg_data, is_pyg_folder, read_pyg_matrix};
pub(crate) use scipy::is_sparse_matrix;
pub use split::{read_node_ids, read_split};
pub(crate) use webkb::text_folder;

/// What a reader is asked for.
#[derive(Clone, Copy)]
struct Request<'a> {
    path: &'a Path,
    options: &'a ReadOptions,
    ctl: &'a Control,
}

impl Request<'_> {
    /// Stops here when the stop was asked for.
    fn check(&self) -> Result<(), LoadError> {
        self.ctl.check().map_err(|error| LoadError::invalid(self.path, error))
    }

    /// Refuses what would take more memory than reading may; `basis` says what takes it.
    fn ask(&self, n_bytes: u64, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
        reading::ask(self.path, n_bytes, basis)
    }

    /// Refuses a number of nodes that a few bytes claim and nothing in the file bears out: memory is needed for every node.
    fn check_claim(&self, n: usize, lines: &Lines<'_>) -> Result<(), LoadError> {
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

/// Reads a graph: from a file or folder in any known format, or a sample by `sample:NAME`.
///
/// # Errors
/// [`LoadError`]; the message names the place, what was expected and what was found.
pub fn read_graph(spec: &str, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    read_graph_as(spec, &ReadOptions::default(), ctl)
}

/// Reads a graph as [`read_graph`] does, in the way that a recipe's `[graph]` section asks for.
///
/// # Errors
/// As [`read_graph`].
pub fn read_graph_as(spec: &str, options: &ReadOptions, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    read_graph_within(spec, options, MemoryBudget::SYSTEM, ctl)
}

/// Reads a graph as [`read_graph_as`] does, with so much memory: that of a [`MemoryBudget`], or a number of bytes that nothing may exceed.
///
/// # Errors
/// As [`read_graph`]; [`LoadError::TooLarge`] before what is too large is read.
pub fn read_graph_within(
    spec: &str,
    options: &ReadOptions,
    memory: impl Into<MemoryBudget>,
    ctl: &Control,
) -> Result<(Dataset, LoadReport), LoadError> {
    let memory = memory.into();
    entrance::within(ctl, memory, || read_spec(spec, options, ctl))
}

fn read_spec(spec: &str, options: &ReadOptions, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    if let Some(name) = spec.strip_prefix(sample::PREFIX) {
        let (dataset, report) = sample::read_sample(name, ctl)?;
        let request = Request { path: Path::new(spec), options, ctl };
        unmet::check_options(GraphFormat::Compact, options, request.path)?;
        let (dataset, mut report) = rearranged(dataset, report, request)?;
        let dataset = parts::with_parts(dataset, &mut report, request, NodeOrder::FromZero)?;
        return Ok((dataset, report));
    }
    let path = Path::new(spec);
    let format = match detect_as(path, options)? {
        Detected::Graph(format) => format,
        // Asked for as a graph, a matrix of features says what it lacks.
        Detected::Part(GraphPart::Features) if is_feature_matrix(path) => GraphFormat::ScipySparse,
        other => {
            let found = match &other {
                Detected::Recipe => match read_recipe(path) {
                    Ok(_) => "a recipe (--recipe takes it)".to_owned(),
                    // A recipe that is none says why.
                    Err(error) => return Err(error),
                },
                other => other.to_string(),
            };
            return Err(LoadError::Unknown {
                path: path.to_owned(),
                expected: format!("a graph ({KNOWN_FORMATS})"),
                found,
            });
        }
    };
    memory::estimate::check(path, format)?;
    unmet::check_options(format, options, path)?;
    let request = Request { path, options, ctl };
    let mut draft = match format {
        GraphFormat::UnifewsFolder => unifews::read(request)?,
        GraphFormat::GnnBenchmark => gnn_benchmark::read(request)?,
        GraphFormat::Heterophilous => heterophilous::read(request)?,
        GraphFormat::EdgeList => edge_list::read(request)?,
        GraphFormat::MatrixMarket => matrix_market::read(request)?,
        GraphFormat::Metis => metis::read(request)?,
        GraphFormat::GraphMl => graphml::read(request)?,
        GraphFormat::Gexf => gexf::read(request)?,
        GraphFormat::Gml => gml::read(request)?,
        GraphFormat::ScipySparse => scipy::read(request)?,
        GraphFormat::Ogb => ogb::read(request)?,
        GraphFormat::GraphSaint => graphsaint::read(request)?,
        GraphFormat::Ppi => ppi::read(request)?,
        GraphFormat::Reddit => reddit::read(request)?,
        GraphFormat::WebKb => webkb::read(request)?,
        GraphFormat::Wikipedia => wikipedia::read(request)?,
        GraphFormat::Dgl => dgl::read(request)?,
        GraphFormat::Mat => linkx::read(request)?,
        GraphFormat::Compact => compact::read(path)?,
        GraphFormat::Planetoid => planetoid::read(request)?,
        GraphFormat::PygProcessed => pyg::read(request)?,
        GraphFormat::Stored => stored::read(request)?,
    };
    spec.clone_into(&mut draft.source);
    beside::attach(&mut draft, format, request)?;
    let beside = std::mem::take(&mut draft.beside);
    let (mut dataset, mut report) = draft.finish(path, &format.to_string())?;
    if matches!(format, GraphFormat::Compact | GraphFormat::Stored) {
        (dataset, report) = rearranged(dataset, report, request)?;
    }
    let options = &beside.added_to(options);
    let order = if beside::is_from_one(format) { NodeOrder::FromOne } else { beside.order };
    let dataset = parts::with_parts(dataset, &mut report, Request { options, ..request }, order)?;
    Ok((dataset, report))
}

/// So many rows are gone through between two looks at the stop button.
const ROWS_PER_CHECK: usize = 1 << 12;

/// A finished graph with its entries turned, its self-loops and its weights as the user asks.
fn rearranged(
    dataset: Dataset,
    mut report: LoadReport,
    request: Request<'_>,
) -> Result<(Dataset, LoadReport), LoadError> {
    let options = request.options;
    let weights = dataset.edge_weights();
    if options.weights == Some(true) && weights.is_none() {
        return Err(unmet::no_weights(request.path));
    }
    let drops_weights = options.weights == Some(false) && weights.is_some();
    if options.direction.is_none() && options.self_loops.is_none() && !drops_weights {
        return Ok((dataset, report));
    }
    let mut parts = dataset.to_parts();
    let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
    for u in 0..parts.topology.n_nodes() {
        if u % ROWS_PER_CHECK == 0 {
            request.check()?;
        }
        for k in parts.topology.row_range(u) {
            list.push(parts.topology.indices()[k], u as u32, weights.map_or(1.0, |weights| weights[k]));
        }
    }
    let (n, meant) = (parts.topology.n_nodes(), (Direction::AsStored, SelfLoops::AsStored));
    let built = build_as(list, n, Stated::Nothing, meant, request, &mut report)?;
    parts.topology = built.topology;
    parts.edge_weights = built.weights;
    let dataset = Dataset::try_new(parts).map_err(|error| LoadError::invalid(request.path, error))?;
    let mut counted = LoadReport::new(report.format.clone(), report.source.clone());
    describe(&dataset, &mut counted);
    report.facts.retain(|fact| counted.facts.iter().all(|other| other.name != fact.name));
    counted.facts.append(&mut report.facts);
    report.facts = counted.facts;
    Ok((dataset, report))
}

/// What a format's reader found, before the parts are checked against each other.
struct Draft {
    name: String,
    source: String,
    topology: Topology,
    edge_weights: Option<Vec<f32>>,
    features: Option<Features>,
    labels: Option<Labels>,
    splits: Vec<Split>,
    node_ids: Option<Vec<String>>,
    /// Tables that lie beside the graph's file, and what the order of its nodes means.
    beside: parts::Beside,
    /// Facts, ignored parts and warnings so far; its format and source are filled in at the end.
    report: LoadReport,
}

impl Draft {
    fn new(name: String, topology: Topology) -> Self {
        Self {
            name,
            source: String::new(),
            topology,
            edge_weights: None,
            features: None,
            labels: None,
            splits: Vec::new(),
            node_ids: None,
            beside: parts::Beside::default(),
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
pub(crate) fn describe(dataset: &Dataset, report: &mut LoadReport) {
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
fn is_about_stand_ins(warning: &str) -> bool {
    warning.starts_with(NO_FEATURES)
}

/// More classes than this are refused: nothing real has them, and models allocate by class.
const MAX_CLASSES: i64 = 1 << 16;

/// Edges from rows of their two ends. `[n_edges, 2]`
fn edge_pairs(edges: Pieces<'_>, n: usize) -> Result<EdgeList, LoadError> {
    match edges.shape() {
        [_, 2] => {}
        // No edges, as numpy makes them of an empty list or turned.
        [2, 0] | [0] => return Ok(EdgeList::new()),
        [_, columns] => return Err(edges.fault("two columns", columns)),
        other => return Err(edges.fault("two axes (edges and their two ends)", format!("shape {other:?}"))),
    }
    let mut list = EdgeList::new();
    edges.pairs(false, (n, "node numbers"), |a, b| list.push(a, b, 1.0))?;
    Ok(list)
}

/// Structure from rows whose columns are the targets of the row's node, exactly as stored unless the user asks for more.
fn build_as_stored(edges: MatrixEdges, report: &mut LoadReport, request: Request<'_>) -> Result<Built, LoadError> {
    let meant = (Direction::AsStored, SelfLoops::AsStored);
    let built = build_as(edges.list, edges.n, Stated::Nothing, meant, request, report)?;
    if built.edges.n_duplicates > 0 {
        report.fact("duplicate entries merged", built.edges.n_duplicates);
    }
    if !edges.is_sorted {
        report.warnings.push(
            "columns do not ascend within rows: entries are numbered in ascending order, not in the file's".to_owned(),
        );
    }
    if request.options.direction.is_none() && !built.topology.is_symmetric() {
        report.warnings.push(
            "the matrix is not symmetric: its rows are read as sources and its columns as targets, so it is transposed"
                .to_owned(),
        );
    }
    Ok(built)
}
