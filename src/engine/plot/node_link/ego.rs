//! Where the nodes of an ego network stand, and how its entries are drawn.

use super::forces::{Forces, n_steps};
use super::layout::within_one;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::{EgoEntry, EgoNetwork};

/// Which model an ego network is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EgoView {
    /// The unpruned one: every entry counts, and nodes are what it says.
    Baseline,
    /// The pruned one: what it removed is marked, and nodes are what it says.
    #[default]
    Pruned,
}

impl EgoView {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Baseline, Self::Pruned];

    /// For a button.
    pub fn title(self) -> &'static str {
        match self {
            Self::Baseline => "Baseline",
            Self::Pruned => "Pruned",
        }
    }

    /// What it shows, for a tooltip.
    pub fn says(self) -> &'static str {
        match self {
            Self::Baseline => "All entries, and the classes that the unpruned model says",
            Self::Pruned => "What is kept and removed, and the classes that the pruned model says",
        }
    }

    /// The place of its model where both stand side by side.
    pub fn way(self) -> usize {
        usize::from(self == Self::Pruned)
    }
}

/// An entry as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EgoLine {
    /// From whom to whom, by their places among the nodes.
    pub ends: [usize; 2],
    /// Its message as a share of the largest that is drawn, `0..=1`; 0 where it has none.
    pub strength: f32,
    /// Whether it counts in the model that is drawn.
    pub is_kept: bool,
    /// Whether the entry of the other direction is drawn, too: both stand side by side.
    pub has_reverse: bool,
}

/// Where the nodes of an ego network stand: the same for the same network, however many threads compute.
///
/// # Invariants
/// All coordinates are finite and in `0..=1`.
#[derive(Debug, Clone, PartialEq)]
pub struct EgoLayout {
    places: Vec<[f32; 2]>,
    size: [f32; 2],
    /// Of every entry.
    has_reverse: Vec<bool>,
}

impl EgoLayout {
    /// Lays a network out by the forces of the whole graph's drawing, seeded as there.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// A few hundred times O(nodes log nodes + entries).
    pub fn new(network: &EgoNetwork, ctl: &Control) -> Result<Self, EngineError> {
        let mut directed: Vec<[u32; 2]> =
            network.entries.iter().map(|entry| [entry.source as u32, entry.target as u32]).collect();
        let is_there = {
            let mut sorted = directed.clone();
            sorted.sort_unstable();
            move |pair: [u32; 2]| sorted.binary_search(&pair).is_ok()
        };
        let has_reverse = directed.iter().map(|[from, to]| is_there([*to, *from])).collect();
        // Two that hear each other pull once.
        for pair in &mut directed {
            pair.sort_unstable();
        }
        directed.sort_unstable();
        directed.dedup();
        let mut forces = Forces::new(network.nodes.len(), directed.iter().copied());
        forces.settle(n_steps(network.nodes.len()), ctl)?;
        let (places, size) = within_one(forces.places());
        Ok(Self { places, size, has_reverse })
    }

    /// Across and down, of every node.
    pub fn places(&self) -> &[[f32; 2]] {
        &self.places
    }

    /// Width and height of the drawing; the larger is 1, or both are 0 of a single node.
    pub fn size(&self) -> [f32; 2] {
        self.size
    }

    /// How the entries of a network are drawn in its step at place `at`; all alike where there is no such step.
    pub fn lines(&self, network: &EgoNetwork, at: usize, view: EgoView) -> Vec<EgoLine> {
        let message = |entry: &EgoEntry| {
            entry.steps.get(at).map(|step| step.message).filter(|message| message.is_finite()).unwrap_or(0.0)
        };
        let largest = network.entries.iter().map(message).fold(0.0, f32::max);
        let line = |(entry, has_reverse): (&EgoEntry, &bool)| EgoLine {
            ends: [entry.source, entry.target],
            strength: if largest > 0.0 { message(entry) / largest } else { 0.0 },
            is_kept: view == EgoView::Baseline || entry.steps.get(at).is_none_or(|step| step.is_kept),
            has_reverse: *has_reverse,
        };
        network.entries.iter().zip(&self.has_reverse).map(line).collect()
    }
}
