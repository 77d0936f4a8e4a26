//! Which matrix of a run is shown, and how it is asked for.

use std::sync::Arc;

use crate::engine::experiment::Run;
use crate::engine::plot::{Atlas, Blocks, Pyramid, RasterMode, RasterRequest, Side, Viewport};
use crate::engine::sparsify::StepTrace;

/// Which matrix of which run, shown how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) run: &'a Arc<Run>,
    pub(super) atlas: &'a Arc<Atlas>,
    pub(super) step: usize,
    pub(super) side: Side,
    pub(super) mode: RasterMode,
}

impl Place<'_> {
    pub(super) fn trace(&self) -> Option<&StepTrace> {
        self.run.pruned.steps.get(self.step)
    }

    /// The whole matrix.
    pub(super) fn whole(&self) -> Viewport {
        match (self.side, self.trace()) {
            (Side::Edges, _) => Viewport::whole(self.atlas.ordering().len(), self.atlas.ordering().len()),
            (Side::Weights(_), Some(step)) => {
                let (across, down) = self.side.size(step, 0);
                Viewport::whole(across, down)
            }
            _ => Viewport::whole(0, 0),
        }
    }

    pub(super) fn request(&self, viewport: Viewport, pixels: (usize, usize)) -> RasterRequest {
        RasterRequest {
            step: self.step,
            side: self.side,
            mode: self.mode,
            viewport,
            width_px: pixels.0,
            height_px: pixels.1,
            blocks: if self.has_pyramid() { Blocks::Doubling } else { Blocks::Smallest },
        }
    }

    /// Whether its pictures are drawn from sums of blocks.
    pub(super) fn has_pyramid(&self) -> bool {
        let is_of_edges =
            self.side == Side::Edges && !matches!(self.mode, RasterMode::Attention(_) | RasterMode::Changed);
        is_of_edges && Pyramid::is_worth(self.atlas.values().len())
    }

    /// Names of the axes, across and down.
    pub(super) fn axis_names(&self) -> (String, String) {
        match self.side {
            Side::Edges => (format!("source node, {}", self.atlas.by().title()), "target node".to_owned()),
            Side::Weights(_) => ("input feature".to_owned(), "output feature".to_owned()),
        }
    }
}
