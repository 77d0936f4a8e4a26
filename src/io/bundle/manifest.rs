//! `manifest.json`: what is in a bundle, from what it was made, and how it is to be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metrics::Metrics;
use super::new_nodes::ArrivalsNote;
use super::options::BundleOptions;
use super::stored::Stored;
use super::{hash, names};
use crate::engine::experiment::{Run, ValueType};
use crate::engine::model::batch_norm::EPS;
use crate::engine::model::{Activation, Aggregation, AttentionForm, Family, Norm, Order, Program, TrainedOn};
use crate::engine::sparsify::steps::counts_removed;
use crate::engine::sparsify::{EdgeMode, Identity, Macs, Quirk, StoredAs};

/// Name and version of the bundle's form.
pub const BUNDLE_FORMAT: &str = "unifews-bundle/2";
/// The version before, which has no program: the recipe's family says what is computed. It is still read.
pub const BUNDLE_FORMAT_1: &str = "unifews-bundle/1";

/// What is in a bundle and how it is to be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`BUNDLE_FORMAT`] or [`BUNDLE_FORMAT_1`]; a reader refuses any other.
    pub format: String,
    /// What wrote it.
    pub program: ProgramNote,
    /// The graph the logits belong to.
    pub graph: GraphNote,
    /// The model that was pruned.
    pub model: ModelNote,
    /// How the edge files are to be read.
    pub edges: EdgesNote,
    /// What a layer computes beside its products.
    pub forward: ForwardNote,
    /// What decides of nodes that arrive; absent where nothing can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_nodes: Option<ArrivalsNote>,
    /// Name of the rule that operations are counted by.
    pub macs_rule: String,
    /// Where the times in `metrics.json` were measured; absent where nothing was measured.
    pub machine: Option<MachineNote>,
    /// Every other file, by name.
    pub files: BTreeMap<String, FileNote>,
}

/// The program that wrote a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramNote {
    /// `unifews`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The graph a bundle was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphNote {
    /// Short name.
    pub name: String,
    /// Where it was read from: a path or `sample:NAME`.
    pub source: String,
    /// SHA-256 of structure and features: `unifews-graph/1`, then counts, row pointers, sources and non-zero features.
    pub sha256: String,
    /// SHA-256 of the labels (u32, little-endian; with several classes per node a byte for each node and class); absent without labels. Labels do not enter the logits.
    pub labels_sha256: Option<String>,
    /// Nodes.
    pub n_nodes: usize,
    /// Directed entries, self-loops included.
    pub n_entries: usize,
    /// Entries from a node to itself among them.
    pub n_self_loops: usize,
    /// Features per node.
    pub n_features: usize,
    /// Names of the classes, in the order of the logits' columns; empty where the graph has none.
    pub class_names: Vec<String>,
    /// Name of the split that was evaluated.
    pub split: String,
    /// Whether the node features were left out on purpose: running the bundle takes the graph.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub features_left_out: bool,
}

/// The model that was pruned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelNote {
    /// For people, for example `GCN 1433-512-7`.
    pub title: String,
    /// SHA-256 of the tensors before pruning: `unifews-model/1`, then name, shape and values of each, by name.
    pub given_sha256: String,
    /// How it was trained, if it says so.
    pub trained_on: Option<TrainedOn>,
    /// The pruned model stored sparse; absent in bundles of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse: Option<SparseNote>,
    /// The pruned model in low precision; absent where the recipe does not ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<LowNote>,
}

/// The pruned model stored sparse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparseNote {
    /// Its file.
    pub file: String,
    /// What weight matrices are stored as; with f32 every bit is that of `model.safetensors`.
    pub values: ValueType,
    /// Bytes of all tensors as 32-bit floats.
    pub dense_bytes: u64,
    /// Bytes of all tensors as stored: dense, bitmask or compressed sparse rows, each the smallest.
    pub sparse_bytes: u64,
    /// The file of entry values in fewer bits; absent where they are 32-bit floats alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_values: Option<String>,
    /// What those are stored as; absent in bundles of earlier versions, which store them as the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<ValueType>,
}

