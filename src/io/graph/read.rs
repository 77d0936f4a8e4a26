//! From a file whose format is known to a checked graph: the memory and the options first, then the format's reader, then what lies
//! beside the file and what the options name.
//!
//! What is never here: which format a file has (`io/detect.rs`).

use std::path::Path;

use super::beside::{self, has_tables};
use super::build::{Stated, build_as};
use super::compact;
use super::draft::describe;
use super::node_index::NodeOrder;
use super::parts::with_parts;
use super::registry::GraphFormat;
use super::request::Request;
use super::sample::read_sample;
use super::unmet::{check_options, no_weights};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, Direction, EdgeList, ReadOptions, SelfLoops};
use crate::io::reading;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sample::Sample;

/// Reads the graph that `spec` leads to, which is of this format.
///
/// # Errors
/// [`LoadError`]; the message names the place, what was expected and what was found.
pub(crate) fn read_as(
    format: GraphFormat,
    spec: &str,
    options: &ReadOptions,
    ctl: &Control,
) -> Result<(Dataset, LoadReport), LoadError> {
    let (path, format) = (Path::new(spec), format.description());
    if let Some(needed) = (format.needed)(path) {
        reading::ask_always(path, needed.size_bytes, || needed.basis)?;
    }
    check_options(format, has_tables(path, format, options), options, path)?;
    let request = Request { path, options, ctl };
    let mut draft = (format.read)(request)?;
    draft.name = named_after_folder(draft.name, path);
    spec.clone_into(&mut draft.source);
    beside::attach(&mut draft, format, request)?;
    let beside = std::mem::take(&mut draft.beside);
    let (mut dataset, mut report) = draft.finish(path, format.name)?;
    if format.is_finished {
        (dataset, report) = rearranged(dataset, report, request)?;
    }
    let options = &beside.added_to(options);
    let order = if format.order == NodeOrder::FromOne { format.order } else { beside.order };
    let dataset = with_parts(dataset, &mut report, Request { options, ..request }, order)?;
    let parts = [&options.feature_file, &options.label_file, &options.split_file];
    parts.into_iter().flatten().for_each(|file| report.used(Path::new(file)));
    Ok((dataset, report))
}

/// Names of files that say what is in them, and not of what: a graph from one is called after its folder.
const GENERAL_NAMES: [&str; 6] = ["edges", "edge", "edgelist", "edge_list", "edge-list", "links"];

/// The graph's name, unless it is one that every graph might have.
fn named_after_folder(name: String, path: &Path) -> String {
    if !GENERAL_NAMES.iter().any(|general| name.eq_ignore_ascii_case(general)) {
        return name;
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
    let folder = folder.and_then(Path::file_name).map(|folder| folder.to_string_lossy().into_owned());
    // A hidden folder's name says no more.
    folder.filter(|folder| !folder.starts_with('.')).unwrap_or(name)
}

/// Reads or generates a sample graph, of which `spec` is the whole name.
///
/// # Errors
/// As [`read_as`].
pub(crate) fn read_sample_as(
    sample: Sample<'_>,
    spec: &str,
    options: &ReadOptions,
    ctl: &Control,
) -> Result<(Dataset, LoadReport), LoadError> {
    let (dataset, report) = read_sample(sample, spec, ctl)?;
    let request = Request { path: Path::new(spec), options, ctl };
    check_options(&compact::FORMAT, false, options, request.path)?;
    let (dataset, mut report) = rearranged(dataset, report, request)?;
    let dataset = with_parts(dataset, &mut report, request, NodeOrder::FromZero)?;
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
        return Err(no_weights(request.path));
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
