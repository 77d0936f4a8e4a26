//! Who multiplies and who propagates: what differs between deciding masks, following them and doing without.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Permutation;
use crate::engine::kernels::{AttentionInput, Panels, Pointwise, Precision, Rows, copied};
use crate::engine::model::elementwise::change_each_row;
use crate::engine::model::program::StepKind;

/// A weight matrix of the model, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct WeightAt<'a> {
    /// Position among all matrices of the model.
    pub(crate) matrix: usize,
    /// Layer and position among the matrices that may be pruned, if it is one.
    pub(crate) prunable: Option<(usize, usize)>,
    /// Short name.
    pub(crate) name: &'a str,
    pub(crate) values: &'a Array2<f32>,
}

/// What an executor asks for products and propagations.
pub(crate) trait Policy {
    /// `x Ŵ`, without the bias. `measured` is what the weight test looks at: `x` itself but for the authors' GCNII.
    /// `[n, d_in] → [n, d_out]`
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError>;

    /// Whether nobody looks at what comes out of single layers, so that operations may be fused across their ends.
    fn fuses(&self) -> bool {
        false
    }

    /// `f(T̂ x) Ŵ` of graph step `step`, or `f(x) Ŵ`; `then` is `f`, done to every row. A policy that [`Policy::fuses`] does it without a
    /// whole matrix between the two. `[n, d_in] → [n, d_out]`
    fn propagate_and_transform(
        &mut self,
        step: Option<usize>,
        x: &Array2<f32>,
        then: &[Pointwise],
        weight: WeightAt<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let mut rows = match step {
            Some(step) => self.propagate(step, x, ctl)?,
            None => copied(x, ctl)?,
        };
        change_each_row(&mut rows, then, ctl)?;
        self.transform(weight, Rows::Dense(rows.view()), Rows::Dense(rows.view()), ctl)
    }

    /// `T̂ x` of graph step `step`. `[n, width] → [n, width]`
    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// Per column the largest value over the entries of each row of graph step `step`, 0 where there is none. `[n, width] → [n, width]`
    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// `out = T̂ x` of hop `step`. `[n, width] → [n, width]`
    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        let next = self.propagate(step, &x.to_rows(None, ctl)?, ctl)?;
        out.write(Rows::Dense(next.view()), None, ctl)
    }

    /// How many rows every graph step reads, first to last, and then how many come out, where only some of the output's rows are wanted: the
    /// first ones. What a step reads holds in front what the next one reads.
    fn rows(&self) -> Option<&[usize]> {
        None
    }

    /// How the rows of what hops lie, where that is not as nodes are stored.
    fn order(&self) -> Option<&Permutation> {
        None
    }

    /// How embeddings are stored between hops.
    fn precision(&self) -> Precision {
        Precision::F32
    }

    /// Room for an embedding of hops; what lies there is overwritten. `[n, width]`
    fn room(&mut self, n: usize, width: usize) -> Panels {
        Panels::zeros(n, width, self.precision())
    }

    /// Takes back what [`Policy::room`] gave.
    fn give_back(&mut self, room: Panels) {
        drop(room);
    }

    /// Attention of graph step `step` over the entries that are there. `→ [n, heads · channels]`
    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError>;

    /// Called with the output of every finished step.
    fn finished(&mut self, kind: StepKind, idx: usize, output: &Array2<f32>) {
        let _ = (kind, idx, output);
    }

    /// Called instead of [`Policy::finished`] for a layer whose output is fused into what follows.
    fn finished_unseen(&mut self) {}

    /// Called with the output of every finished hop.
    fn finished_hop(&mut self, idx: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        let _ = (idx, output, ctl);
        Ok(())
    }
}
