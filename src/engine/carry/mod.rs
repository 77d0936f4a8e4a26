//! What was decided of one graph, said of a later one: nodes are the same where their ids are.
//!
//! Never here: what a later graph is held against.

mod snapshot;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Topology};
use crate::engine::sparsify::{EdgeMask, EntryValues, Recipe};

pub use snapshot::Snapshot;
use snapshot::row_hashes;

/// How many of something there were and are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Before.
    pub before: usize,
    /// Now.
    pub now: usize,
    /// Of those now, how many were not there before.
    pub new: usize,
    /// Of those before, how many are no more.
    pub gone: usize,
}

/// A later graph beside an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Nodes.
    pub nodes: Counts,
    /// Entries that can be removed: all but self-loops.
    pub entries: Counts,
    /// Nodes of both graphs whose features are not the same, to the bit, by a hash of 64 bits.
    pub n_changed_features: usize,
    /// For every node now its number before; `None` for a new one.
    pub node_before: Vec<Option<u32>>,
    /// For every entry now its position before; [`NEW`] for a new one.
    entry_before: Vec<usize>,
}

/// The position of what was not there.
const NEW: usize = usize::MAX;

/// Finds the nodes and entries of `before` in `now`.
///
/// # Errors
/// [`EngineError::Mismatch`] where the graphs have features of another width, [`EngineError::Cancelled`].
pub fn carry(before: &Snapshot, now: &Dataset, ctl: &Control) -> Result<Carried, EngineError> {
    let (width, found) = (before.width, now.features().width());
    if width != found {
        return Err(EngineError::mismatch("features of the later graph", format!("{width} as before"), found));
    }
    let node_before = before.places_of(now);
    let n_before = before.topology.n_nodes();
    let n_kept = node_before.iter().flatten().count();
    let nodes = Counts {
        before: n_before,
        now: now.n_nodes(),
        new: now.n_nodes() - n_kept,
        gone: n_before.saturating_sub(n_kept),
    };
    let (old, new) = (&before.topology, now.topology());
    const ROWS: usize = 4096;
    let blocks = ctl.map(now.n_nodes().div_ceil(ROWS), |block| {
        let rows = block * ROWS..now.n_nodes().min((block + 1) * ROWS);
        let (mut found, mut n_both) = (Vec::new(), 0usize);
        for u in rows {
            let before_u = node_before[u].map(|u| u as usize);
            let begin = found.len();
            let mut next = before_u.map_or(0, |u| old.row_range(u).start);
            found.extend(new.row(u).iter().map(|v| {
                let Some((u, v)) = before_u.zip(node_before[*v as usize]) else { return NEW };
                // Where sources stand as they stood, the next one is the one that is looked for.
                let is_next = next < old.row_range(u).end && old.indices()[next] == v;
                let at = if is_next { Some(next) } else { old.find(u, v as usize) };
                next = at.map_or(next, |at| at + 1);
                at.unwrap_or(NEW)
            }));
            n_both += found[begin..].iter().zip(new.row(u)).filter(|(at, v)| **at != NEW && **v as usize != u).count();
        }
        (found, n_both)
    })?;
    let removable = |of: &Topology| of.n_entries() - of.n_self_loops();
    let (n_now, n_then) = (removable(new), removable(old));
    let n_both: usize = blocks.iter().map(|(_, n)| n).sum();
    let mut entry_before = Vec::with_capacity(new.n_entries());
    for (found, _) in blocks {
        entry_before.extend(found);
    }
    let entries = Counts { before: n_then, now: n_now, new: n_now - n_both, gone: n_then.saturating_sub(n_both) };
    let hashes = row_hashes(now.features(), ctl)?;
    let pairs = node_before.iter().zip(&hashes).filter_map(|(before, hash)| Some(((*before)?, hash)));
    let n_changed_features = pairs.filter(|(u, hash)| before.row_hashes[*u as usize] != **hash).count();
    Ok(Carried { nodes, entries, n_changed_features, node_before, entry_before })
}

impl Carried {
    /// Where entry `k` of the later graph stood before; `None` for a new one.
    pub fn position_before(&self, k: usize) -> Option<usize> {
        Some(self.entry_before[k]).filter(|at| *at != NEW)
    }

    /// What `mask` of the earlier graph is on the later one: entries that were there stay or go as decided, with the values that were fitted to
    /// them; new ones stay, with that of the diffusion matrix.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a mask that is not of the earlier graph, [`EngineError::Cancelled`].
    pub fn mask(
        &self,
        mask: &EdgeMask,
        now: &Dataset,
        recipe: &Recipe,
        ctl: &Control,
    ) -> Result<EdgeMask, EngineError> {
        if let Some(last) = self.entry_before.iter().filter(|at| **at != NEW).max()
            && *last >= mask.n_entries()
        {
            return Err(EngineError::mismatch("edge mask", "one of the earlier graph", mask.n_entries()));
        }
        let diffusion = mask.values().is_some().then(|| Diffusion::of(now, recipe.matrix()));
        let (mut kept, mut values) = (Vec::with_capacity(mask.n_steps()), Vec::new());
        for step in 0..mask.n_steps() {
            ctl.check()?;
            let flags: Vec<bool> = self.entry_before.iter().map(|at| *at == NEW || mask.is_kept(*at, step)).collect();
            if let Some((fitted, diffusion)) = mask.values_of(step).zip(diffusion.as_ref()) {
                values.push(self.values(fitted, (mask, step), &flags, diffusion.values()));
            }
            kept.push(flags);
        }
        let values = (!values.is_empty()).then_some(EntryValues { steps: values });
        EdgeMask::of_steps(kept, values, now.topology())
    }

    /// One row for each entry that is kept now. `[n_kept, heads]`
    fn values(
        &self,
        fitted: &Array2<f32>,
        (mask, step): (&EdgeMask, usize),
        flags: &[bool],
        diffusion: &[f32],
    ) -> Array2<f32> {
        // Where the value of an entry that was kept before stands.
        let mut row_of = vec![0u32; mask.n_entries()];
        let mut next = 0;
        for (k, row) in row_of.iter_mut().enumerate() {
            *row = next;
            next += u32::from(mask.is_kept(k, step));
        }
        let heads = fitted.ncols();
        let mut all = Vec::with_capacity(flags.iter().filter(|is| **is).count() * heads);
        for (k, at) in self.entry_before.iter().enumerate().filter(|(k, _)| flags[*k]) {
            match *at {
                NEW => all.extend(std::iter::repeat_n(diffusion[k], heads)),
                at => all.extend(fitted.row(row_of[at] as usize)),
            }
        }
        let shape = (all.len() / heads.max(1), heads);
        // As many as were pushed.
        Array2::from_shape_vec(shape, all).unwrap_or_default()
    }
}
