//! What a bundle of a run will hold, file by file, before it is written.

use super::options::BundleOptions;
use super::{client, names, new_nodes};
use crate::engine::experiment::{Encoding, Run, ValueType};
use crate::engine::graph::Features;
use crate::engine::sparsify::Identity;
use crate::io::recipe::recipe_to_toml;

/// A file that will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// Its name in the bundle.
    pub name: String,
    /// What it holds, for people.
    pub says: String,
    /// Its size.
    pub size: PlannedSize,
}

/// How large a file will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedSize {
    /// No larger than this, bytes.
    AtMost(u64),
    /// About this, bytes.
    About(u64),
}

impl PlannedSize {
    /// The number, bytes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::AtMost(bytes) | Self::About(bytes) => bytes,
        }
    }
}

/// Bytes that a header, an archive's directory or a line of metadata may take.
const HEADER: u64 = 2_048;
/// Ids that are looked at to guess the length of all.
const N_SAMPLED: usize = 1_000;

/// Every file that [`super::BundleWriter::write`] writes, by counts alone: nothing is computed that grows with the graph.
pub fn contents(run: &Run, options: BundleOptions) -> Vec<PlannedFile> {
    use PlannedSize::{About, AtMost};
    let mut files = Vec::new();
    let mut add = |name: &str, says: String, size| files.push(PlannedFile { name: name.to_owned(), says, size });
    let (dataset, n) = (&run.dataset, run.dataset.n_nodes() as u64);
    let tensors = &run.size.tensors;
    let headers = HEADER + 256 * tensors.len() as u64;

    let says = "kept weights, zeros where removed; PyTorch names";
    add(names::MODEL, says.to_owned(), AtMost(run.size.dense_bytes() + headers));
    let weights = options.weights_of(&run.recipe);
    let says = format!("the same stored sparse, weights as {}", weights.key());
    add(names::MODEL_SPARSE, says, sparse_size(run, weights, 2 * headers));
    let n_weights: u64 = run.pruned.masks.weights.iter().map(|w| w.len() as u64).sum();
    add(names::MASKS, "1 = kept, same shapes".to_owned(), AtMost(n_weights + headers));

    let values = options.entries_of(run);
    if values != ValueType::F32 {
        let of_steps = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()).map(|edges| {
            let heads = edges.coefficients.as_ref().map_or(1, |c| c.ncols()) as u64;
            let entries = edges.n_after as u64 + if run.recipe.edges.identity == Identity::SelfLoop { 0 } else { n };
            let scales = if values == ValueType::Int8 { 4 * n } else { 0 };
            heads * (values.n_bytes() * entries + scales)
        });
        let says = format!("values of entries as {}", values.key());
        add(names::ENTRY_VALUES, says, AtMost(of_steps.sum::<u64>() + headers));
    }

    let steps = run.pruned.steps.iter().filter_map(|s| Some((s.title(), s.edges.as_ref()?)));
    let n_heads =
        run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()?.coefficients.as_ref()).map(|c| c.ncols()).max();
    let adds_diagonal = run.recipe.edges.identity != Identity::SelfLoop;
    for (step, (title, edges)) in steps.enumerate() {
        let entries = edges.n_after as u64 + if adds_diagonal { n } else { 0 };
        let per_entry = 8 + 4 * n_heads.unwrap_or(0) as u64 + if edges.pushed_share.is_some() { 4 } else { 0 };
        let bytes = entries * per_entry + 4 * (n + 1);
        let says = format!("{title}: SciPy CSR of the kept entries");
        add(&names::edges(step), says, AtMost(bytes + bytes / 500 + HEADER));
    }
    if !options.without_new_nodes && new_nodes::has_rule(run) {
        let is_for_new = run.pruned.arrivals.is_some();
        let (more, bytes) = if is_for_new {
            (", with the unpruned matrices", run.size.dense_bytes() + 8 * n + headers)
        } else {
            ("", 0)
        };
        let says = format!("what decides of nodes that arrive{more}");
        add(names::NEW_NODES, says, AtMost(bytes + 8 * n + HEADER));
    }
    if !options.without_features {
        let (name, bytes) = match dataset.features() {
            Features::Dense(x) => (names::FEATURES_DENSE, 4 * x.len() as u64),
            Features::Sparse(x) => (names::FEATURES_SPARSE, 8 * x.nnz() as u64 + 4 * (n + 1)),
        };
        let says = "the node features of the graph".to_owned();
        add(name, says, AtMost(bytes + bytes / 500 + HEADER));
    }
    if let Some(embedding) = &run.pruned.embedding {
        let says = "the features propagated over the graph, which the model starts from".to_owned();
        add(names::EMBEDDING, says, AtMost(4 * embedding.len() as u64 + HEADER));
    }
    let logits = AtMost(4 * run.pruned.logits.len() as u64 + HEADER);
    add(names::LOGITS, "output of the pruned model".to_owned(), logits);
    if let Some(stored_as) = run.recipe.stored_as() {
        add(names::LOGITS_LOW, format!("the same in low precision: {stored_as}"), logits);
    }
    let says = "node, label, class before and after, margin".to_owned();
    let class_names = dataset.labels().filter(|labels| labels.tags().is_none()).map_or(&[][..], |labels| &labels.names);
    let name_bytes =
        class_names.iter().map(|name| name.len() as u64 + 1).sum::<u64>() / class_names.len().max(1) as u64;
    add(names::PREDICTIONS, says, About(n * (id_bytes(run) + 18 + 3 * name_bytes)));
    let n_steps = run.pruned.steps.len() as u64;
    let says = "all numbers of the run".to_owned();
    // Every timed pass stands in it, four numbers each, one to a line.
    let timed = run.timing.as_ref().map_or(0, |timing| {
        let requests = timing.requests.iter().map(|requests| 800 + 2 * 24 * requests.samples.n_turns() as u64);
        4 * 21 * timing.samples.n_turns() as u64 + requests.sum::<u64>()
    });
    add(names::METRICS, says, About(3_000 + 1_400 * n_steps + 300 * tensors.len() as u64 + timed));
    let recipe = recipe_to_toml(&run.recipe).len() as u64;
    add(names::RECIPE, "the complete recipe".to_owned(), AtMost(recipe));
    let script = client::LOAD_BUNDLE_PY.len() as u64;
    add(names::CLIENT, "runs the bundle with numpy and scipy".to_owned(), AtMost(script));
    let is_recovered = u64::from(run.recipe.recovery.is_some());
    add(names::README, "for whoever receives this".to_owned(), About(2_600 + 150 * n_steps + 400 * is_recovered));
    let class_names: u64 = dataset.labels().map_or(0, |l| l.names.iter().map(|name| name.len() as u64 + 10).sum());
    let n_files = files.len() as u64;
    let says = "how everything is ordered, and the hash of every file".to_owned();
    let n_instructions = run.pruned.model.program().instructions.len() as u64;
    let size = About(2_600 + 150 * n_files + 180 * n_instructions + class_names);
    files.push(PlannedFile { name: names::MANIFEST.to_owned(), says, size });
    files
}

