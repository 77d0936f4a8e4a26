//! Unifews Workbench: prune a graph and its graph neural network together.
//!
//! Five floors; each uses those to its left alone, and `tests/tidy` keeps it so:
//!
//! ```text
//! engine  ←  io  ←  session  ←  ui, cli
//! ```
//!
//! | to | go to |
//! | --- | --- |
//! | build a graph, draw or train a network, prune it, compare methods | [`engine`]: values in, values out; no file, no screen |
//! | read graphs, models and recipes of other programs, write and replay bundles, export | [`io`] |
//! | hold what is open, undo, run tasks in the background, save a project | [`session`] |
//! | show it | [`ui`], the window |
//! | do the same from a script | [`cli`], the terminal |
//!
//! Read a graph, draw a network, prune both, and write what production runs:
//!
//! ```
//! use std::sync::Arc;
//!
//! use unifews::engine::control::Control;
//! use unifews::engine::experiment::{RunOptions, run};
//! use unifews::engine::model::{Architecture, Family, Model};
//! use unifews::engine::sparsify::Recipe;
//! use unifews::io::bundle::{read_bundle, replay, write_bundle};
//! use unifews::io::read_graph;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ctl = Control::new(1)?;
//! let (graph, _report) = read_graph("sample:karate", &ctl)?;
//! let graph = graph.shared();
//! let shape = Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
//! let model = Arc::new(Model::init(&shape, graph.features().width(), graph.n_classes(), 42));
//!
//! let mut recipe = Recipe::default();
//! recipe.edges.delta = vec![0.9];
//! recipe.weights.delta = vec![0.5];
//! let made = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &ctl)?;
//! assert!(made.pruned.edge_sparsity() > 0.0 && made.pruned.weight_sparsity() > 0.0);
//!
//! let folder = tempfile::tempdir()?;
//! let target = folder.path().join("bundle.zip");
//! write_bundle(&made, &target, &ctl)?;
//! assert!(replay(&read_bundle(&target)?, &graph, &ctl)?.is_identical());
//! # Ok(())
//! # }
//! ```
//!
//! `docs/ARCHITECTURE.md` says how it is laid out, `docs/EQUATIONS.md` which formula is where.

pub mod cli;
pub mod engine;
pub mod io;
pub mod launch;
pub mod session;
pub mod ui;
