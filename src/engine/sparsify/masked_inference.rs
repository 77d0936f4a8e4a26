//! Running a model over masks that are decided already: production's forward pass, replay and timing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ndarray::Array2;

use super::attention::attend;
use super::mask::EdgeMask;
use super::pruned_operator::{OperatorSource, PrunedOperator};
use super::receptive_field::ReceptiveField;
use super::recipe::Recipe;
use super::steps::{Step, Steps, counts_removed, with_own_self_loops};
use super::stored_weights::MatrixStorage;
use super::trace::Product;
use super::transform::{PreparedWeight, likely_product};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, HopOrder, Permutation};
use crate::engine::kernels::{
    AttentionInput, Panels, Pointwise, Precision, Rows, RowsRef, ValueType, change_rows, contiguous, upper_halves,
};
use crate::engine::model::StepKind;
use crate::engine::model::exec::policy::{Policy, WeightAt};

/// The policy that follows masks. Also the unpruned forward, with masks that keep everything.
pub(crate) struct MaskedInference {
    steps: Steps,
    /// How nodes lie while they are propagated, where that is not as they are stored.
    nodes: Option<Arc<Permutation>>,
    /// One per matrix of the model, made ready when it is first needed.
    weights: Vec<Option<PreparedWeight>>,
    /// Which product to use for every matrix; without, the likely one.
    products: Option<Vec<Product>>,
    /// Outputs of the finished steps, where they are wanted.
    pub(crate) outputs: Option<Vec<Array2<f32>>>,
    /// Seconds of the finished steps.
    pub(crate) step_secs: Vec<f64>,
    last: Instant,
    /// How embeddings are stored where they are propagated: as 32-bit floats, whatever the recipe says, but where low precision is measured.
    pub(crate) precision: Precision,
    /// How weights are stored, one for every matrix; none: as 32-bit floats.
    storage: Vec<MatrixStorage>,
    /// How many rows every step reads, where only some nodes are asked for.
    n_rows: Option<Vec<usize>>,
    /// Embeddings of the last pass: what the system would have to clear first takes as long as some hops over what is left.
    spare: Vec<Panels>,
}

/// An embedding that takes more bytes is not kept from one pass to the next.
const MAX_SPARE_BYTES: usize = 256 << 20;
/// Two of 32-bit floats and two of half as many bits.
const MAX_SPARE: usize = 4;

impl MaskedInference {
    /// Everything kept: the model as it is.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries, [`EngineError::Cancelled`].
    pub(crate) fn unpruned(dataset: &Dataset, recipe: &Recipe, ctl: &Control) -> Result<Self, EngineError> {
        let recipe = with_own_self_loops(recipe);
        Ok(Self::over(OperatorSource::new(dataset, &recipe).all()?, nodes_of(dataset, &recipe, ctl)?))
    }

    /// The same entries in every step, for nodes that lie as `nodes` says.
    pub(crate) fn over(operator: PrunedOperator, nodes: Option<Arc<Permutation>>) -> Self {
        let operator = nodes.as_ref().map(|nodes| operator.reordered(nodes)).unwrap_or(operator);
        Self::with_steps(Steps::same(operator), nodes, None)
    }

    /// A model whose weights are masked already, over `edges`. `locked` nodes get back the entries that each step itself
    /// removed, as the authors' evaluation does (docs/DIFFERENCES.md#d31).
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries, [`EngineError::Cancelled`].
    pub(crate) fn pruned(
        dataset: &Dataset,
        recipe: &Recipe,
        edges: &EdgeMask,
        locked: Option<&[bool]>,
        products: Option<&[Product]>,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let nodes = nodes_of(dataset, recipe, ctl)?;
        let steps =
            Steps::of_mask(OperatorSource::new(dataset, recipe), edges, locked, counts_removed(recipe), nodes.clone())?;
        Ok(Self::with_steps(steps, nodes, products.map(<[_]>::to_vec)))
    }

    /// No graph: the MLP of a decoupled family.
    pub(crate) fn weights_only() -> Self {
        Self::with_steps(Steps::none(), None, None)
    }

