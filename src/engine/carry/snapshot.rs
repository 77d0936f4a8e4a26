//! What is remembered of a graph, so that nodes and entries of a later one are found in it without it.

use std::borrow::Cow;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Topology};

/// A graph without the values of its features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Ids of the nodes; where there are none, their numbers.
    pub node_ids: Option<Vec<String>>,
    /// Entries.
    pub topology: Topology,
    /// Columns of the features.
    pub width: usize,
    /// For every node a hash of its features (`row_hashes`). `[n_nodes]`
    pub row_hashes: Vec<u64>,
}

impl Snapshot {
    /// Of a graph.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn of(dataset: &Dataset, ctl: &Control) -> Result<Self, EngineError> {
        Ok(Self {
            node_ids: dataset.node_ids().map(<[String]>::to_vec),
            topology: dataset.topology().clone(),
            width: dataset.features().width(),
            row_hashes: row_hashes(dataset.features(), ctl)?,
        })
    }

    /// Checks that the parts fit each other, as they were read.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`].
    pub fn check(&self) -> Result<(), EngineError> {
        let n = self.topology.n_nodes();
        if self.row_hashes.len() != n {
            return Err(EngineError::mismatch("hashes of features", n, self.row_hashes.len()));
        }
        match &self.node_ids {
            Some(ids) if ids.len() != n => Err(EngineError::mismatch("node ids", n, ids.len())),
            _ => Ok(()),
        }
    }

    /// For every node of a later graph its number here; `None` for a new one.
    pub(super) fn places_of(&self, now: &Dataset) -> Vec<Option<u32>> {
        let n = self.topology.n_nodes();
        let Some(before) = &self.node_ids else {
            return match now.node_ids() {
                None => (0..now.n_nodes() as u32).map(|u| Some(u).filter(|u| (*u as usize) < n)).collect(),
                Some(ids) => ids.iter().map(|id| id.parse().ok().filter(|u: &u32| (*u as usize) < n)).collect(),
            };
        };
        let ids: Vec<Cow<'_, str>> = match now.node_ids() {
            Some(ids) => ids.iter().map(|id| id.as_str().into()).collect(),
            None => (0..now.n_nodes()).map(|u| u.to_string().into()).collect(),
        };
        // Most stand where they stood; an id is there once, so that the others alone are looked for among the others.
        let has_stayed = |u: usize| u < n.min(ids.len()) && before[u] == *ids[u];
        let mut moved: Vec<(&str, u32)> =
            before.iter().map(String::as_str).zip(0..).filter(|(_, u)| !has_stayed(*u as usize)).collect();
        moved.sort_unstable();
        let find = |id: &str| moved.binary_search_by_key(&id, |(id, _)| id).ok().map(|at| moved[at].1);
        (0..ids.len()).map(|u| if has_stayed(u) { Some(u as u32) } else { find(&ids[u]) }).collect()
    }
}

/// For every node a 64-bit hash of the columns and bits of its features that are not 0, stored either way: two rows with other features have
/// the same one by a chance of 2⁻⁶⁴. Not cryptographic.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn row_hashes(features: &Features, ctl: &Control) -> Result<Vec<u64>, EngineError> {
    const ROWS: usize = 1024;
    let mut hashes = vec![0u64; features.n_rows()];
    ctl.for_row_blocks(&mut hashes, 1, ROWS, |first, hashes| {
        for (u, hash) in (first..).zip(hashes) {
            *hash = match features {
                Features::Dense(x) => hash_of((0..).zip(x.row(u).iter().copied())),
                Features::Sparse(x) => {
                    let entries = x.outer_view(u);
                    entries.map_or(START, |row| hash_of(row.iter().map(|(column, v)| (column as u32, *v))))
                }
            };
        }
    })?;
    Ok(hashes)
}

/// Of a row without values.
const START: u64 = 0xcbf2_9ce4_8422_2325;

fn hash_of(values: impl Iterator<Item = (u32, f32)>) -> u64 {
    let add = |hash: u64, (column, value): (u32, f32)| {
        let word = u64::from(column) << 32 | u64::from(value.to_bits());
        // SplitMix64's finisher: every bit of the word moves every bit behind it.
        let mixed = (hash ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    values.filter(|(_, value)| *value != 0.0).fold(START, add)
}
