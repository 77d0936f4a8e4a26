//! What reaches a node over some hops, as a picture: for the inspector, and for files that window and terminal write.

use std::sync::Arc;

use super::desk::Request;
use super::verdict::removed_in_short;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{EgoNetwork, Run};
use crate::engine::plot::{EgoLayout, EgoView};
use crate::io::figure::EgoFigure;

/// Asks for an ego network and where its nodes stand.
#[derive(Debug, Clone)]
pub struct EgoRequest {
    /// The run.
    pub run: Arc<Run>,
    /// The node in the middle.
    pub node: u32,
    /// How many hops, at least 1.
    pub n_hops: usize,
}

impl EgoRequest {
    /// The one slot.
    pub const SLOT: &str = "ego network";
}

impl PartialEq for EgoRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && (self.node, self.n_hops) == (other.node, other.n_hops)
    }
}

/// An ego network and where its nodes stand.
#[derive(Debug, Clone, PartialEq)]
pub struct EgoPicture {
    /// What is drawn.
    pub network: EgoNetwork,
    /// Where it stands.
    pub layout: EgoLayout,
}

impl Request for EgoRequest {
    type Answer = EgoPicture;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<EgoPicture, EngineError> {
        let network = EgoNetwork::new(&self.run, self.node, self.n_hops, ctl)?;
        let layout = EgoLayout::new(&network, ctl)?;
        Ok(EgoPicture { network, layout })
    }
}

/// A picture of an ego network that is to become a file.
#[derive(Debug, Clone)]
pub struct EgoDrawing {
    /// The run, and the node in the middle.
    pub request: EgoRequest,
    /// What is drawn.
    pub picture: Arc<EgoPicture>,
    /// Which of its steps.
    pub step: usize,
    /// Which model.
    pub view: EgoView,
}

impl EgoDrawing {
    /// A name for a file, without an ending.
    pub fn file_name(&self) -> String {
        let EgoRequest { run, node, n_hops } = &self.request;
        let (name, id) = (run.dataset.name(), run.dataset.node_id(*node as usize));
        let step = self.step_title().map_or_else(String::new, |step| format!(" {}", step.to_lowercase()));
        let name = format!("{name} node {id} within {n_hops}{step} {}", self.view.title().to_lowercase());
        name.replace([' ', '/', '\\'], "-")
    }

    fn step_title(&self) -> Option<&str> {
        self.picture.network.steps.get(self.step).map(|step| step.title.as_str())
    }

    /// What `draw` makes of it.
    pub fn with_figure<T>(&self, draw: impl FnOnce(&EgoFigure<'_>) -> T) -> T {
        let EgoRequest { run, node, n_hops } = &self.request;
        let hops = if *n_hops == 1 { "1 hop".to_owned() } else { format!("{n_hops} hops") };
        let step = self.step_title().map_or_else(String::new, |step| format!(", {}", step.to_lowercase()));
        let id = run.dataset.node_id(*node as usize);
        let view = self.view.title().to_lowercase();
        let title = format!("{}, {}: node {id} within {hops}{step}, {view}", run.dataset.name(), run.model.title());
        draw(&EgoFigure {
            dataset: &run.dataset,
            network: &self.picture.network,
            layout: &self.picture.layout,
            step: self.step,
            view: self.view,
            title: &title,
            subtitle: &removed_in_short(run),
        })
    }
}
