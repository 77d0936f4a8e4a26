//! Running a model over masks that are decided already: production's forward pass, replay and timing.

use std::time::Instant;

use ndarray::Array2;

use super::decide::norm_r;
use super::edges::Survivors;
use super::mask::EdgeMask;
use super::recipe::Recipe;
use super::trace::Product;
use super::transform::{PreparedWeight, likely_product};
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::kernels::Rows;
use crate::engine::model::network::Policy;
use crate::engine::model::{Linear, Model, Order, StepKind};

/// The policy that follows masks. Also the unpruned forward, with masks that keep everything.
pub(crate) struct Frozen {
    /// One per graph step, or one for all of them.
    steps: Vec<Survivors>,
    weights: Vec<PreparedWeight>,
    /// Outputs of the finished steps, where they are wanted.
    pub(crate) outputs: Option<Vec<Array2<f32>>>,
    /// Seconds of the finished steps.
    pub(crate) step_secs: Vec<f64>,
    last: Instant,
}

impl Frozen {
    /// Everything kept: `model` as it is.
    pub(crate) fn unpruned(dataset: &Dataset, model: &Model, recipe: &Recipe) -> Result<Self, EngineError> {
        let diffusion = Diffusion::new(dataset.topology(), norm_r(recipe));
        // The unpruned model propagates with its own self-loops, whatever identity form the recipe prunes with.
        let steps = vec![Survivors::all(dataset.topology(), &diffusion, super::Identity::SelfLoop)?];
        Ok(Self::with_steps(steps, dataset, model, None))
    }

    /// `model` (weights masked already) over `edges`. `locked` nodes get back the entries that each step itself removed, as the
    /// authors' evaluation does (D31).
    pub(crate) fn pruned(
        dataset: &Dataset,
        model: &Model,
        recipe: &Recipe,
        edges: &EdgeMask,
        locked: Option<&[bool]>,
        products: Option<&[Product]>,
    ) -> Result<Self, EngineError> {
        let diffusion = Diffusion::new(dataset.topology(), norm_r(recipe));
        let removed_at = edges.removed_at();
        let steps = (0..edges.n_steps())
            .map(|step| {
                Survivors::select(dataset.topology(), &diffusion, recipe.edges.identity, |u, k| {
                    let at = removed_at[k] as usize;
                    at > step || (at == step && locked.is_some_and(|l| l[u]))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self::with_steps(steps, dataset, model, products))
    }

    /// `model` without a graph: the MLP of a decoupled family.
    pub(crate) fn weights_only(model: &Model) -> Self {
        let prepare = |weight: &Array2<f32>| PreparedWeight::new(weight, false, likely_product(weight, false));
        let weights = model.layers.iter().map(|l| prepare(&l.linear.weight)).collect();
        Self { steps: Vec::new(), weights, outputs: None, step_secs: Vec::new(), last: Instant::now() }
    }

    fn with_steps(steps: Vec<Survivors>, dataset: &Dataset, model: &Model, products: Option<&[Product]>) -> Self {
        let weights = (model.layers.iter().enumerate())
            .map(|(l, layer)| {
                let sparse = meets_sparse_input(dataset, model, l);
                let product = products.map_or_else(|| likely_product(&layer.linear.weight, sparse), |p| p[l]);
                PreparedWeight::new(&layer.linear.weight, sparse, product)
            })
            .collect();
        Self { steps, weights, outputs: None, step_secs: Vec::new(), last: Instant::now() }
    }

    /// Starts the clock of the first step.
    pub(crate) fn start(&mut self) {
        self.step_secs.clear();
        self.last = Instant::now();
    }
}

/// Whether weight layer `layer` multiplies the stored features themselves.
pub(crate) fn meets_sparse_input(dataset: &Dataset, model: &Model, layer: usize) -> bool {
    layer == 0
        && !model.architecture.is_decoupled()
        && model.architecture.order == Order::TransformFirst
        && matches!(dataset.features(), crate::engine::graph::Features::Sparse(_))
}

impl Policy for Frozen {
    fn transform(&mut self, layer: usize, _: &Linear, x: Rows<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.weights[layer].apply(x, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.steps[step.min(self.steps.len() - 1)].propagate(x, ctl)
    }

    fn finished(&mut self, _: StepKind, _: usize, output: &Array2<f32>) {
        self.step_secs.push(self.last.elapsed().as_secs_f64());
        if let Some(outputs) = &mut self.outputs {
            outputs.push(output.clone());
        }
        self.last = Instant::now();
    }
}
