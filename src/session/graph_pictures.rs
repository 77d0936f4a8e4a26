//! What the node-link drawing of the open graph has computed in the background, as requests to the [`super::Desk`].

use std::sync::Arc;

use super::desk::Request;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::engine::plot::{GraphLayout, GraphMarks, NodeColouring, NodeShades};

/// Where the nodes of a graph stand.
#[derive(Debug, Clone)]
pub struct LayoutRequest {
    /// The graph.
    pub dataset: Arc<Dataset>,
}

impl LayoutRequest {
    /// The one slot.
    pub const SLOT: &str = "graph layout";
}

impl PartialEq for LayoutRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dataset, &other.dataset)
    }
}

impl Request for LayoutRequest {
    type Answer = GraphLayout;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<GraphLayout, EngineError> {
        GraphLayout::new(self.dataset.topology(), ctl)
    }
}

/// What a run did to the nodes and edges of a drawing.
#[derive(Debug, Clone)]
pub struct MarksRequest {
    /// The run.
    pub run: Arc<Run>,
    /// The drawing of its graph.
    pub layout: Arc<GraphLayout>,
}

impl MarksRequest {
    /// The one slot.
    pub const SLOT: &str = "graph marks";
}

impl PartialEq for MarksRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && Arc::ptr_eq(&self.layout, &other.layout)
    }
}

impl Request for MarksRequest {
    type Answer = GraphMarks;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<GraphMarks, EngineError> {
        GraphMarks::new(&self.run, &self.layout, ctl)
    }
}

/// What the nodes of a drawing are coloured by.
#[derive(Debug, Clone)]
pub struct ShadesRequest {
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// Its drawing.
    pub layout: Arc<GraphLayout>,
    /// What decides the colours.
    pub by: NodeColouring,
    /// The run that is shown, with what it did.
    pub marked: Option<(Arc<Run>, Arc<GraphMarks>)>,
    /// The place among the steps of the marks.
    pub step: usize,
}

impl ShadesRequest {
    /// The one slot.
    pub const SLOT: &str = "graph colours";
}

impl PartialEq for ShadesRequest {
    fn eq(&self, other: &Self) -> bool {
        let is_same_run = match (&self.marked, &other.marked) {
            (Some((run, marks)), Some((other_run, other_marks))) => {
                Arc::ptr_eq(run, other_run) && Arc::ptr_eq(marks, other_marks)
            }
            (None, None) => true,
            _ => false,
        };
        is_same_run
            && Arc::ptr_eq(&self.dataset, &other.dataset)
            && Arc::ptr_eq(&self.layout, &other.layout)
            && self.by == other.by
            && (self.step == other.step || self.by != NodeColouring::MessageRemoved)
    }
}

impl Request for ShadesRequest {
    type Answer = NodeShades;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<NodeShades, EngineError> {
        ctl.check()?;
        let marked = self.marked.as_ref();
        let split = marked.map(|(run, _)| &run.split).or_else(|| self.dataset.splits().first());
        let marks = marked.map(|(_, marks)| &**marks);
        Ok(NodeShades::new(self.by, &self.dataset, &self.layout, split, marks, self.step))
    }
}
