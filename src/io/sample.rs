//! The graphs and trained models that ship with the program, and the generator's name: `sample:NAME`.
//!
//! ```text
//! sample:cora  sample:citeseer  sample:karate                     graphs, part of the program
//! sample:powerlaw?nodes=2000&edges=20000&features=64&classes=8&seed=7     generated; every key may be left out
//! sample:powerlaw?labels=multi                                            the same with any number of classes per node
//! sample:cora-gcn  sample:cora-sgc  …                             trained models
//! ```
//! How each file was made, and its licence, is written in `sample_graphs/README.md`. What is never here: reading or generating them, see
//! `graph/sample.rs`.

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
pub(crate) const GRAPH_NAMES: &str =
    "cora, citeseer, karate or powerlaw?nodes=..&edges=..&features=..&classes=..&seed=..";

/// A sample graph.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sample<'a> {
    /// The bytes of its file.
    Shipped(&'static [u8]),
    /// The generator's options.
    Generated(&'a str),
}

/// The sample graph of this name.
pub(crate) fn graph(name: &str) -> Option<Sample<'_>> {
    if let Some((_, bytes)) = GRAPHS.iter().find(|(known, _)| *known == name) {
        return Some(Sample::Shipped(bytes));
    }
    let (generator, query) = name.split_once('?').unwrap_or((name, ""));
    (generator == "powerlaw").then_some(Sample::Generated(query))
}

/// The bytes of the model of this name.
pub(crate) fn model(name: &str) -> Option<&'static [u8]> {
    MODELS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// What can stand behind `sample:` for a model.
pub(crate) fn model_names() -> String {
    MODELS.map(|(known, _)| format!("{PREFIX}{known}")).join(", ")
}