    fn with_steps(steps: Steps, nodes: Option<Arc<Permutation>>, products: Option<Vec<Product>>) -> Self {
        let (step_secs, last, precision) = (Vec::new(), Instant::now(), Precision::default());
        let (weights, storage, spare) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            steps,
            nodes,
            weights,
            products,
            outputs: None,
            step_secs,
            last,
            precision,
            storage,
            n_rows: None,
            spare,
        }
    }

    /// The same in low precision: values of entries, weights and embeddings stored in fewer bits. What is multiplied is what they stand for.
    pub(crate) fn in_low_precision(
        mut self,
        entries: ValueType,
        storage: Vec<MatrixStorage>,
        embeddings: Precision,
    ) -> Self {
        self.steps = self.steps.stored_as(entries);
        (self.storage, self.precision) = (storage, embeddings);
        self
    }

    /// Bytes in memory of the lists and weights that were used.
    pub(crate) fn n_bytes(&self) -> usize {
        self.steps.n_bytes() + self.weights.iter().flatten().map(PreparedWeight::n_bytes).sum::<usize>()
    }

    /// What a layer propagates, stored as the precision says; nothing where that is as it is.
    fn halved(&self, x: &Array2<f32>, ctl: &Control) -> Result<Option<Vec<half::bf16>>, EngineError> {
        match self.precision {
            Precision::F32 => Ok(None),
            Precision::Bf16 => upper_halves(x.view(), ctl).map(Some),
        }
    }

    /// Nobody's steps yet: those of a request come with [`MaskedInference::serve`].
    pub(crate) fn for_requests(products: Option<Vec<Product>>) -> Self {
        Self::with_steps(Steps::none(), None, products)
    }

    /// From now on over the receptive field of a request. Weights that were made ready stay.
    pub(crate) fn serve(&mut self, field: ReceptiveField) {
        self.steps = Steps::each(field.steps);
        self.n_rows = Some(field.n_rows);
    }

    /// What step `step` propagates over.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn operator(&mut self, step: usize) -> Result<PrunedOperator, EngineError> {
        Ok(self.step(step)?.operator.clone())
    }

    /// From now on step `step` propagates over `operator`, of the request that is served.
    pub(crate) fn put_operator(&mut self, step: usize, operator: PrunedOperator) {
        self.steps.put(step, operator);
    }

    /// Runs `work` over the whole graph's lists, which stay where they are.
    pub(crate) fn over_whole<T>(&mut self, steps: &mut Steps, work: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.steps, steps);
        self.n_rows = None;
        let done = work(self);
        std::mem::swap(&mut self.steps, steps);
        done
    }

    /// Takes over the room for embeddings that `other` keeps: of two that run in turn one needs it.
    pub(crate) fn take_room_of(&mut self, other: &mut Self) {
        self.spare.append(&mut other.spare);
    }

    /// Starts the clock of the first step.
    pub(crate) fn start(&mut self) {
        self.step_secs.clear();
        self.last = Instant::now();
    }

    /// What a step propagates over. Making its lists is not part of its time: production has them.
    fn step(&mut self, step: usize) -> Result<&Step, EngineError> {
        let began = Instant::now();
        let (made, is_new) = self.steps.get(step)?;
        if is_new {
            self.last += began.elapsed();
        }
        Ok(made)
    }
}

/// How the nodes lie while `recipe` propagates them; hops alone go over nodes in another order than the stored one.
fn nodes_of(dataset: &Dataset, recipe: &Recipe, ctl: &Control) -> Result<Option<Arc<Permutation>>, EngineError> {
    let order = if recipe.model.is_decoupled() { recipe.propagation.order } else { HopOrder::Stored };
    dataset.topology().ordered(order, ctl)
}

/// The weight, made ready when it is first needed, for `product` or else for the likely one.
fn prepared<'a>(
    all: &'a mut Vec<Option<PreparedWeight>>,
    storage: &[MatrixStorage],
    weight: WeightAt<'_>,
    product: Option<Product>,
    sparse_input: bool,
    ctl: &Control,
) -> &'a PreparedWeight {
    if all.len() <= weight.matrix {
        all.resize_with(weight.matrix + 1, || None);
    }
    all[weight.matrix].get_or_insert_with(|| {
        let product = product.unwrap_or_else(|| likely_product(weight.values, sparse_input, ctl.cost()));
        match storage.get(weight.matrix).filter(|storage| storage.kind != ValueType::F32) {
            Some(storage) => PreparedWeight::stored(weight.values, storage, sparse_input, product),
            None => PreparedWeight::new(weight.values, sparse_input, product),
        }
    })
}

