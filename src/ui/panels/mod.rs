//! What stands around the centre: inputs, recipe, verdict, bars.

mod inputs;
mod recipe;
mod verdict;

pub(super) use inputs::Inputs;
pub(super) use recipe::RecipePanel;
pub(super) use verdict::Verdict;
