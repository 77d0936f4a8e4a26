//! Names of tensors as a path: which layer, and which part of it.
//!
//! ```text
//! name   = prefix* layer "." leaf | leaf
//! prefix = "module." | "model." | "_orig_mod." | "net." | …         what wraps a whole network
//! layer  = word "." number     convs.0, layers.1, norms.0
//!        | word number         conv1, bn1, lin_2
//!        | number              0 (torch.nn.Sequential)
//!        | word                lin_in, classifier
//! ```

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::tensors::Tensors;

/// What programs put in front of every name of a network.
const PREFIXES: [&str; 3] = ["module.", "model.", "_orig_mod."];
/// What stands in front where a network is part of another; taken off where every name has it.
const COMMON_PREFIXES: [&str; 9] =
    ["net.", "network.", "gnn.", "backbone.", "encoder.", "gcn.", "gat.", "sage.", "mlp."];

/// The tensors of one layer.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The layer's word, for example `conv`.
    pub(super) stem: String,
    /// Its number, if it has one.
    pub(super) index: Option<usize>,
    /// Its name in the file.
    pub(super) name: String,
    /// Part → tensor, for example `lin.weight`.
    pub(super) leaves: Tensors,
}

/// The most prefixes that are taken off one after another.
const MOST_PREFIXES: usize = 8;

/// Takes wrapping prefixes off the names below `root`; returns the names, each with the one it has in the file, and the prefixes that
/// were there.
pub(super) fn strip_prefixes<'a>(
    names: impl Iterator<Item = &'a str>,
    root: &str,
) -> (BTreeMap<String, String>, Vec<String>) {
    let mut stripped = Vec::new();
    // `torch.compile` wraps any part of a network.
    let bare = |name: &str| name.strip_prefix(root).unwrap_or(name).replace("._orig_mod.", ".");
    let mut names: BTreeMap<String, String> = names.map(|name| (bare(name), name.to_owned())).collect();
    while stripped.len() < MOST_PREFIXES {
        let prefix = PREFIXES.iter().find(|p| {
            let mut with = names.keys().filter(|name| name.starts_with(**p)).peekable();
            // A name that would then stand there twice keeps its prefix, and so do all.
            with.peek().is_some() && with.all(|name| !names.contains_key(&name[p.len()..]))
        });
        let is_common = |p: &&&str| {
            let rests = || names.keys().map(|name| name.strip_prefix(**p).unwrap_or(""));
            // `sage.lin_l.weight` is a layer called sage, `sage.conv1.lin_l.weight` one in a network of that name.
            rests().all(|rest| rest.contains('.')) && rests().any(|rest| split(rest).1.is_some())
        };
        let Some(prefix) = prefix.or_else(|| COMMON_PREFIXES.iter().find(is_common)) else { break };
        let without = |name: String| name.strip_prefix(prefix).map_or_else(|| name.clone(), str::to_owned);
        names = names.into_iter().map(|(name, file)| (without(name), file)).collect();
        stripped.push((*prefix).to_owned());
    }
    (names, stripped)
}

/// The word, number and rest of a name.
fn split(name: &str) -> (String, Option<usize>, usize) {
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None };
    let Some((first, rest)) = name.split_once('.') else { return (String::new(), None, 0) };
    if let Some(index) = number(first) {
        return (String::new(), Some(index), first.len() + 1);
    }
    let word = first.trim_end_matches(|c: char| c.is_ascii_digit());
    if let Some(index) = number(&first[word.len()..]).filter(|_| word.len() < first.len()) {
        return (word.trim_end_matches('_').to_owned(), Some(index), first.len() + 1);
    }
    if let Some((second, _)) = rest.split_once('.')
        && let Some(index) = number(second)
    {
        return (first.to_owned(), Some(index), first.len() + second.len() + 2);
    }
    (first.to_owned(), None, first.len() + 1)
}

/// The layers, by word and number; what belongs to none has the empty word and no number. `files` has the name of every tensor in
/// the file, which is what errors and reports say.
pub(super) fn blocks(tensors: Tensors, files: &BTreeMap<String, String>) -> Vec<Block> {
    let mut blocks: BTreeMap<(String, Option<usize>), Block> = BTreeMap::new();
    for (name, tensor) in tensors {
        let (stem, index, at) = split(&name);
        let key = (stem.clone(), index);
        let leaf = &name[at..];
        let block = blocks.entry(key).or_insert_with(|| {
            let file = files.get(&name).unwrap_or(&name);
            let layer = file.strip_suffix(leaf).and_then(|layer| layer.strip_suffix('.'));
            let layer = layer.unwrap_or_else(|| &name[..at.saturating_sub(1)]).to_owned();
            Block { stem, index, name: layer, leaves: BTreeMap::new() }
        });
        block.leaves.insert(leaf.to_owned(), tensor);
    }
    let mut blocks: Vec<Block> = blocks.into_values().collect();
    blocks.iter_mut().filter(|block| block.index.is_some() || !block.stem.is_empty()).for_each(unwrap_leaves);
    blocks
}

