//! What propagating the features gives.

use ndarray::Array2;

use super::mask::EdgeMask;
use super::trace::StepTrace;

/// A propagated embedding with what happened on the way.
#[derive(Debug, Clone)]
pub struct Propagated {
    /// `P̂(L)`, before any scaling. `[n_nodes, n_features]`
    pub embedding: Array2<f32>,
    /// Which entries each hop propagates over; in mass mode those that any feature was pushed over.
    pub edges: EdgeMask,
    /// Every hop.
    pub steps: Vec<StepTrace>,
}
