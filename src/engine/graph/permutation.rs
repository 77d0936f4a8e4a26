//! Nodes in another order, and the orders of a graph that are known already. How they are found: `ordering.rs`.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// In which order the nodes of an embedding lie in memory while it is propagated. Changes time, never a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopOrder {
    /// As the file has them.
    #[default]
    Stored,
    /// By falling degree.
    Degree,
    /// Communities found by label propagation side by side, the largest first; within one as in [`HopOrder::Rcm`].
    Community,
    /// Reverse Cuthill-McKee: neighbours close to one another.
    Rcm,
}

impl HopOrder {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Stored, Self::Degree, Self::Community, Self::Rcm];

    /// As recipes and options write it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Degree => "degree",
            Self::Community => "community",
            Self::Rcm => "rcm",
        }
    }
}

/// A permutation of the nodes.
///
/// # Invariants
/// `position[order[p]] == p` for every position `p`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    order: Vec<u32>,
    position: Vec<u32>,
}

impl Permutation {
    /// `order` lists every node once.
    pub(crate) fn trusted(order: Vec<u32>) -> Self {
        let mut position = vec![0; order.len()];
        for (at, &u) in order.iter().enumerate() {
            position[u as usize] = at as u32;
        }
        Self { order, position }
    }

    /// The node at every position.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// The position of every node.
    pub fn position(&self) -> &[u32] {
        &self.position
    }
}

/// Orders of a graph's nodes that were asked for, found once for all clones of its structure.
#[derive(Debug, Default)]
pub(super) struct KnownOrders([OnceLock<Arc<Permutation>>; HopOrder::ALL.len()]);

impl KnownOrders {
    /// The place of one order.
    pub(super) fn of(&self, by: HopOrder) -> &OnceLock<Arc<Permutation>> {
        &self.0[by as usize]
    }
}
