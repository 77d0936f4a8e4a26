//! A forward pass over masks that notes how strong the messages of every step are.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, HopOrder};
use crate::engine::kernels::{message_scores, row_norms};
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::sparsify::masked_inference::{Aggregated, Listening, MaskedInference};
use crate::engine::sparsify::{EdgeMask, Recipe};

/// What came of a pass.
pub(super) struct Heard {
    /// `[n_nodes, n_classes]`
    pub(super) logits: Array2<f32>,
    /// For every step the norm of what each node sends. `[n_steps][n_nodes]`
    norms: Vec<Vec<f32>>,
}

/// Runs `model`, whose weights are masked already, over `edges`, or over all entries.
///
/// # Errors
/// As a forward pass; [`EngineError::NotFinite`] where an output is no number.
pub(super) fn listen(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    edges: Option<&EdgeMask>,
    ctl: &Control,
) -> Result<Heard, EngineError> {
    // Norms are those of nodes as they are stored.
    let mut recipe = recipe.clone();
    recipe.propagation.order = HopOrder::Stored;
    let inference = match edges {
        Some(edges) => MaskedInference::pruned(dataset, &recipe, edges, None, None, ctl)?,
        None => MaskedInference::unpruned(dataset, &recipe, ctl)?,
    };
    let mut norms = Vec::new();
    let heard = |_: usize, _: Aggregated, x: &Array2<f32>, ctl: &Control| {
        norms.push(row_norms(x.view(), ctl)?);
        Ok(())
    };
    let logits = forward(&model.program(), model, dataset.features(), &mut Listening { inference, heard }, ctl)?;
    // Numbers that are none would be left out of every comparison, and the rest be found as before.
    if let Some(found) = logits.iter().find(|logit| !logit.is_finite()) {
        return Err(EngineError::NotFinite { what: "output of the model".into(), found: found.to_string() });
    }
    Ok(Heard { logits, norms })
}

impl Heard {
    /// Steps that sent something.
    pub(super) fn n_steps(&self) -> usize {
        self.norms.len()
    }

    /// The norm of what each node sends into step `step`. `[n_nodes]`
    pub(super) fn norms(&self, step: usize) -> &[f32] {
        &self.norms[step]
    }

    /// The norm of the message `|T[u,v]| · ‖P[v]‖` of every entry in step `step`; of attention, whose coefficients are those of a pass, that of
    /// what is sent. `[n_entries]`
    pub(super) fn messages(&self, dataset: &Dataset, recipe: &Recipe, step: usize) -> Vec<f32> {
        let topology = dataset.topology();
        let has_attention = recipe.model.has("attention");
        let diffusion = (!has_attention).then(|| Diffusion::of(dataset, recipe.matrix()));
        let ones = if has_attention { vec![1.0; topology.n_entries()] } else { Vec::new() };
        let values = diffusion.as_ref().map_or(&ones[..], Diffusion::values);
        let mut scores = vec![0.0; topology.n_entries()];
        message_scores(values, topology.indices(), &self.norms[step], &mut scores);
        scores
    }
}
