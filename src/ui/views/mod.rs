//! The panes: what each shows, and what it may use to do so.
//!
//! A view owns only what is lost without harm when it is closed: zoom, sort order, hover.

mod entries;
mod export;
mod export_files;
mod export_pilot;
mod export_report;
mod graph;
mod layers;
mod monitor;
mod next;
mod runs;
mod selecting;
mod tradeoff;
mod training;

pub use super::context::{CommandQueue, SaveRequest, View, ViewCx, WindowRequest};
pub use super::pane::Pane;
pub(in crate::ui) use export_report::report_name;
pub(crate) use layers::ESTIMATE_SAYS;

/// One view of each pane.
#[derive(Debug)]
pub struct Views {
    all: Vec<(Pane, Box<dyn View>)>,
}

impl Default for Views {
    fn default() -> Self {
        use super::panels::{Inputs, NodePanel, RecipePanel, Verdict};
        Self {
            all: vec![
                (Pane::Inputs, Box::new(Inputs::default())),
                (Pane::Layers, Box::new(layers::Layers::default())),
                (Pane::Tradeoff, Box::new(tradeoff::Tradeoff::default())),
                (Pane::Graph, Box::new(graph::Graph::default())),
                (Pane::Entries, Box::new(entries::Entries::default())),
                (Pane::Training, Box::new(training::TrainingView::default())),
                (Pane::Runs, Box::new(runs::Runs::default())),
                (Pane::Export, Box::new(export::Export::default())),
                (Pane::Monitor, Box::new(monitor::Monitor)),
                (Pane::Recipe, Box::new(RecipePanel::default())),
                (Pane::Verdict, Box::new(Verdict)),
                (Pane::Node, Box::new(NodePanel::default())),
            ],
        }
    }
}

impl Views {
    /// The view of a pane.
    pub fn get_mut(&mut self, pane: Pane) -> Option<&mut Box<dyn View>> {
        self.all.iter_mut().find(|(p, _)| *p == pane).map(|(_, view)| view)
    }
}