impl SparseNote {
    /// What values of entries are stored as in their file.
    pub(super) fn entries(&self) -> ValueType {
        self.entries.unwrap_or(self.values)
    }
}

/// The pruned model in low precision: weights of the sparse model, values of its file of entries, each where it is not f32.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowNote {
    /// The file of its output.
    pub logits: String,
    /// What is stored as what; embeddings are rounded where they are propagated.
    pub stored_as: StoredAs,
    /// Whether removed entries take part in attention's softmax (the quirk `gat-no-renormalisation`): they are in no file, so that only a replay
    /// on the graph computes this output.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_removed: bool,
}

/// How the edge files are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgesNote {
    /// One per layer or hop, in order of computation.
    pub files: Vec<String>,
    /// `row = target, column = source; row by row, columns ascending`.
    pub order: String,
    /// Whether entries from a node to itself are among the rows.
    pub self_loops_inside: bool,
    /// What a node keeps of itself.
    pub identity: Identity,
    /// What stands on the diagonal.
    pub diagonal: String,
    /// What a plain product with the matrix gives.
    pub meaning: String,
}

/// What a layer computes beside its products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForwardNote {
    /// The family.
    pub family: Family,
    /// Order of the two products in a layer of an iterative family.
    pub order: Order,
    /// What follows the products, in order; nothing of it after the last layer unless `final_activation`.
    pub between_layers: Vec<String>,
    /// ReLU after the last layer too.
    pub final_activation: bool,
    /// Added to the variance under the root of a batch normalisation.
    pub batch_norm_eps: f32,
    /// Where the computation starts: `features` or `embedding`.
    pub starts_from: String,
    /// Decoupled families: how much the features and every hop count in the embedding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hop_weights: Vec<f64>,
    /// Attention: how an entry is scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<AttentionForm>,
    /// Attention: `computed` from the scores of the entries of each file, or `stored` there because removed entries took part in
    /// the softmax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coefficients: Option<String>,
    /// GCNII: share of the first representation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f64>,
    /// GCNII: strength of the transformation of every layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub betas: Vec<f64>,
    /// The network as a list of operations over the tensors of `model.safetensors`; for a decoupled family behind its propagation and
    /// scaler. Absent in bundles of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
}

/// Where times were measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineNote {
    /// Threads that computed.
    pub n_threads: usize,
    /// Model name of the processor, where the system says it.
    pub processor: Option<String>,
    /// Operating system and architecture, for example `linux x86_64`.
    pub system: String,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileNote {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub size_bytes: u64,
}