/// What may wrap a whole layer.
pub(super) const WRAPPERS: [&str; 4] = ["module.", "conv.", "layer.", "gnn."];

/// Takes off what wraps the whole layer: PyG's normalisations have a `module`, own layers a `conv`.
fn unwrap_leaves(block: &mut Block) {
    for wrapper in WRAPPERS {
        if block.leaves.keys().all(|leaf| leaf.starts_with(wrapper)) {
            let leaves = std::mem::take(&mut block.leaves);
            block.leaves =
                leaves.into_iter().map(|(leaf, tensor)| (leaf[wrapper.len()..].to_owned(), tensor)).collect();
            block.name = format!("{}.{}", block.name, &wrapper[..wrapper.len() - 1]);
        }
    }
}

/// The parts of a nested network, such as the MLP of a GIN layer, without what they share. `name` is that of the layer it lies in,
/// `prefix` what stood in front of every leaf.
pub(super) fn inner_blocks(leaves: Tensors, name: &str, prefix: &str) -> Vec<Block> {
    // What all names share are whole parts of the first one, as long as something with a point is left behind them.
    let first = leaves.keys().next().cloned().unwrap_or_default();
    let shared = leaves.keys().map(|leaf| {
        let n_common = leaf.bytes().zip(first.bytes()).take_while(|(a, b)| a == b).count();
        let within = leaf.rfind('.').map_or(0, |last| n_common.min(last));
        leaf.as_bytes()[..within].iter().rposition(|byte| *byte == b'.').map_or(0, |at| at + 1)
    });
    let shared = shared.min().unwrap_or(0);
    let files = leaves.keys().map(|leaf| (leaf[shared..].to_owned(), format!("{name}.{prefix}{leaf}"))).collect();
    blocks(leaves.into_iter().map(|(leaf, t)| (leaf[shared..].to_owned(), t)).collect(), &files)
}

/// Where a word says that its layer stands: first, between, last.
pub(super) fn rank(stem: &str) -> u8 {
    let words: Vec<&str> = stem.split('_').collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    if has(&["in", "input", "first", "embed", "embedding"]) {
        0
    } else if has(&["out", "output", "last", "final", "classifier", "cls", "pred", "head"]) {
        2
    } else {
        1
    }
}

/// Whether a word names a linear layer: its `weight` is `[out, in]`.
pub(super) fn is_linear(stem: &str) -> bool {
    let words = ["lin", "fc", "mlp", "dense", "ff", "proj", "classifier", "head", "out", "pred", "skip", "shortcut"];
    stem.is_empty() || stem.split('_').any(|word| words.iter().any(|w| word.starts_with(w)))
}

/// Whether a word names a convolution: its bare `weight` is `[in, out]`.
pub(super) fn is_convolution(stem: &str) -> bool {
    let words = ["conv", "gcn", "gc", "graph", "gnn", "layer", "hidden", "sage", "gat"];
    !is_linear(stem) && words.iter().any(|w| stem.contains(w))
}

/// Whether a name is that of a convolution's own matrix, `[in, out]`.
pub(super) fn has_bare_matrix(name: &str) -> bool {
    let (stem, _, at) = split(name);
    matches!(&name[at..], "weight1" | "weight2") || (&name[at..] == "weight" && is_convolution(&stem))
}

/// A tensor's rank; for telling a matrix from a vector, never which way a matrix lies.
pub(super) fn n_axes(tensors: &Tensors, leaf: &str) -> usize {
    tensors.get(leaf).map_or(0, ArrayD::ndim)
}

/// Whether a part's name says that it is an activation.
pub(super) fn says_activation(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split('.').any(|part| part.contains("relu") || part.starts_with("act"))
}

/// Whether a part's name says that it is a loss or a metric.
pub(super) fn says_loss(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_word = |word: &str| matches!(word, "ce" | "bce" | "nll" | "crit" | "metric" | "metrics" | "objective");
    lower.contains("loss") || lower.contains("criterion") || lower.split(['.', '_']).any(is_word)
}
