//! Propagates the features of a graph, and sparsifies it as it goes: what can be done without labels and without a model.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::{Job, JobError};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, resolve_split};
use crate::engine::sparsify::{Recipe, propagate};
use crate::io::results::{PropagationMetrics, PropagationWriter};

/// Writes the embedding, the counts and the recipe into a folder.
#[derive(Debug)]
pub(crate) struct Propagate {
    pub(crate) dataset: Arc<Dataset>,
    /// Of a decoupled network.
    pub(crate) recipe: Recipe,
    pub(crate) folder: PathBuf,
}

/// What it did.
#[derive(Debug)]
pub(crate) struct Propagated {
    pub(crate) folder: PathBuf,
    /// Removed share of the entries, `0..=1`.
    pub(crate) edge_sparsity: f64,
}

impl Job for Propagate {
    type Output = Propagated;

    fn label(&self) -> String {
        format!("Propagate {}", self.dataset.name())
    }

    fn run(self, ctl: &Control) -> Result<Propagated, JobError> {
        let Self { dataset, recipe, folder } = self;
        let writer = PropagationWriter::begin(&folder, ctl)?;
        let split = resolve_split(&dataset, &recipe.split, recipe.seed)?;
        let began = Instant::now();
        let propagated = propagate(&dataset, &recipe, &split, None, ctl)?;
        let metrics = PropagationMetrics::of(&dataset, &propagated, began.elapsed().as_secs_f64(), ctl.n_threads());
        writer.write(&recipe, &propagated, &metrics, ctl)?;
        Ok(Propagated { folder, edge_sparsity: metrics.edge_sparsity })
    }
}
