//! What stands around the centre: inputs, recipe, verdict, bars, palette, help, and the page when nothing is open.

mod beside;
mod budget;
mod controls;
mod fields;
mod gallery;
pub(super) mod help;
mod import;
mod inputs;
pub(super) mod menu_bar;
mod model_card;
mod network;
mod outside;
mod palette;
mod question;
mod recipe;
mod recovery;
mod rules;
mod status_bar;
mod thresholds;
mod toasts;
pub(super) mod tools;
mod training;
mod typed_path;
mod verdict;

pub(super) use gallery::Welcome;
pub(super) use import::import_ui;
pub(super) use inputs::Inputs;
pub(super) use outside::outside_ui;
pub(super) use palette::Palette;
pub(super) use question::{Leaving, Next, Question};
pub(super) use recipe::{RecipePanel, summary as recipe_summary};
pub(super) use status_bar::StatusBar;
pub(super) use toasts::Toasts;
pub(super) use typed_path::TypedPath;
pub(super) use verdict::Verdict;