/// Exact for f32; rounding may only leave fewer values to store, but a matrix beyond the range of f16 stays f32.
fn sparse_size(run: &Run, values: ValueType, headers: u64) -> PlannedSize {
    if values == ValueType::F32 {
        return PlannedSize::AtMost(run.size.sparse_bytes() + headers);
    }
    let weights = run.pruned.model.parameters.iter().filter(|p| p.is_matrix()).map(|p| p.name.as_str());
    let weights: std::collections::BTreeSet<&str> = weights.collect();
    let bytes = run.size.tensors.iter().map(|t| {
        let is_weight = weights.contains(t.name.as_str());
        // Outputs, which have scales, lie along either axis.
        let scales = if values == ValueType::Int8 { 4 * t.shape.iter().copied().max().unwrap_or(0) as u64 } else { 0 };
        if is_weight { Encoding::smallest(&t.shape, t.n_stored, values).1 + scales } else { t.sparse_bytes }
    });
    PlannedSize::About(bytes.sum::<u64>() + headers / 2)
}

/// Letters of a node's id, in the mean over some.
fn id_bytes(run: &Run) -> u64 {
    let n = run.dataset.n_nodes();
    let step = n.div_ceil(N_SAMPLED).max(1);
    let lengths = (0..n).step_by(step).map(|u| run.dataset.node_id(u).len() as u64);
    let (n, sum) = lengths.fold((0u64, 0u64), |(n, sum), length| (n + 1, sum + length));
    sum / n.max(1) + 1
}
