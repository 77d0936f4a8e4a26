//! In which order nodes stand along the axes of a heatmap: a permutation, and the groups that it puts side by side.
//!
//! A matrix in file order looks like noise; ordered by class, degree or community it shows what a graph is made of.

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::ordering::{by_degree, communities};
use crate::engine::graph::{Dataset, Labels, Permutation};

/// How nodes are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeOrder {
    /// By class, unlabelled nodes last; within a class by falling degree. By degree alone where there are no labels.
    #[default]
    Class,
    /// By falling degree.
    Degree,
    /// By community, the largest first; within a community by falling degree.
    Community,
    /// As the file has them.
    Original,
}

impl NodeOrder {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Class, Self::Degree, Self::Community, Self::Original];

    /// For a picker, for example `by class`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Class => "by class",
            Self::Degree => "by degree",
            Self::Community => "by community",
            Self::Original => "as in the file",
        }
    }
}

/// Positions side by side whose nodes belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGroup {
    /// The class or community; `None` for nodes without a class.
    pub idx: Option<usize>,
    /// Human-readable, for example `class 3`.
    pub name: String,
    /// First position.
    pub start: usize,
    /// One past the last position.
    pub end: usize,
}

/// The nodes in an order, and what belongs together in it.
///
/// # Invariants
/// Groups cover all positions in order, or there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    nodes: Permutation,
    groups: Vec<NodeGroup>,
}

impl Ordering {
    /// Orders the nodes of `dataset`; `seed` decides the order in which label propagation visits them.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(nodes log nodes); for communities O(entries) in each of at most 20 rounds.
    pub fn new(dataset: &Dataset, by: NodeOrder, seed: u64, ctl: &Control) -> Result<Self, EngineError> {
        let topology = dataset.topology();
        let n = topology.n_nodes() as u32;
        let by_degree = |u: &u32| by_degree(topology, *u);
        let mut order: Vec<u32> = (0..n).collect();
        let groups = match (by, dataset.labels()) {
            (NodeOrder::Original, _) => Vec::new(),
            (NodeOrder::Degree, _) | (NodeOrder::Class, None) => {
                order.sort_unstable_by_key(by_degree);
                Vec::new()
            }
            (NodeOrder::Class, Some(labels)) => {
                // UNLABELLED is the largest number, so those nodes come last.
                order.sort_unstable_by_key(|u| (labels.classes()[*u as usize], by_degree(u)));
                groups_of(&order, labels.classes(), |class| match (class, labels.names.get(class as usize)) {
                    (Labels::UNLABELLED, _) => "no class".to_owned(),
                    (_, Some(name)) => name.clone(),
                    _ => format!("class {class}"),
                })
            }
            (NodeOrder::Community, _) => {
                let communities = communities(topology, seed, ctl)?;
                order.sort_unstable_by_key(|u| (communities[*u as usize], by_degree(u)));
                groups_of(&order, &communities, |c| format!("community {}", c + 1))
            }
        };
        Ok(Self { nodes: Permutation::trusted(order), groups })
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.order().len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.order().is_empty()
    }

    /// The node at every position.
    pub fn order(&self) -> &[u32] {
        self.nodes.order()
    }

    /// The position of every node.
    pub fn position(&self) -> &[u32] {
        self.nodes.position()
    }

    /// Nodes that belong together, in order; empty where the order knows no groups.
    pub fn groups(&self) -> &[NodeGroup] {
        &self.groups
    }

    /// The group at a position.
    pub fn group_at(&self, position: usize) -> Option<&NodeGroup> {
        let at = self.groups.partition_point(|g| g.end <= position);
        self.groups.get(at).filter(|g| g.start <= position)
    }
}

fn groups_of(order: &[u32], key: &[u32], name: impl Fn(u32) -> String) -> Vec<NodeGroup> {
    let mut groups = Vec::<NodeGroup>::new();
    let mut last = None;
    for (at, &u) in order.iter().enumerate() {
        let key = key[u as usize];
        if last != Some(key) {
            last = Some(key);
            let idx = (key != Labels::UNLABELLED).then_some(key as usize);
            groups.push(NodeGroup { idx, name: name(key), start: at, end: at });
        }
        if let Some(group) = groups.last_mut() {
            group.end = at + 1;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{DatasetParts, Direction, Features, SelfLoops, Topology};
    use ndarray::Array2;

    /// Two triangles joined by one edge, a class for each, one node of the second without a class.
    fn triangles(with_labels: bool) -> Dataset {
        let pairs = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3)];
        let (topology, _) =
            Topology::from_edges(6, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("valid pairs");
        Dataset::try_new(DatasetParts {
            name: "triangles".into(),
            source: "test".into(),
            topology,
            features: Features::from_dense(Array2::ones((6, 1))),
            labels: with_labels.then(|| Labels::new(vec![1, 1, 1, 0, 0, Labels::UNLABELLED])),
            splits: Vec::new(),
            node_ids: None,
            edge_weights: None,
        })
        .expect("parts that fit")
    }

    fn ordering(by: NodeOrder, with_labels: bool) -> Ordering {
        let ctl = Control::new(1).expect("workers");
        Ordering::new(&triangles(with_labels), by, 1, &ctl).expect("not cancelled")
    }

    #[test]
    fn every_order_is_a_permutation_and_its_groups_cover_it() {
        for by in NodeOrder::ALL {
            for with_labels in [false, true] {
                let ordering = ordering(by, with_labels);
                for (at, &u) in ordering.order().iter().enumerate() {
                    assert_eq!(ordering.position()[u as usize] as usize, at, "{by:?}");
                }
                let mut next = 0;
                for group in ordering.groups() {
                    assert_eq!(group.start, next, "{by:?}");
                    next = group.end;
                    assert_eq!(ordering.group_at(group.start), Some(group));
                    assert_eq!(ordering.group_at(group.end - 1), Some(group));
                }
                assert!(next == 6 || ordering.groups().is_empty(), "{by:?}");
            }
        }
    }

    #[test]
    fn classes_then_degrees_decide_the_order() {
        let ordering = ordering(NodeOrder::Class, true);
        assert_eq!(ordering.order(), [3, 4, 0, 1, 2, 5]);
        let names: Vec<&str> = ordering.groups().iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["class 0", "class 1", "no class"]);
    }

    #[test]
    fn cliques_are_communities_whatever_the_threads() {
        let clique = |from: u32| (0..8u32).flat_map(move |a| (0..a).map(move |b| (from + a, from + b)));
        let pairs: Vec<(u32, u32)> = clique(0).chain(clique(8)).chain([(0, 8)]).collect();
        let (topology, _) =
            Topology::from_edges(16, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("valid pairs");
        let dataset = Dataset::try_new(DatasetParts {
            topology,
            features: Features::from_dense(Array2::ones((16, 1))),
            labels: None,
            ..triangles(false).to_parts()
        })
        .expect("parts that fit");
        let order = |threads: usize| {
            let ctl = Control::new(threads).expect("workers");
            Ordering::new(&dataset, NodeOrder::Community, 1, &ctl).expect("not cancelled")
        };
        let one = order(1);
        assert_eq!(one.groups().len(), 2, "{one:?}");
        let side = one.order()[0] / 8;
        assert!(one.order()[..8].iter().all(|u| u / 8 == side), "{one:?}");
        assert_eq!(one, order(4));
    }
}
