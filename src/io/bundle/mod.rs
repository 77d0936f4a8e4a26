//! The export: a pruned model that other programs run (`unifews-bundle/2`). A folder, or the same files as one `.zip`.
//!
//! | file | content |
//! | --- | --- |
//! | `manifest.json` | [`Manifest`]: format, program, graph, model, how edges are ordered, the operations of the network, machine, SHA-256 of every other file |
//! | `recipe.toml` | the recipe, complete, as used |
//! | `model.safetensors` | kept weights, zeros where removed; PyTorch names and orientation |
//! | `model_sparse.safetensors` | the same stored sparse (`unifews-sparse-model/1`), weight matrices as f32, bf16 or f16; or int8 with a scale of every output (`/2`) |
//! | `entry_values.safetensors` | values of entries in fewer bits, as `[precision]` asks, or fitted ones in those of the sparse model; int8 with a scale of every row |
//! | `masks.safetensors` | `<parameter name>`: U8, 1 = kept, shape of the parameter |
//! | `edges/layer_00.npz` … | SciPy CSR, n × n, row = target: the matrix that layer or hop multiplies with |
//! | `new_nodes.safetensors` | what decides of nodes that arrive (`unifews-new-nodes/1`), for recipes with `nodes_are = "new"` with the unpruned matrices; absent where nothing can decide, or that was asked for |
//! | `features.npz` or `features.npy` | the node features the logits were computed from; left out where that is asked for |
//! | `embedding.npy` | mass mode only: the propagated features, since no single graph reproduces them |
//! | `logits.npy`, `predictions.csv` | the output, and what it says about every node |
//! | `logits_low.npy` | the output in low precision; only where `[precision]` or `[propagation]` asks for it |
//! | `metrics.json` | [`Metrics`]: counts, thresholds, norms, operations, times, scores, bounds |
//! | `load_bundle.py`, `README.md` | for the engineer who receives this |
//!
//! The values of the edge files are those of the diffusion matrix, with the identity form put on the diagonal: plain sparse
//! products over them give what the layer or hop computes. What is never here: deciding masks, or computing logits other
//! than through [`crate::engine::experiment::masked_forward`].

mod archive;
mod arrays;
mod client;
mod contents;
mod copy;
mod entry_values;
pub(in crate::io) mod hash;
mod low;
mod manifest;
mod matrix;
mod metrics;
mod names;
mod new_nodes;
mod options;
mod predictions;
mod read;
mod replay;
mod requests;
mod size;
mod stored;
mod supplements;
mod write;

pub(crate) use arrays::step_npz;
pub use contents::{PlannedFile, PlannedSize, contents};
pub(crate) use copy::each_file;
pub(crate) use hash::hash_of_given;
pub use low::LowMetrics;
pub use manifest::{
    BUNDLE_FORMAT, BUNDLE_FORMAT_1, EdgesNote, FileNote, ForwardNote, GraphNote, LowNote, MachineNote, Manifest,
    ModelNote, ProgramNote, SparseNote,
};
pub use matrix::StepMatrix;
pub(crate) use matrix::mask_of;
pub use metrics::{
    BoundMetrics, ChannelMetrics, EdgeMetrics, METRICS_FORMAT, Metrics, NewNodesMetrics, PartMetrics, RowMetrics,
    SampleMetrics, Scores, StepMetrics, TimingMetrics, Totals, WeightMetrics,
};
pub use new_nodes::ArrivalsNote;
pub use options::BundleOptions;
pub(crate) use predictions::{margin, predictions_of};
pub use read::{Bundle, read_bundle};
pub(crate) use read::{masks_from_bytes, matrix_from_npz};
pub(crate) use replay::check_graph;
pub use replay::{LowReplay, ReplayReport, SparseReplay, graph_of, replay};
pub use requests::{RequestMetrics, RequestSide};
pub use size::{GraphSizeMetrics, RoundingMetrics, SizeMetrics, TensorMetrics};
pub use supplements::Supplements;
pub(crate) use write::encode_masks;
pub use write::{BundleReport, BundleWriter, write_bundle, write_bundle_as};