impl Manifest {
    /// The manifest of a run with the numbers `metrics`, whose files are `files`.
    pub(super) fn new(
        run: &Run,
        metrics: &Metrics,
        (options, stored, new_nodes): (BundleOptions, &Stored, Option<ArrivalsNote>),
        edge_files: Vec<String>,
        files: BTreeMap<String, FileNote>,
    ) -> Self {
        let (dataset, topology) = (&run.dataset, run.dataset.topology());
        let identity = run.recipe.edges.identity;
        let n_self_loops = topology.n_self_loops();
        let is_mass = run.pruned.embedding.is_some();
        Self {
            format: BUNDLE_FORMAT.to_owned(),
            program: ProgramNote {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            graph: GraphNote {
                name: dataset.name().to_owned(),
                source: dataset.source().to_owned(),
                sha256: hash::of_graph(dataset),
                labels_sha256: hash::of_labels(dataset),
                n_nodes: topology.n_nodes(),
                n_entries: topology.n_entries(),
                n_self_loops,
                n_features: dataset.features().width(),
                class_names: dataset.labels().map(|l| l.names.clone()).unwrap_or_default(),
                split: run.split.name.clone(),
                features_left_out: options.without_features,
            },
            model: ModelNote {
                title: run.model.title(),
                given_sha256: hash::of_model(&run.model),
                trained_on: run.model.trained_on.clone(),
                sparse: metrics.size.as_ref().map(|size| SparseNote {
                    file: names::MODEL_SPARSE.to_owned(),
                    values: size.values,
                    dense_bytes: size.model_dense_bytes,
                    sparse_bytes: size.model_sparse_bytes,
                    entry_values: files.contains_key(names::ENTRY_VALUES).then(|| names::ENTRY_VALUES.to_owned()),
                    entries: files.contains_key(names::ENTRY_VALUES).then_some(stored.entries),
                }),
                low: stored.low.as_ref().map(|low| LowNote {
                    logits: names::LOGITS_LOW.to_owned(),
                    stored_as: low.precision.stored_as,
                    needs_removed: counts_removed(&run.recipe),
                }),
            },
            edges: EdgesNote {
                files: edge_files,
                order: "row = target, column = source; row by row, columns ascending".to_owned(),
                self_loops_inside: identity != Identity::SelfLoop || n_self_loops > 0,
                identity,
                diagonal: diagonal(identity).to_owned(),
                meaning: if is_mass {
                    "the union over features of the entries pushed over, with their diffusion weights; pushed_share is the \
                     share of the features. Every feature has a graph of its own: start from embedding.npy"
                } else if run.recipe.model.aggregation == Aggregation::Max {
                    "per column the largest value over the entries of a row is the propagation step, 0 in a row without any; \
                     what entries hold does not count"
                } else {
                    "a plain product with the matrix is the propagation step; sums differ from the program's in rounding \
                     only"
                }
                .to_owned(),
            },
            forward: ForwardNote::new(run),
            new_nodes,
            macs_rule: Macs::RULE.to_owned(),
            machine: run.timing.as_ref().map(|timing| MachineNote::this(timing.n_threads)),
            files,
        }
    }
}

fn diagonal(identity: Identity) -> &'static str {
    match identity {
        Identity::SelfLoop => "T[u,u], the diffusion weight of the self-loop; never removed",
        Identity::Residual => "1: a node keeps itself instead of its self-loop",
        Identity::ResidualLoop => "T[u,u] + 1: a node keeps itself, and its self-loop too",
    }
}

/// Coefficients of attention that a forward computes over the entries that are there.
pub(super) const COMPUTED: &str = "computed";

impl ForwardNote {
    fn new(run: &Run) -> Self {
        let shape = &run.pruned.model.architecture;
        let norm = match shape.norm {
            Norm::None => None,
            Norm::Batch => Some("batch_norm".to_owned()),
            other => Some(other.key()),
        };
        let activation = Some(shape.activation).filter(|a| *a != Activation::None).map(Activation::key);
        // A convolution normalises before the activation, an MLP after it.
        let in_order = if shape.act_first { [activation, norm] } else { [norm, activation] };
        let between_layers = in_order.into_iter().flatten().collect();
        let is_attention = shape.has("attention");
        // Softmax over what is left would not give coefficients that were fitted, nor those of removed entries.
        let has_own_values = run.pruned.masks.edges.values().is_some();
        let is_stored = has_own_values || run.recipe.compat.has(Quirk::GatNoRenormalisation);
        let is_mass = run.recipe.edges.mode == EdgeMode::Mass;
        Self {
            family: shape.architecture,
            order: shape.order,
            between_layers,
            final_activation: shape.final_activation,
            batch_norm_eps: EPS,
            starts_from: if is_mass { "embedding" } else { "features" }.to_owned(),
            hop_weights: if shape.is_decoupled() { shape.hop_weights() } else { Vec::new() },
            attention: is_attention.then_some(shape.attention),
            coefficients: is_attention.then(|| if is_stored { "stored" } else { COMPUTED }.to_owned()),
            alpha: shape.has("theta").then_some(shape.alpha),
            betas: if shape.has("theta") { (0..shape.layers).map(|l| shape.beta(l)).collect() } else { Vec::new() },
            program: Some(run.pruned.model.program().inference()),
        }
    }
}

impl MachineNote {
    /// This machine, computing with `n_threads`.
    pub fn this(n_threads: usize) -> Self {
        Self {
            n_threads,
            processor: processor(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

/// The processor's model name; Linux and Windows say it without a call that could fail loudly.
fn processor() -> Option<String> {
    if let Ok(name) = std::env::var("PROCESSOR_IDENTIFIER") {
        return Some(name);
    }
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
