//! What is exported, from a run or from a bundle: the same to every writer.

use std::borrow::Cow;

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::experiment::{Run, narrowed, propagated};
use crate::engine::graph::Dataset;
use crate::engine::model::{Family, Model};
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::{EdgeTrace, Masks, Quirk, Recipe};
use crate::io::bundle::{Bundle, Metrics, StepMatrix, check_graph, predictions_of};
use crate::io::report::LoadError;
use crate::io::table::Table;

/// Without the channels that the recipe removed, where what is left is a network of the family.
fn narrow<'a>(model: &'a Model, recipe: &Recipe) -> Cow<'a, Model> {
    let narrow = recipe.channels.and_then(|_| narrowed(model));
    narrow.map_or(Cow::Borrowed(model), Cow::Owned)
}

/// A pruned model with the graph of every layer.
#[derive(Debug)]
pub struct ExportSource<'a> {
    dataset: &'a Dataset,
    recipe: &'a Recipe,
    /// Narrower than that of the run where whole channels went.
    model: Cow<'a, Model>,
    masks: Cow<'a, Masks>,
    embedding: Option<&'a Array2<f32>>,
    logits: &'a Array2<f32>,
    origin: Origin<'a>,
}

#[derive(Debug)]
enum Origin<'a> {
    Run(&'a Run),
    Bundle(&'a Bundle),
}

impl<'a> ExportSource<'a> {
    /// A finished run.
    pub fn of_run(run: &'a Run) -> Self {
        Self {
            dataset: &run.dataset,
            recipe: &run.recipe,
            model: narrow(&run.pruned.model, &run.recipe),
            masks: Cow::Borrowed(&run.pruned.masks),
            embedding: run.pruned.embedding.as_deref(),
            logits: &run.pruned.logits,
            origin: Origin::Run(run),
        }
    }

    /// A bundle, on the graph it was made from.
    ///
    /// # Errors
    /// [`LoadError::Content`] when `dataset` is another graph.
    pub fn of_bundle(bundle: &'a Bundle, dataset: &'a Dataset) -> Result<Self, LoadError> {
        check_graph(bundle, dataset)?;
        Ok(Self {
            dataset,
            recipe: &bundle.recipe,
            model: narrow(&bundle.model, &bundle.recipe),
            masks: Cow::Owned(bundle.masks(dataset.topology())?),
            embedding: bundle.embedding.as_ref(),
            logits: &bundle.logits,
            origin: Origin::Bundle(bundle),
        })
    }

    pub(super) fn dataset(&self) -> &'a Dataset {
        self.dataset
    }

    pub(super) fn recipe(&self) -> &'a Recipe {
        self.recipe
    }

    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    pub(super) fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Mass mode: what a decoupled model's propagation gave.
    pub(super) fn kept_embedding(&self) -> Option<&'a Array2<f32>> {
        self.embedding
    }

    pub(super) fn logits(&self) -> &'a Array2<f32> {
        self.logits
    }

    /// Layers or hops that propagate over the graph.
    pub(super) fn n_steps(&self) -> usize {
        self.masks.edges.n_steps()
    }

    /// The matrix that step `step` propagates over.
    pub(super) fn matrix(&self, step: usize) -> Cow<'a, StepMatrix> {
        match self.origin {
            Origin::Run(run) => {
                let traces: Vec<&EdgeTrace> = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()).collect();
                let operators = OperatorSource::new(&run.dataset, &run.recipe);
                Cow::Owned(StepMatrix::of_run(run, &operators, step, traces[step]))
            }
            Origin::Bundle(bundle) => Cow::Borrowed(&bundle.matrices[step]),
        }
    }

    /// Bytes of the entries of the first `n_steps` steps, `of_entry` each; an upper bound.
    pub(super) fn entry_bytes(&self, n_steps: usize, of_entry: usize) -> usize {
        let topology = self.dataset.topology();
        (topology.n_entries() + topology.n_nodes()).saturating_mul(n_steps).saturating_mul(of_entry)
    }

    /// Whether the coefficients of attention are those of the run, because they were fitted, or removed entries took part in the softmax.
    pub(super) fn has_fixed_attention(&self) -> bool {
        let is_theirs = self.masks.edges.values().is_some() || self.recipe.compat.has(Quirk::GatNoRenormalisation);
        self.recipe.model.architecture == Family::Gat && is_theirs
    }

    /// What a decoupled model's transformation starts from.
    pub(super) fn embedding(&self, ctl: &Control) -> Result<Cow<'a, Array2<f32>>, LoadError> {
        if let Some(embedding) = self.embedding {
            return Ok(Cow::Borrowed(embedding));
        }
        propagated(self.dataset, self.recipe, self.masks(), ctl)
            .map(Cow::Owned)
            .map_err(|error| LoadError::invalid(self.dataset.source().as_ref(), error))
    }

    pub(super) fn metrics(&self) -> Cow<'a, Metrics> {
        match self.origin {
            Origin::Run(run) => Cow::Owned(Metrics::of(run)),
            Origin::Bundle(bundle) => Cow::Borrowed(&bundle.metrics),
        }
    }

    pub(super) fn predictions(&self) -> Cow<'a, Table> {
        match self.origin {
            Origin::Run(run) => Cow::Owned(predictions_of(run)),
            Origin::Bundle(bundle) => Cow::Borrowed(&bundle.predictions),
        }
    }
}
