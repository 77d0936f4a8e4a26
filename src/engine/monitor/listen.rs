//! A forward pass that notes how strong the messages of every step are.

use ndarray::Array2;

use super::histogram::{Histogram, Part};
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, HopOrder, Topology};
use crate::engine::kernels::row_norms;
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::sparsify::masked_inference::{Aggregated, Listening, MaskedInference};
use crate::engine::sparsify::{EdgeMask, Recipe};

/// What came of a pass.
pub(super) struct Heard {
    /// `[n_nodes, n_classes]`
    pub(super) logits: Array2<f32>,
    /// For every step the norm of what each node sends. `[n_steps][n_nodes]`
    pub(super) norms: Vec<Vec<f32>>,
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

/// What turns the norms of what nodes send into those of messages, `|T[u,v]| · ‖P[v]‖`; of attention, whose coefficients are those of a pass,
/// a message counts as what is sent.
pub(super) struct Messages<'a> {
    topology: &'a Topology,
    diffusion: Option<Diffusion>,
}

/// A graph's rows are taken in so many blocks, whatever the number of threads.
const BLOCKS: usize = 64;

impl<'a> Messages<'a> {
    pub(super) fn of(dataset: &'a Dataset, recipe: &Recipe) -> Self {
        let has_attention = recipe.model.has("attention");
        let diffusion = (!has_attention).then(|| Diffusion::of(dataset, recipe.matrix()));
        Self { topology: dataset.topology(), diffusion }
    }

    /// The norm of the message of entry `k`, from node `v`.
    #[inline]
    pub(super) fn norm(&self, k: usize, v: u32, norms: &[f32]) -> f32 {
        let of_node = norms[v as usize];
        self.diffusion.as_ref().map_or(of_node, |diffusion| diffusion.values()[k].abs() * of_node)
    }

    /// What `f` makes of every block of rows, in their order.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn blocks<T: Send>(
        &self,
        f: impl Fn(std::ops::Range<usize>) -> T + Send + Sync,
        ctl: &Control,
    ) -> Result<Vec<T>, EngineError> {
        let n = self.topology.n_nodes();
        let rows = n.div_ceil(BLOCKS).max(1);
        ctl.map(n.div_ceil(rows), |block| f(block * rows..n.min((block + 1) * rows)))
    }

    /// The norms of all messages but every node's own, in the grid. `norms: [n_nodes]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn histogram(&self, norms: &[f32], ctl: &Control) -> Result<Histogram, EngineError> {
        let of_rows = |rows: std::ops::Range<usize>| {
            let mut part = Part::new();
            for u in rows {
                let entries = self.topology.row_range(u).zip(self.topology.row(u));
                for (k, v) in entries.filter(|(_, v)| **v as usize != u) {
                    part.add(self.norm(k, *v, norms));
                }
            }
            part
        };
        Ok(Histogram::of_parts(&self.blocks(of_rows, ctl)?))
    }
}
