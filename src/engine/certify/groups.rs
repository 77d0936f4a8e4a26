//! Groups of calibration nodes that are tested for themselves: a loss may be small on average and large where few nodes are.

use serde::{Deserialize, Serialize};

use super::sequence::Sequence;
use crate::engine::graph::{Labels, Topology};

/// A group of calibration nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What its nodes have in common.
    #[serde(flatten)]
    pub kind: GroupKind,
    /// Calibration nodes in it.
    pub n: usize,
    /// The test on these nodes alone; absent where they are too few ([`SMALLEST_GROUP`](super::SMALLEST_GROUP)).
    pub sequence: Option<Sequence>,
}

/// What the nodes of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "by")]
pub enum GroupKind {
    /// Their label.
    Class {
        /// The class, from 0.
        class: usize,
        /// Its name, or `class 3` where classes have none.
        name: String,
    },
    /// Their number of in-neighbours, self-loops not counted; borders are the quartiles over all nodes of the graph.
    Degree {
        /// The smallest number.
        lowest: usize,
        /// The largest number.
        highest: usize,
    },
}

impl GroupKind {
    /// As it is shown, for example `class 3` or `degree 2 to 4`.
    pub fn title(&self) -> String {
        match self {
            Self::Class { name, .. } => name.clone(),
            Self::Degree { lowest, highest } if lowest == highest => format!("degree {lowest}"),
            Self::Degree { lowest, highest } => format!("degree {lowest} to {highest}"),
        }
    }
}

/// The number of in-neighbours of every node, self-loops not counted.
pub(in crate::engine) fn degrees(topology: &Topology) -> Vec<usize> {
    let of = |u: usize| topology.degree(u) - usize::from(topology.find(u, u).is_some());
    (0..topology.n_nodes()).map(of).collect()
}

/// The ranges of degrees between the quartiles over all nodes, in ascending order; fewer than four where quartiles coincide.
pub(in crate::engine) fn degree_ranges(degrees: &[usize]) -> Vec<(usize, usize)> {
    let mut sorted = degrees.to_vec();
    sorted.sort_unstable();
    let (Some(last), n) = (sorted.last(), sorted.len()) else { return Vec::new() };
    // Nearest rank: at least a quarter, a half, three quarters of the nodes have at most this degree.
    let mut ends: Vec<usize> = (1..4).map(|quarter| sorted[(n * quarter).div_ceil(4) - 1]).chain([*last]).collect();
    ends.dedup();
    let mut from = sorted[0];
    let mut ranges = Vec::with_capacity(ends.len());
    for end in ends {
        ranges.push((from, end));
        from = end + 1;
    }
    ranges
}

/// Every group that has a calibration node, with its nodes: classes in their order, then degrees.
pub(super) fn members(labels: &Labels, degrees: &[usize], nodes: &[u32]) -> Vec<(GroupKind, Vec<u32>)> {
    let name = |class: usize| labels.names.get(class).cloned().unwrap_or_else(|| format!("class {class}"));
    let mut kinds: Vec<GroupKind> =
        (0..labels.n_classes()).map(|class| GroupKind::Class { class, name: name(class) }).collect();
    let by_degree = |(lowest, highest)| GroupKind::Degree { lowest, highest };
    kinds.extend(degree_ranges(degrees).into_iter().map(by_degree));
    let belongs = |kind: &GroupKind, u: usize| match kind {
        GroupKind::Class { class, .. } => labels.of(u) == Some(*class),
        GroupKind::Degree { lowest, highest } => (*lowest..=*highest).contains(&degrees[u]),
    };
    let with_members = |kind: GroupKind| {
        let own: Vec<u32> = nodes.iter().copied().filter(|u| belongs(&kind, *u as usize)).collect();
        (!own.is_empty()).then_some((kind, own))
    };
    kinds.into_iter().filter_map(with_members).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_hold_every_degree_once_and_coincide_where_they_must() {
        assert_eq!(degree_ranges(&[4, 1, 3, 2, 8, 6, 5, 7]), [(1, 2), (3, 4), (5, 6), (7, 8)]);
        assert_eq!(degree_ranges(&[1, 1, 1, 1, 1, 1, 2, 9]), [(1, 1), (2, 9)]);
        assert_eq!(degree_ranges(&[5; 7]), [(5, 5)]);
        assert_eq!(degree_ranges(&[3]), [(3, 3)]);
        assert!(degree_ranges(&[]).is_empty());
    }
}
