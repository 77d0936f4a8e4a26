//! Unifews itself: which entries of the diffusion matrix and of the weights carry too small a message.

pub(crate) mod attention;
pub mod baselines;
pub(crate) mod decide;
pub(crate) mod edges;
pub(crate) mod frozen;
mod mask;
mod propagated;
mod push;
mod recipe;
mod recovery_rule;
mod steps;
pub(crate) mod survivors;
mod trace;
pub(crate) mod transform;
pub(crate) mod weights;

pub use crate::engine::graph::HopOrder;
pub use crate::engine::kernels::Precision;
pub use decide::propagate;
pub use mask::{EdgeMask, EntryValues, Masks, WeightMask};
pub use propagated::Propagated;
pub use recipe::{
    Compat, EdgeMode, EdgeRule, HopRule, Identity, Lock, Quirk, RECIPE_FORMAT, Recipe, Schedule, Training, WeightMode,
    WeightRule,
};
pub use recovery_rule::{EntryChoice, FitNodes, RecoveryRule, ValueRule, WeightRecovery};
pub use trace::{EdgeTrace, Macs, Product, Pruned, StepTrace, WeightTrace};
