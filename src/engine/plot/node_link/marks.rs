//! What a run did to the edges and nodes of a drawing, layer by layer.

use ndarray::ArrayView1;

use super::layout::GraphLayout;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::{Messages, Run};
use crate::engine::sparsify::EdgeTrace;

/// What became of an edge in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Whoever heard the other still does.
    Kept,
    /// One of two ends still hears the other.
    KeptOneWay,
    /// Neither end hears the other.
    Removed,
}

/// What became of the drawing in a layer or hop.
#[derive(Debug, Clone, PartialEq)]
pub struct StepMarks {
    /// For people, for example `Layer 1`.
    pub title: String,
    /// Of every drawn edge.
    pub edges: Vec<Standing>,
    /// Of every drawn node the removed share of the sum of its incoming messages' norms, its own aside, `0..=1`; NaN where it has none.
    pub message_removed: Vec<f32>,
    /// Removed share of all entries of the graph that can be removed, `0..=1`.
    pub removed: f64,
}

/// What a run did to the nodes and edges of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphMarks {
    /// Every step that propagates over the graph, in order; none where the network does not.
    pub steps: Vec<StepMarks>,
    /// The class with the largest logit of every drawn node, by the unpruned and by the pruned model.
    pub said: [Vec<u32>; 2],
    /// Of every drawn node whether the pruned model says something else; where a node may have several classes, of any of them.
    pub is_changed: Vec<bool>,
}

impl GraphMarks {
    /// Marks a drawing of the run's graph.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Panics
    /// When the drawing is of a larger graph.
    ///
    /// # Complexity
    /// O(steps · (drawn edges + entries of drawn nodes) + drawn nodes · classes).
    pub fn new(run: &Run, layout: &GraphLayout, ctl: &Control) -> Result<Self, EngineError> {
        let messages = Messages::of(run);
        let mut steps = Vec::new();
        for step in &run.pruned.steps {
            let Some(trace) = &step.edges else { continue };
            steps.push(StepMarks {
                title: step.title(),
                edges: standings(run, layout, step.idx, ctl)?,
                message_removed: shares(run, layout, (step.idx, trace), &messages, ctl)?,
                removed: trace.sparsity(),
            });
        }
        let [unpruned, pruned] = [&*run.baseline_logits, &run.pruned.logits];
        let said = |logits: &ndarray::Array2<f32>| {
            ctl.map(layout.nodes().len(), |at| largest(logits.row(layout.nodes()[at] as usize)))
        };
        let said = [said(unpruned)?, said(pruned)?];
        let is_multi = run.dataset.labels().is_some_and(|labels| labels.tags().is_some());
        let is_changed = ctl.map(layout.nodes().len(), |at| {
            let u = layout.nodes()[at] as usize;
            if is_multi {
                unpruned.row(u).iter().zip(pruned.row(u)).any(|(before, after)| (*before > 0.0) != (*after > 0.0))
            } else {
                said[0][at] != said[1][at]
            }
        })?;
        Ok(Self { steps, said, is_changed })
    }
}

fn standings(run: &Run, layout: &GraphLayout, step: usize, ctl: &Control) -> Result<Vec<Standing>, EngineError> {
    let mask = &run.pruned.masks.edges;
    ctl.map(layout.edges().len(), |at| {
        let entries = || layout.edges()[at].entries.into_iter().flatten();
        match (entries().count(), entries().filter(|k| mask.is_kept(*k, step)).count()) {
            (_, 0) => Standing::Removed,
            (all, kept) if kept < all => Standing::KeptOneWay,
            _ => Standing::Kept,
        }
    })
}

fn shares(
    run: &Run,
    layout: &GraphLayout,
    (step, trace): (usize, &EdgeTrace),
    messages: &Messages,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let (topology, mask) = (run.dataset.topology(), &run.pruned.masks.edges);
    ctl.map(layout.nodes().len(), |at| {
        let u = layout.nodes()[at] as usize;
        let (mut kept, mut all) = (0.0_f64, 0.0_f64);
        for k in topology.row_range(u) {
            let v = topology.indices()[k] as usize;
            let message = f64::from(messages.norm(trace, k, v));
            if v == u || !message.is_finite() {
                continue;
            }
            all += message;
            kept += if mask.is_kept(k, step) { message } else { 0.0 };
        }
        if all > 0.0 { (1.0 - kept / all).clamp(0.0, 1.0) as f32 } else { f32::NAN }
    })
}

fn largest(logits: ArrayView1<'_, f32>) -> u32 {
    let best = logits
        .iter()
        .enumerate()
        .fold((0, f32::NEG_INFINITY), |best, (at, z)| if *z > best.1 { (at, *z) } else { best });
    best.0 as u32
}
