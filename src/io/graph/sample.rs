//! Sample graphs: those that ship with the program, and the generator's.
//!
//! What is never here: the names, see `io/sample.rs`.

use std::path::Path;

use super::compact::read_embedded;
use super::draft::describe;
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, PowerLaw, power_law_communities, with_neighbour_tags};
use crate::io::memory::MemoryBudget;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sample::Sample;
use crate::io::{entrance, reading};

/// Reads or generates a sample graph, of which `spec` is the whole name.
pub(super) fn read_sample(sample: Sample<'_>, spec: &str, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    match sample {
        // It is in memory already, whatever a reader may take.
        Sample::Shipped(bytes) => entrance::within(ctl, MemoryBudget::SYSTEM, || read_embedded(bytes, spec)),
        Sample::Generated(query) => generate(query, Path::new(spec), ctl),
    }
}

fn generate(query: &str, path: &Path, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    let (shape, is_multi) = parse_power_law(query, path)?;
    reading::ask(path, shape.generating_bytes(), || {
        let PowerLaw { n_nodes, n_entries, n_features, .. } = shape;
        format!("{n_nodes} nodes, {n_entries} entries and {n_features} features")
    })?;
    let made = power_law_communities(&shape, ctl);
    let made = if is_multi { made.and_then(|dataset| with_neighbour_tags(&dataset, ctl)) } else { made };
    let dataset = made.map_err(|error| LoadError::invalid(path, error))?;
    let mut report = LoadReport::new("generated", dataset.source());
    describe(&dataset, &mut report);
    Ok((dataset, report))
}

/// The graph's shape, and whether a node has any number of classes.
fn parse_power_law(query: &str, path: &Path) -> Result<(PowerLaw, bool), LoadError> {
    /// Larger graphs would be more likely a slip of the finger than a wish, and might not fit into memory.
    const MOST: usize = 1 << 31;
    let mut shape = PowerLaw::default();
    let mut is_multi = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let size = || {
            let parsed = value.parse().ok().filter(|size| *size <= MOST);
            parsed
                .ok_or_else(|| LoadError::content(path, key, format!("an integer up to {MOST}"), format!("{value:?}")))
        };
        match key {
            "nodes" => shape.n_nodes = size()?,
            "edges" => shape.n_entries = size()?,
            "features" => shape.n_features = size()?,
            "classes" => shape.n_classes = size()?,
            "seed" => {
                shape.seed = value
                    .parse()
                    .map_err(|_error| LoadError::content(path, key, "an integer", format!("{value:?}")))?;
            }
            "labels" if value == "multi" => is_multi = true,
            "labels" => return Err(LoadError::content(path, key, "multi", format!("{value:?}"))),
            _ => {
                let expected = "nodes, edges, features, classes, seed or labels";
                return Err(LoadError::content(path, "sample options", expected, key));
            }
        }
    }
    let n_values = shape.n_nodes.saturating_mul(shape.n_features);
    if n_values > MOST {
        let found = format!("{n_values}");
        return Err(LoadError::content(path, "nodes times features", format!("at most {MOST} values"), found));
    }
    Ok((shape, is_multi))
}