impl Policy for MaskedInference {
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let product = self.products.as_ref().and_then(|p| p.get(weight.matrix).copied());
        let sparse_input = matches!(x, Rows::Sparse(_));
        prepared(&mut self.weights, &self.storage, weight, product, sparse_input, ctl).apply(x, ctl)
    }

    fn fuses(&self) -> bool {
        self.outputs.is_none()
    }

    fn precision(&self) -> Precision {
        self.precision
    }

    fn propagate_and_transform(
        &mut self,
        step: Option<usize>,
        x: &Array2<f32>,
        then: &[Pointwise],
        weight: WeightAt<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let (width, values) = (x.ncols(), contiguous(x.view()));
        let halves = step.map(|_| self.halved(x, ctl)).transpose()?.flatten();
        let operator = step.map(|step| Ok(self.step(step)?.operator.clone())).transpose()?;
        let propagation_nanos = AtomicU64::new(0);
        let make = |first: usize, rows: &mut [f32]| {
            let start = Instant::now();
            match (&operator, &halves) {
                (Some(operator), None) => operator.propagate_rows(x, first, rows),
                (Some(operator), Some(x)) => operator.propagate_stored_rows(RowsRef::Bf16(x), width, first, rows),
                (None, _) => rows.copy_from_slice(&values[first * width..][..rows.len()]),
            }
            change_rows(rows, width, then);
            propagation_nanos.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        };
        let product = self.products.as_ref().and_then(|p| p.get(weight.matrix).copied());
        let n = operator.as_ref().map_or_else(|| x.nrows(), PrunedOperator::n_rows);
        let out =
            prepared(&mut self.weights, &self.storage, weight, product, false, ctl).apply_to_made(n, &make, ctl)?;
        // The propagation may be part of a step that is finished: its time goes there.
        if let Some(secs) = step.and_then(|step| self.step_secs.get_mut(step)) {
            let propagation_time = Duration::from_nanos(propagation_nanos.into_inner() / ctl.n_threads().max(1) as u64);
            *secs += propagation_time.as_secs_f64();
            self.last += propagation_time;
        }
        Ok(out)
    }

    fn rows(&self) -> Option<&[usize]> {
        self.n_rows.as_deref()
    }

    fn order(&self) -> Option<&Permutation> {
        self.nodes.as_deref()
    }

    fn room(&mut self, n: usize, width: usize) -> Panels {
        let fits = self.spare.iter().position(|room| room.is_as_new(n, width, self.precision));
        fits.map_or_else(|| Panels::zeros(n, width, self.precision), |at| self.spare.swap_remove(at))
    }

    fn give_back(&mut self, room: Panels) {
        if room.size_bytes() <= MAX_SPARE_BYTES && self.spare.len() < MAX_SPARE {
            self.spare.push(room);
        }
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let halves = self.halved(x, ctl)?;
        let operator = &self.step(step)?.operator;
        match &halves {
            Some(halves) => operator.propagate_stored(RowsRef::Bf16(halves), x.ncols(), ctl),
            None => operator.propagate(x, ctl),
        }
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        match self.precision {
            Precision::F32 => self.step(step)?.operator.largest(x, ctl),
            // What is read is rounded, though it takes no less memory here.
            Precision::Bf16 => self.step(step)?.operator.largest(&x.mapv(|v| half::bf16::from_f32(v).to_f32()), ctl),
        }
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        self.step(step)?.operator.hop(x, out, &mut [], ctl)
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        // Coefficients that were fitted take the place of attention's.
        if self.step(step)?.has_own_values {
            return self.propagate(step, input.source, ctl);
        }
        // Scores are of what was computed; what is gathered by them is read as it is stored.
        let halves = self.halved(input.source, ctl)?;
        let step = self.step(step)?;
        let attended = match &step.before {
            Some((before, kept)) => attend(before, Some(kept.clone()), input, ctl)?,
            None => attend(&step.operator, None, input, ctl)?,
        };
        match &halves {
            Some(halves) => attended.gather_stored(RowsRef::Bf16(halves), input.source.ncols(), ctl),
            None => attended.gather(input.source, ctl),
        }
    }

    fn finished(&mut self, _: StepKind, _: usize, output: &Array2<f32>) {
        self.finished_unseen();
        if let Some(outputs) = &mut self.outputs {
            outputs.push(output.clone());
        }
    }

    fn finished_unseen(&mut self) {
        let now = Instant::now();
        self.step_secs.push((now - self.last).as_secs_f64());
        self.last = now;
    }

    fn finished_hop(&mut self, _: usize, output: &Panels, ctl: &Control) -> Result<(), EngineError> {
        self.finished_unseen();
        if let Some(outputs) = &mut self.outputs {
            outputs.push(output.to_rows(self.nodes.as_ref().map(|nodes| nodes.position()), ctl)?);
        }
        Ok(())
    }
}

