//! The graphs and trained models that ship with the program, and the generator's name: `sample:NAME`.
//!
//! ```text
//! sample:cora  sample:citeseer  sample:karate                     graphs, part of the program
//! sample:powerlaw?nodes=2000&edges=20000&features=64&classes=8&seed=7     generated; every key may be left out
//! sample:powerlaw?labels=multi                                            the same with any number of classes per node
//! sample:cora-gcn  sample:cora-sgc  …                             trained models
//! ```
//! How each file was made, and its licence, is written in `sample_graphs/README.md`.

use std::path::{Path, PathBuf};

use super::detect::{Detected, GraphFormat};
use super::entrance;
use super::graph::{describe, read_embedded};
use super::memory::MemoryBudget;
use super::model::ModelFormat;
use super::reading;
use super::report::{LoadError, LoadReport};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, PowerLaw, power_law_communities, with_neighbour_tags};

/// What a sample's name begins with.
pub(crate) const PREFIX: &str = "sample:";

/// One sample graph, for a gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleInfo {
    /// What [`read_graph`](super::read_graph) takes, for example `sample:cora`.
    pub spec: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// Nodes.
    pub n_nodes: usize,
    /// Stored directed entries, self-loops included.
    pub n_entries: usize,
    /// Classes.
    pub n_classes: usize,
    /// What [`read_model`](super::read_model) takes for the models trained on it.
    pub models: &'static [&'static str],
}

/// The sample graphs, the best one to start with first.
pub fn samples() -> &'static [SampleInfo] {
    const SAMPLES: &[SampleInfo] = &[
        SampleInfo {
            spec: "sample:cora",
            title: "Cora",
            description: "Citations between machine-learning papers, largest component; features are words",
            n_nodes: 2485,
            n_entries: 12_623,
            n_classes: 7,
            models: &["sample:cora-gcn", "sample:cora-sgc"],
        },
        SampleInfo {
            spec: "sample:citeseer",
            title: "CiteSeer",
            description: "Citations between computer-science papers; features are words",
            n_nodes: 3327,
            n_entries: 12_431,
            n_classes: 6,
            models: &["sample:citeseer-gcn", "sample:citeseer-sgc"],
        },
        SampleInfo {
            spec: "sample:karate",
            title: "Karate club",
            description: "Friendships in Zachary's karate club, which split in two; no features",
            n_nodes: 34,
            n_entries: 190,
            n_classes: 2,
            models: &[],
        },
        SampleInfo {
            spec: "sample:powerlaw",
            title: "Power law",
            description: "Generated communities with a few hubs, of any size",
            n_nodes: 2000,
            n_entries: 22_000,
            n_classes: 8,
            models: &[],
        },
    ];
    SAMPLES
}

/// The graphs that are part of the program, in the format of `graph/compact.rs`.
const GRAPHS: [(&str, &[u8]); 3] = [
    ("cora", include_bytes!("../../sample_graphs/cora.npz")),
    ("citeseer", include_bytes!("../../sample_graphs/citeseer.npz")),
    ("karate", include_bytes!("../../sample_graphs/karate.npz")),
];

/// The models that are part of the program, trained by `sample_graphs/make_models.sh`.
const MODELS: [(&str, &[u8]); 4] = [
    ("cora-gcn", include_bytes!("../../sample_graphs/cora-gcn.safetensors")),
    ("cora-sgc", include_bytes!("../../sample_graphs/cora-sgc.safetensors")),
    ("citeseer-gcn", include_bytes!("../../sample_graphs/citeseer-gcn.safetensors")),
    ("citeseer-sgc", include_bytes!("../../sample_graphs/citeseer-sgc.safetensors")),
];

/// What can stand behind `sample:` for a graph.
const GRAPH_NAMES: &str = "cora, citeseer, karate or powerlaw?nodes=..&edges=..&features=..&classes=..&seed=..";

/// What `sample:NAME` is.
pub(crate) fn detect_sample(name: &str) -> Detected {
    let stem = name.split('?').next().unwrap_or(name);
    if stem == "powerlaw" || GRAPHS.iter().any(|(known, _)| *known == name) {
        Detected::Graph(GraphFormat::Compact)
    } else if find_model(name).is_some() {
        Detected::Model(ModelFormat::Safetensors)
    } else {
        Detected::Unknown { found: format!("no sample of the name {name:?}") }
    }
}

/// Reads or generates a sample graph.
pub(crate) fn read_sample(name: &str, ctl: &Control) -> Result<(Dataset, LoadReport), LoadError> {
    let spec = format!("{PREFIX}{name}");
    if let Some((_, bytes)) = GRAPHS.iter().find(|(known, _)| *known == name) {
        // It is in memory already, whatever a reader may take.
        return entrance::within(ctl, MemoryBudget::SYSTEM, || read_embedded(bytes, &spec));
    }
    let (generator, query) = name.split_once('?').unwrap_or((name, ""));
    if generator != "powerlaw" {
        let (path, expected) = (PathBuf::from(&spec), format!("a sample ({GRAPH_NAMES})"));
        return Err(LoadError::Unknown { path, expected, found: detect_sample(name).to_string() });
    }
    let (shape, is_multi) = parse_power_law(query, Path::new(&spec))?;
    reading::ask(Path::new(&spec), shape.generating_bytes(), || {
        let PowerLaw { n_nodes, n_entries, n_features, .. } = shape;
        format!("{n_nodes} nodes, {n_entries} entries and {n_features} features")
    })?;
    let made = power_law_communities(&shape, ctl);
    let made = if is_multi { made.and_then(|dataset| with_neighbour_tags(&dataset, ctl)) } else { made };
    let dataset = made.map_err(|error| LoadError::invalid(Path::new(&spec), error))?;
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
            parsed.ok_or_else(|| {
                LoadError::content(path, key, format!("a whole number up to {MOST}"), format!("{value:?}"))
            })
        };
        match key {
            "nodes" => shape.n_nodes = size()?,
            "edges" => shape.n_entries = size()?,
            "features" => shape.n_features = size()?,
            "classes" => shape.n_classes = size()?,
            "seed" => {
                shape.seed = value
                    .parse()
                    .map_err(|_error| LoadError::content(path, key, "a whole number", format!("{value:?}")))?;
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

/// A shipped model's bytes.
pub(crate) fn read_sample_model(name: &str) -> Result<&'static [u8], LoadError> {
    find_model(name).ok_or_else(|| LoadError::Unknown {
        path: PathBuf::from(format!("{PREFIX}{name}")),
        expected: format!("a sample model ({})", MODELS.map(|(known, _)| format!("{PREFIX}{known}")).join(", ")),
        found: detect_sample(name).to_string(),
    })
}

fn find_model(name: &str) -> Option<&'static [u8]> {
    MODELS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}
