//! SHA-256 of graphs and models as values, wherever they were read from.

use sha2::{Digest as _, Sha256};

use crate::engine::graph::{Dataset, Features};
use crate::engine::model::Model;
use crate::io::reading;
use crate::io::sha256::hexadecimal;
pub(super) use crate::io::sha256::of_bytes;

/// SHA-256 of structure, edge weights and features.
///
/// The hashed bytes, all little-endian: `unifews-graph/1` and a line feed; number of nodes, entries and features (u64);
/// the row pointers (u64); the source of every entry (u32); for a graph with edge weights, `weights` and a line feed and the
/// bits of every weight (u32); then row by row the non-zero features as column (u32) and bits
/// (u32), each row behind its count (u64). Dense and sparse storage of the same features give the same hash.
pub(in crate::io) fn of_graph(dataset: &Dataset) -> String {
    let topology = dataset.topology();
    let mut hash = Sha256::new();
    hash.update(b"unifews-graph/1\n");
    for count in [topology.n_nodes(), topology.n_entries(), dataset.features().width()] {
        hash.update((count as u64).to_le_bytes());
    }
    let mut block = Block::new(&mut hash);
    topology.indptr().iter().for_each(|v| block.add(&(*v as u64).to_le_bytes()));
    topology.indices().iter().for_each(|v| block.add(&v.to_le_bytes()));
    if let Some(weights) = dataset.edge_weights() {
        block.add(b"weights\n");
        for w in weights {
            block.add(&w.to_bits().to_le_bytes());
        }
    }
    let mut row = Vec::new();
    let mut add_row = |values: &mut dyn Iterator<Item = (u32, f32)>| {
        row.clear();
        row.extend(values.filter(|(_, value)| *value != 0.0));
        block.add(&(row.len() as u64).to_le_bytes());
        for (column, value) in &row {
            block.add(&column.to_le_bytes());
            block.add(&value.to_bits().to_le_bytes());
        }
    };
    match dataset.features() {
        Features::Dense(x) => {
            x.rows().into_iter().for_each(|r| add_row(&mut (0u32..).zip(r.iter().copied())));
        }
        Features::Sparse(x) => {
            x.outer_iterator().for_each(|r| add_row(&mut r.iter().map(|(column, value)| (column as u32, *value))));
        }
    }
    block.finish();
    hexadecimal(&hash.finalize())
}

/// SHA-256 of the labels, u32 little-endian, `0xffffffff` where there is none; with several classes per node one byte for every
/// node and class.
pub(in crate::io) fn of_labels(dataset: &Dataset) -> Option<String> {
    let labels = dataset.labels()?;
    let bytes: Vec<u8> = match labels.tags() {
        Some(tags) => tags.iter().map(|tag| u8::from(*tag)).collect(),
        None => labels.classes().iter().flat_map(|class| class.to_le_bytes()).collect(),
    };
    Some(of_bytes(&bytes))
}

/// What a bundle says its unpruned model is by.
pub(crate) fn hash_of_given(model: &Model) -> String {
    of_model(model)
}

/// SHA-256 of a model's tensors, in the order of their PyTorch names.
///
/// For every tensor: its name and a line feed, the number of its dimensions and each of them (u64), its values' bits (u32).
pub(in crate::io) fn of_model(model: &Model) -> String {
    let mut hash = Sha256::new();
    hash.update(b"unifews-model/1\n");
    for (name, tensor) in model.state_dict() {
        hash.update(name.as_bytes());
        hash.update(b"\n");
        hash.update((tensor.ndim() as u64).to_le_bytes());
        tensor.shape().iter().for_each(|d| hash.update((*d as u64).to_le_bytes()));
        let mut block = Block::new(&mut hash);
        tensor.iter().for_each(|v| block.add(&v.to_bits().to_le_bytes()));
        block.finish();
    }
    hexadecimal(&hash.finalize())
}

/// Collects small pieces, so that the hash is fed in long runs.
struct Block<'a> {
    hash: &'a mut Sha256,
    bytes: Vec<u8>,
}

impl<'a> Block<'a> {
    const SIZE: usize = 1 << 16;

    fn new(hash: &'a mut Sha256) -> Self {
        Self { hash, bytes: Vec::with_capacity(Self::SIZE + 8) }
    }

    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() >= Self::SIZE {
            if !reading::is_stopped() {
                self.hash.update(&self.bytes);
            }
            self.bytes.clear();
        }
    }

    fn finish(self) {
        self.hash.update(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{DatasetParts, Direction, Labels, SelfLoops, Topology};

    fn graph(features: Features) -> Dataset {
        let (topology, _) =
            Topology::from_edges(3, &[(0, 1), (1, 2)], Direction::Symmetrised, SelfLoops::Added).expect("valid pairs");
        Dataset::try_new(DatasetParts {
            name: "three".into(),
            source: "test".into(),
            topology,
            features,
            labels: Some(Labels::new(vec![0, 1, 1])),
            splits: Vec::new(),
            node_ids: None,
            edge_weights: None,
        })
        .expect("parts that fit")
    }

    #[test]
    fn storage_does_not_change_a_graphs_hash_and_content_does() {
        let mut x = ndarray::Array2::zeros((3, 9));
        x[[1, 4]] = 2.5;
        let sparse = graph(Features::from_dense(x.clone()));
        assert!(matches!(sparse.features(), Features::Sparse(_)), "few values are kept sparse");
        let dense = graph(Features::Dense(x.clone()));
        assert_eq!(of_graph(&sparse), of_graph(&dense));
        x[[2, 4]] = 1.0;
        assert_ne!(of_graph(&graph(Features::Dense(x))), of_graph(&dense));
    }
}
