//! Unifews itself: which entries of the diffusion matrix and of the weights carry too small a message.

mod mask;
mod recipe;
mod trace;

pub use mask::{EdgeMask, Masks, WeightMask};
pub use recipe::{
    Compat, EdgeMode, EdgeRule, Identity, Lock, RECIPE_FORMAT, Recipe, Schedule, Training, WeightMode, WeightRule,
};
pub use trace::{EdgeTrace, Macs, Product, Pruned, StepKind, StepTrace, WeightTrace};