/// How a step makes one row of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregated {
    /// Their sum, each times its entry's value; a hop, too.
    Sum,
    /// Their largest, column by column.
    Largest,
    /// Their sum, each times its coefficient of attention.
    Attention,
}

/// An inference in which somebody looks at what every graph step is given, before the step: `heard(step, how, x, ctl)`, rows of `x` as nodes lie.
pub(crate) struct Listening<F> {
    pub(crate) inference: MaskedInference,
    pub(crate) heard: F,
}

impl<F> Policy for Listening<F>
where
    F: FnMut(usize, Aggregated, &Array2<f32>, &Control) -> Result<(), EngineError>,
{
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        measured: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        self.inference.transform(weight, x, measured, ctl)
    }

    fn fuses(&self) -> bool {
        self.inference.fuses()
    }

    fn propagate_and_transform(
        &mut self,
        step: Option<usize>,
        x: &Array2<f32>,
        then: &[Pointwise],
        weight: WeightAt<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        if let Some(step) = step {
            (self.heard)(step, Aggregated::Sum, x, ctl)?;
        }
        self.inference.propagate_and_transform(step, x, then, weight, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        (self.heard)(step, Aggregated::Sum, x, ctl)?;
        self.inference.propagate(step, x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        (self.heard)(step, Aggregated::Largest, x, ctl)?;
        self.inference.propagate_max(step, x, ctl)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        (self.heard)(step, Aggregated::Sum, &x.to_rows(None, ctl)?, ctl)?;
        self.inference.hop(step, x, out, ctl)
    }

    fn order(&self) -> Option<&Permutation> {
        self.inference.order()
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        (self.heard)(step, Aggregated::Attention, input.source, ctl)?;
        self.inference.attend(step, input, ctl)
    }
}

/// An inference whose products are made by somebody who looks at what they get: `product(inference, weight, x, ctl)` gives `x Ŵ`.
pub(crate) struct WithProducts<F> {
    pub(crate) inference: MaskedInference,
    pub(crate) product: F,
}

impl<F> Policy for WithProducts<F>
where
    F: FnMut(&mut MaskedInference, WeightAt<'_>, Rows<'_>, &Control) -> Result<Array2<f32>, EngineError>,
{
    fn transform(
        &mut self,
        weight: WeightAt<'_>,
        x: Rows<'_>,
        _: Rows<'_>,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        (self.product)(&mut self.inference, weight, x, ctl)
    }

    fn propagate(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.propagate(step, x, ctl)
    }

    fn propagate_max(&mut self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.propagate_max(step, x, ctl)
    }

    fn hop(&mut self, step: usize, x: &Panels, out: &mut Panels, ctl: &Control) -> Result<(), EngineError> {
        self.inference.hop(step, x, out, ctl)
    }

    fn order(&self) -> Option<&Permutation> {
        self.inference.order()
    }

    fn attend(&mut self, step: usize, input: &AttentionInput<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        self.inference.attend(step, input, ctl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Features, PowerLaw, power_law_communities};
    use crate::engine::model::exec::hops::hops;
    use crate::engine::model::{Architecture, Family};

    #[test]
    fn what_the_last_pass_left_does_not_show() {
        let ctl = Control::new(2).expect("workers");
        // Seven columns: the rest of a cache line is filled up.
        let shape = PowerLaw { n_nodes: 90, n_entries: 500, n_features: 7, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let nothing = Features::from_dense(Array2::from_elem((90, 7), f32::NAN));
        for family in [Family::Sgc, Family::Appnp] {
            let recipe = Recipe { model: Architecture::new(family), ..Recipe::default() };
            let pass = |inference: &mut MaskedInference, precision, features: &Features| {
                inference.precision = precision;
                hops(features, &recipe.model, inference, &ctl).expect("not cancelled")
            };
            let fresh = || MaskedInference::unpruned(&dataset, &recipe, &ctl).expect("small");
            let mut again = fresh();
            for precision in [Precision::F32, Precision::Bf16, Precision::F32] {
                assert!(pass(&mut again, precision, &nothing).iter().all(|v| v.is_nan()));
                assert!(!again.spare.is_empty(), "room is kept");
                let expected = pass(&mut fresh(), precision, dataset.features());
                assert_eq!(pass(&mut again, precision, dataset.features()), expected, "{family:?} {precision:?}");
            }
        }
    }
}
