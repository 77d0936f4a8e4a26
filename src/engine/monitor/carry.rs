//! What was decided of one graph, said of a later one: nodes are the same where their ids are.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::sparsify::{EdgeMask, EntryValues, Recipe};

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
    /// Nodes of both graphs whose features are not the same, to the bit.
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
pub fn carry(before: &Dataset, now: &Dataset, ctl: &Control) -> Result<Carried, EngineError> {
    let (width, found) = (before.features().width(), now.features().width());
    if width != found {
        return Err(EngineError::mismatch("features of the later graph", format!("{width} as before"), found));
    }
    let known = before.nodes_by_id();
    let find = |u: usize| match now.node_ids() {
        Some(ids) => known.find(&ids[u]),
        None => known.find(&u.to_string()),
    };
    let node_before: Vec<Option<u32>> = (0..now.n_nodes()).map(find).collect();
    let n_kept = node_before.iter().flatten().count();
    let nodes = Counts {
        before: before.n_nodes(),
        now: now.n_nodes(),
        new: now.n_nodes() - n_kept,
        gone: before.n_nodes() - n_kept,
    };
    let (old, new) = (before.topology(), now.topology());
    const ROWS: usize = 4096;
    let blocks = ctl.map(now.n_nodes().div_ceil(ROWS), |block| {
        let rows = block * ROWS..now.n_nodes().min((block + 1) * ROWS);
        let mut found = Vec::new();
        for u in rows {
            let before_u = node_before[u];
            found.extend(new.row(u).iter().map(|v| {
                let ends = before_u.zip(node_before[*v as usize]);
                ends.and_then(|(u, v)| old.find(u as usize, v as usize)).unwrap_or(NEW)
            }));
        }
        found
    })?;
    let entry_before = blocks.concat();
    let removable = |of: &mut dyn Iterator<Item = (u32, u32)>| of.filter(|(u, v)| u != v).count();
    let n_now = removable(&mut new.entries());
    let n_before = removable(&mut old.entries());
    let n_both = new.entries().zip(&entry_before).filter(|((u, v), at)| u != v && **at != NEW).count();
    let entries = Counts { before: n_before, now: n_now, new: n_now - n_both, gone: n_before - n_both };
    let pairs = node_before.iter().enumerate().filter_map(|(u, before)| Some((u, (*before)? as usize)));
    let n_changed_features = pairs.filter(|(u, v)| !is_same_row(now.features(), *u, before.features(), *v)).count();
    Ok(Carried { nodes, entries, n_changed_features, node_before, entry_before })
}

fn is_same_row(a: &Features, u: usize, b: &Features, v: usize) -> bool {
    match (a, b) {
        (Features::Dense(a), Features::Dense(b)) => {
            a.row(u).iter().zip(b.row(v)).all(|(a, b)| a.to_bits() == b.to_bits())
        }
        _ => stored(a, u).eq(stored(b, v)),
    }
}

/// Columns and bits of what is not 0.
fn stored(x: &Features, u: usize) -> Box<dyn Iterator<Item = (usize, u32)> + '_> {
    match x {
        Features::Dense(x) => {
            Box::new(x.row(u).into_iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(at, v)| (at, v.to_bits())))
        }
        Features::Sparse(x) => Box::new(x.outer_view(u).into_iter().flat_map(|row| {
            let stored: Vec<(usize, u32)> =
                row.iter().filter(|(_, v)| **v != 0.0).map(|(at, v)| (at, v.to_bits())).collect();
            stored
        })),
    }
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
        let diffusion = Diffusion::of(now, recipe.matrix());
        let (mut kept, mut values) = (Vec::with_capacity(mask.n_steps()), Vec::new());
        for step in 0..mask.n_steps() {
            ctl.check()?;
            let flags: Vec<bool> = self.entry_before.iter().map(|at| *at == NEW || mask.is_kept(*at, step)).collect();
            if let Some(fitted) = mask.values_of(step) {
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
