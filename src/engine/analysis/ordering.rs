//! In which order nodes stand along the axes of a heatmap: a permutation, and the groups that it puts side by side.
//!
//! A matrix in file order looks like noise; ordered by class, degree or community it shows what a graph is made of.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Labels, Topology};

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
    /// For people, for example `class 3`.
    pub name: String,
    /// First position.
    pub start: usize,
    /// One past the last position.
    pub end: usize,
}

/// A permutation of the nodes.
///
/// # Invariants
/// `position[order[p]] == p` for every position `p`; groups cover all positions in order, or there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordering {
    order: Vec<u32>,
    position: Vec<u32>,
    groups: Vec<NodeGroup>,
}

/// Label propagation settles on most graphs within a handful of rounds; more would not change the picture.
const MAX_ROUNDS: usize = 20;

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
        let by_degree = |u: &u32| (std::cmp::Reverse(topology.degree(*u as usize)), *u);
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
        let mut position = vec![0; order.len()];
        for (at, &u) in order.iter().enumerate() {
            position[u as usize] = at as u32;
        }
        Ok(Self { order, position, groups })
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The node at every position.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The position of every node.
    pub fn position(&self) -> &[u32] {
        &self.position
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

/// The community of every node, 0 being the largest: every node takes the label most of its neighbours have, until nothing
/// changes. In a draw it keeps its own, else the seed decides; a fixed rule would let one label flood the graph.
fn communities(topology: &Topology, seed: u64, ctl: &Control) -> Result<Vec<u32>, EngineError> {
    let n = topology.n_nodes();
    let mut label: Vec<u32> = (0..n as u32).collect();
    let mut visit = label.clone();
    let mut rng = StdRng::seed_from_u64(seed);
    visit.shuffle(&mut rng);
    let mut luck = label.clone();
    luck.shuffle(&mut rng);
    let mut votes = vec![0u32; n];
    for round in 0..MAX_ROUNDS {
        ctl.progress("finding communities", round, MAX_ROUNDS);
        let mut n_changed = 0usize;
        for (at, &u) in visit.iter().enumerate() {
            if at % 4096 == 0 {
                ctl.check()?;
            }
            let own = label[u as usize];
            let row = topology.row(u as usize);
            for &v in row.iter().filter(|v| **v != u) {
                votes[label[v as usize] as usize] += 1;
            }
            let mut best = (votes[own as usize], true, 0, own);
            for &v in row.iter().filter(|v| **v != u) {
                let candidate = label[v as usize];
                let count = std::mem::take(&mut votes[candidate as usize]);
                if count > 0 {
                    best = best.max((count, candidate == own, luck[candidate as usize], candidate));
                }
            }
            n_changed += usize::from(best.3 != own);
            label[u as usize] = best.3;
        }
        if n_changed == 0 {
            break;
        }
    }
    let mut size = vec![0u32; n];
    for l in &label {
        size[*l as usize] += 1;
    }
    let mut by_size: Vec<u32> = (0..n as u32).filter(|l| size[*l as usize] > 0).collect();
    by_size.sort_unstable_by_key(|l| (std::cmp::Reverse(size[*l as usize]), *l));
    let mut rank = vec![0u32; n];
    by_size.iter().enumerate().for_each(|(at, l)| rank[*l as usize] = at as u32);
    Ok(label.into_iter().map(|l| rank[l as usize]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{DatasetParts, Direction, Features, SelfLoops};
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
