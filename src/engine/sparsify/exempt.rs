//! What no threshold decides: nodes that keep all their incoming entries, and entries that were kept or removed by hand.

use std::ops::Range;

use super::recipe::{Lock, PinnedEntry, Recipe};
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split, Topology};

/// An entry that was kept or removed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pin {
    pub(crate) target: u32,
    pub(crate) source: u32,
    pub(crate) is_kept: bool,
}

/// What no threshold decides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exempt {
    /// Which targets keep all their entries, but those that were removed by hand. `[n]`
    locked: Option<Vec<bool>>,
    /// In order of their entries.
    pins: Vec<Pin>,
}

impl Exempt {
    /// What `recipe` exempts on `dataset`.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] for a list of nodes that was not read with the graph, and for a pinned entry that the graph does not have.
    pub(crate) fn of(dataset: &Dataset, recipe: &Recipe, split: &Split) -> Result<Self, EngineError> {
        let pins = pins(dataset, recipe)?;
        let nodes = match &recipe.edges.lock {
            Lock::None => return Ok(Self { locked: None, pins }),
            Lock::Val => &split.val,
            Lock::Test => &split.test,
            Lock::File(name) => {
                let listed = dataset.splits().iter().find(|s| s.name == *name);
                let expected = "none, val, test or a list of nodes read with the graph";
                &listed.ok_or_else(|| EngineError::recipe("edges.lock", expected, name))?.test
            }
        };
        Ok(Self { locked: Some(flags(dataset.n_nodes(), nodes)), pins })
    }

    /// What was decided by hand alone: training locks no nodes.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] for an entry that the graph does not have.
    pub(crate) fn by_hand(dataset: &Dataset, recipe: &Recipe) -> Result<Self, EngineError> {
        Ok(Self { locked: None, pins: pins(dataset, recipe)? })
    }

    /// Nodes that keep all their entries, and no entry by hand. `[n]`
    #[cfg(test)]
    pub(crate) fn locking(locked: &[bool]) -> Self {
        Self { locked: Some(locked.to_vec()), pins: Vec::new() }
    }

    /// Whether a target keeps all its entries.
    #[inline(always)]
    pub(crate) fn is_locked(&self, target: usize) -> bool {
        self.locked.as_ref().is_some_and(|locked| locked[target])
    }

    pub(crate) fn has_pins(&self) -> bool {
        !self.pins.is_empty()
    }

    /// The entries of some targets that were kept or removed by hand.
    pub(crate) fn pins_of(&self, targets: Range<usize>) -> &[Pin] {
        let place = |target: usize| self.pins.partition_point(|pin| (pin.target as usize) < target);
        &self.pins[place(targets.start)..place(targets.end)]
    }

    /// What was decided of an entry by hand: kept, removed, or nothing.
    pub(crate) fn pinned(&self, target: usize, source: usize) -> Option<bool> {
        let place = self.pins.binary_search_by_key(&(target, source), |pin| (pin.target as usize, pin.source as usize));
        place.ok().map(|at| self.pins[at].is_kept)
    }

    /// Whether an entry stays whatever its score; `None` where its score decides.
    #[inline]
    pub(crate) fn decides(&self, target: usize, source: usize) -> Option<bool> {
        if self.has_pins()
            && let Some(is_kept) = self.pinned(target, source)
        {
            return Some(is_kept);
        }
        (target == source || self.is_locked(target)).then_some(true)
    }

    /// Takes what was removed by hand out of the entries that are `allowed`.
    pub(crate) fn take_out(&self, topology: &Topology, allowed: &mut [bool]) {
        for pin in self.pins.iter().filter(|pin| !pin.is_kept) {
            if let Some(k) = topology.find(pin.target as usize, pin.source as usize) {
                allowed[k] = false;
            }
        }
    }
}

/// Which of `n` nodes are among `nodes`.
pub(crate) fn flags(n: usize, nodes: &[u32]) -> Vec<bool> {
    let mut flags = vec![false; n];
    for u in nodes {
        flags[*u as usize] = true;
    }
    flags
}

/// The recipe's pins as entries of the graph, in their order.
fn pins(dataset: &Dataset, recipe: &Recipe) -> Result<Vec<Pin>, EngineError> {
    let by_hand = &recipe.edges.pins;
    if by_hand.is_empty() {
        return Ok(Vec::new());
    }
    let by_id = dataset.nodes_by_id();
    let pin = |entry: &PinnedEntry, is_kept: bool| {
        let refuse = |expected: &str| {
            let key = if is_kept { "edges.pins.keep" } else { "edges.pins.remove" };
            Err(EngineError::recipe(key, expected, format!("{} → {}", entry.source, entry.target)))
        };
        let (Some(source), Some(target)) = (by_id.find(&entry.source), by_id.find(&entry.target)) else {
            return refuse("entries between nodes of this graph, as [source, target]");
        };
        if source == target {
            return refuse("entries between two nodes (self-loops always stay)");
        }
        if dataset.topology().find(target as usize, source as usize).is_none() {
            return refuse("entries that this graph has, as [source, target]");
        }
        Ok(Pin { target, source, is_kept })
    };
    let kept = by_hand.keep.iter().map(|entry| pin(entry, true));
    let removed = by_hand.remove.iter().map(|entry| pin(entry, false));
    let mut pins: Vec<Pin> = kept.chain(removed).collect::<Result<_, _>>()?;
    pins.sort_unstable();
    pins.dedup();
    Ok(pins)
}
