//! Graphs from files and folders in any known format, and samples.

use std::path::Path;

use crate::engine::control::Control;
use crate::engine::graph::{Dataset, ReadOptions};
use crate::io::detect::{Detected, detect_as, detect_sample};
use crate::io::graph::{self, GraphFormat, GraphPart, is_feature_matrix, known_formats};
use crate::io::memory::MemoryBudget;
use crate::io::recipe::read_recipe;
use crate::io::report::{LoadError, LoadReport};
use crate::io::{entrance, sample};

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
    let path = Path::new(spec);
    let unknown = |expected: String, found: String| LoadError::Unknown { path: path.to_owned(), expected, found };
    if let Some(name) = spec.strip_prefix(sample::PREFIX) {
        let Some(sample) = sample::graph(name) else {
            return Err(unknown(format!("a sample ({})", sample::GRAPH_NAMES), detect_sample(name).to_string()));
        };
        return graph::read_sample_as(sample, spec, options, ctl);
    }
    let format = match detect_as(path, options)? {
        Detected::Graph(format) => format,
        // Asked for as a graph, a matrix of features says what it lacks.
        Detected::Part(GraphPart::Features) if is_feature_matrix(path) => GraphFormat::ScipySparse,
        // A recipe that is none says why.
        Detected::Recipe => {
            read_recipe(path)?;
            return Err(unknown(format!("a graph ({})", known_formats()), "a recipe (--recipe takes it)".to_owned()));
        }
        other => return Err(unknown(format!("a graph ({})", known_formats()), other.to_string())),
    };
    graph::read_as(format, spec, options, ctl)
}
