//! The graph as it was before the others came: known nodes, the entries between them, and matrices that know of no others.

use super::{Dataset, DatasetParts, Split, Topology};
use crate::engine::error::EngineError;

/// The known part of a graph.
pub(crate) struct Known {
    /// The known nodes in ascending order, with the entries between them.
    pub(crate) dataset: Dataset,
    /// The split within it: nobody is tested.
    pub(crate) split: Split,
    /// Of every node of the whole graph whether it is known.
    pub(crate) contains: Vec<bool>,
    /// Which nodes of the whole graph these are.
    pub(crate) nodes: Vec<u32>,
    /// Which entries of the whole graph these are.
    entries: Vec<usize>,
}

impl Known {
    /// All nodes but the test nodes of `split`.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] where that leaves none.
    pub(crate) fn of(dataset: &Dataset, split: &Split) -> Result<Self, EngineError> {
        let topology = dataset.topology();
        let mut is_known = vec![true; dataset.n_nodes()];
        split.test.iter().for_each(|u| is_known[*u as usize] = false);
        let nodes: Vec<u32> = (0..dataset.n_nodes() as u32).filter(|u| is_known[*u as usize]).collect();
        if nodes.is_empty() {
            let expected = "a split with nodes beside its test nodes: those are known, the test nodes arrive later";
            return Err(EngineError::mismatch("nodes that arrive later", expected, "test nodes alone"));
        }
        let mut position = vec![u32::MAX; dataset.n_nodes()];
        nodes.iter().enumerate().for_each(|(at, u)| position[*u as usize] = at as u32);
        let (mut indptr, mut indices, mut entries) = (vec![0], Vec::new(), Vec::new());
        for u in &nodes {
            for k in topology.row_range(*u as usize) {
                let v = topology.indices()[k] as usize;
                if is_known[v] {
                    indices.push(position[v]);
                    entries.push(k);
                }
            }
            indptr.push(indices.len());
        }
        let within = |split: &Split| {
            let part = |nodes: &[u32]| -> Vec<u32> {
                nodes.iter().map(|u| position[*u as usize]).filter(|at| *at != u32::MAX).collect()
            };
            let (train, val, test) = (part(&split.train), part(&split.val), part(&split.test));
            Split { name: split.name.clone(), train, val, test }
        };
        let part = Dataset::try_new(DatasetParts {
            name: dataset.name().to_owned(),
            source: dataset.source().to_owned(),
            topology: Topology::try_new(indptr, indices)?,
            edge_weights: dataset.edge_weights().map(|weights| entries.iter().map(|k| weights[*k]).collect()),
            features: dataset.features().select(&nodes),
            labels: dataset.labels().map(|labels| labels.select(&nodes)),
            splits: dataset.splits().iter().map(within).collect(),
            node_ids: None,
        })?;
        Ok(Self { dataset: part, split: within(split), contains: is_known, nodes, entries })
    }

    /// Of flags for every entry of the whole graph, those of the entries here; step by step.
    pub(crate) fn part(&self, kept: &[Vec<bool>]) -> Vec<Vec<bool>> {
        kept.iter().map(|of_step| self.entries.iter().map(|k| of_step[*k]).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, Features, Labels, SelfLoops};
    use ndarray::Array2;

    #[test]
    fn the_known_part_has_the_entries_between_known_nodes_and_its_own_degrees() {
        let pairs = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)];
        let (topology, _) = Topology::from_edges(5, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("pairs");
        let weights: Vec<f32> = (0..topology.n_entries()).map(|k| 1.0 + k as f32).collect();
        let split = Split { name: "s".into(), train: vec![0], val: vec![4, 2], test: vec![1] };
        let dataset = Dataset::try_new(DatasetParts {
            name: "ring".into(),
            source: "test".into(),
            topology,
            edge_weights: Some(weights.clone()),
            features: Features::Dense(Array2::from_shape_fn((5, 2), |(i, j)| (2 * i + j) as f32)),
            labels: Some(Labels::new(vec![0, 2, 1, Labels::UNLABELLED, 1])),
            splits: vec![split.clone()],
            node_ids: None,
        })
        .expect("valid");
        let known = Known::of(&dataset, &split).expect("four nodes");
        assert_eq!(known.nodes, [0, 2, 3, 4]);
        let found: Vec<(u32, u32)> = known
            .dataset
            .topology()
            .entries()
            .map(|(u, v)| (known.nodes[u as usize], known.nodes[v as usize]))
            .collect();
        let all: Vec<(u32, u32)> = dataset.topology().entries().collect();
        let expected: Vec<(u32, u32)> = all.iter().copied().filter(|(u, v)| *u != 1 && *v != 1).collect();
        assert_eq!(found, expected);
        let of_entries = |at: usize| weights[all.iter().position(|e| *e == expected[at]).expect("there")];
        let ours = known.dataset.edge_weights().expect("weights");
        assert!((0..expected.len()).all(|at| ours[at].to_bits() == of_entries(at).to_bits()));
        let labels = known.dataset.labels().expect("labels");
        assert_eq!(labels.classes(), [0, 1, Labels::UNLABELLED, 1]);
        assert_eq!(labels.n_classes(), 3, "a class that no known node has is one of the model's all the same");
        assert_eq!((known.split.train, known.split.val, known.split.test), (vec![0], vec![3, 1], vec![]));
        let alone = Split { test: vec![0, 1, 2, 3, 4], ..Split::default() };
        let error = Known::of(&dataset, &alone).err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "nodes that arrive later: expected a split with nodes beside its test nodes: those are known, the test nodes arrive later, \
                 found test nodes alone"
            )
        );
    }
}
