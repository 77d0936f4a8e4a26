//! A forward pass over masks that notes how strong the messages of every step are.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, HopOrder};
use crate::engine::kernels::{AttentionInput, Panels, Rows, message_scores, row_norms};
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::model::exec::policy::{Policy, WeightAt};
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::{EdgeMask, Recipe};

/// What came of a pass.
pub(super) struct Heard {
    /// `[n_nodes, n_classes]`
    pub(super) logits: Array2<f32>,
    /// For every step the norm of what each node sends. `[n_steps][n_nodes]`
    norms: Vec<Vec<f32>>,
}

struct Listening {
    inference: MaskedInference,
    norms: Vec<Vec<f32>>,
}

impl Listening {
    fn note(&mut self, x: &Array2<f32>, ctl: &Control) -> Result<(), EngineError> {
        self.norms.push(row_norms(x.view(), ctl)?);
        Ok(())
    }
}

impl Policy for Listening {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        self.inference.transform(weight, x, measured, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.note(x, ctl)?;
        self.inference.propagate(step, x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.note(x, ctl)?;
        self.inference.propagate_max(step, x, ctl)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        self.note(&x.to_rows(None, ctl)?, ctl)?;
        self.inference.hop(step, x, out, ctl)
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.note(input.source, ctl)?;
        self.inference.attend(step, input, ctl)
    }
}

/// Runs `model`, whose weights are masked already, over `edges`, or over all entries.
///
/// # Errors
/// As a forward pass.
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
    let mut policy = Listening { inference, norms: Vec::new() };
    let logits = forward(&model.program(), model, dataset.features(), &mut policy, ctl)?;
    Ok(Heard { logits, norms: policy.norms })
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
