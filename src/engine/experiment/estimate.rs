//! What a recipe would remove, at once and nearly right, from the scores of a run that was decided before: what the window shows
//! while a slider moves over a graph that takes longer than a moment to decide.
//!
//! The scores of every step are kept as a [`QuantileSketch`]. An entry is removed by step `l` when in any step up to `l` its score
//! is below the threshold, so what is kept is the smallest of its scores so far, each as a multiple of what δ multiplies; one look
//! into the sketch then gives the count for any δ (Unifews Algorithm 1). Norms and mean messages are those of the run, and only entries
//! that a step tested have a score there: exact for the first step that nothing comes before, an estimate for those that see what
//! others removed.

use std::sync::Arc;

use super::run::Run;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::model::Parameter;
use crate::engine::sparsify::exempt::Exempt;
use crate::engine::sparsify::threshold::{CLAMP, SMALLEST_INPUT, mean_input_norm};
use crate::engine::sparsify::{EdgeMode, Recipe, WeightMode, WeightTrace};

/// How many values are below any number, to within a stated share of them.
///
/// # Invariants
/// Between neighbouring borders lie at most [`QuantileSketch::ERROR`] of all values; equal values that are more than that have a
/// border before and one behind them. Borders and counts ascend.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuantileSketch {
    /// A number, and how many values are below it.
    borders: Vec<(f32, usize)>,
    n: usize,
}

/// Bits of a number that choose its bin: the exponent and eight of the fraction.
const DROPPED_BITS: u32 = 15;
const N_BINS: usize = 1 << (31 - DROPPED_BITS);
/// Pieces that values are counted in side by side.
const N_PIECES: usize = 16;

impl QuantileSketch {
    /// The largest error of a count, as a share of all values.
    pub const ERROR: f64 = 1.0 / 1024.0;

    /// Counts values of at least 0; infinite ones are below nothing, and NaN is taken for infinite.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(values), and O(v log v) of those that crowd together.
    pub fn new(values: &[f32], ctl: &Control) -> Result<Self, EngineError> {
        let n = values.len();
        let most = ((n as f64 * Self::ERROR) as usize).max(1);
        let piece = n.div_ceil(N_PIECES).max(1);
        let pieces: Vec<&[f32]> = values.chunks(piece).collect();
        let counts = ctl.map(pieces.len(), |at| {
            let mut counts = vec![0u32; N_BINS];
            for value in pieces[at].iter().filter(|v| v.is_finite()) {
                counts[bin(*value)] += 1;
            }
            counts
        })?;
        let total = |bin: usize| counts.iter().map(|c| c[bin] as usize).sum::<usize>();
        let totals: Vec<usize> = (0..N_BINS).map(total).collect();
        // What crowds in one bin is sorted.
        let mut place = vec![u32::MAX; N_BINS];
        let mut crowded: Vec<usize> = Vec::new();
        for (bin, _) in totals.iter().enumerate().filter(|(_, n)| **n > most) {
            place[bin] = crowded.len() as u32;
            crowded.push(bin);
        }
        let gathered = if crowded.is_empty() {
            Vec::new()
        } else {
            ctl.map(pieces.len(), |at| {
                let mut bins = vec![Vec::new(); crowded.len()];
                for value in pieces[at].iter().filter(|v| v.is_finite()) {
                    if let Some(bin) = bins.get_mut(place[bin(*value)] as usize) {
                        bin.push(*value);
                    }
                }
                bins
            })?
        };
        let sorted = ctl.map(crowded.len(), |at| {
            let mut all: Vec<f32> = gathered.iter().flat_map(|bins| &bins[at]).copied().collect();
            all.sort_unstable_by(f32::total_cmp);
            all
        })?;
        let mut sketch = Self { borders: Vec::new(), n };
        let mut below = 0;
        for (bin, count) in totals.iter().enumerate().filter(|(_, n)| **n > 0) {
            let lower = f32::from_bits((bin as u32) << DROPPED_BITS);
            if let Some(values) = sorted.get(place[bin] as usize) {
                sketch.push(lower, below);
                sketch.push_all(values, below, most);
            } else if sketch.since(below + count) > most {
                sketch.push(lower, below);
            }
            below += count;
        }
        let largest = values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f32::max);
        sketch.push(largest.next_up(), below);
        Ok(sketch)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// About how many values are below `x`.
    ///
    /// # Complexity
    /// O(log borders).
    pub fn n_below(&self, x: f32) -> f64 {
        let after = self.borders.partition_point(|(border, _)| *border <= x);
        let Some((from, n_from)) = after.checked_sub(1).map(|at| self.borders[at]) else { return 0.0 };
        let Some((to, n_to)) = self.borders.get(after).copied() else { return n_from as f64 };
        let part = (f64::from(x) - f64::from(from)) / (f64::from(to) - f64::from(from));
        n_from as f64 + part * (n_to - n_from) as f64
    }

    /// Values since the last border.
    fn since(&self, below: usize) -> usize {
        below - self.borders.last().map_or(0, |(_, n)| *n)
    }

    fn push(&mut self, border: f32, below: usize) {
        if self.borders.last().is_none_or(|(last, _)| *last < border) {
            self.borders.push((border, below));
        }
    }

    /// Borders among sorted values of which `below` others are smaller.
    fn push_all(&mut self, values: &[f32], below: usize, most: usize) {
        let mut at = 0;
        for equal in values.chunk_by(|a, b| a.total_cmp(b).is_eq()) {
            let end = at + equal.len();
            if self.since(below + end) > most {
                self.push(equal[0], below + at);
            }
            if equal.len() > most {
                self.push(equal[0].next_up(), below + end);
            }
            at = end;
        }
    }
}

fn bin(value: f32) -> usize {
    // Of numbers that are not negative the bits ascend with the value; -0 counts as 0.
    ((value.abs().to_bits()) >> DROPPED_BITS) as usize
}

/// What δ is meant by in the steps of one side.
#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    /// All steps share one, which may be any.
    Shared,
    /// Each has its own, which is this one.
    Each(Vec<f64>),
}

impl Pattern {
    fn of(deltas: &[f64]) -> Self {
        if deltas.len() == 1 { Self::Shared } else { Self::Each(deltas.to_vec()) }
    }

    /// What scores of a step are measured in, beside its scale.
    fn unit(&self, step: usize) -> f64 {
        match self {
            Self::Shared => 1.0,
            Self::Each(deltas) => deltas.get(step).copied().unwrap_or_default(),
        }
    }

    /// What such a measured score is compared with.
    fn threshold(&self, deltas: &[f64]) -> f64 {
        match self {
            Self::Shared => deltas.first().copied().unwrap_or_default(),
            Self::Each(_) => 1.0,
        }
    }
}

/// The scores of a run, ready to be asked what other thresholds would remove.
#[derive(Debug, Clone)]
pub struct ScoreSketch {
    run: Arc<Run>,
    edge_mode: EdgeMode,
    weight_mode: WeightMode,
    edge_pattern: Pattern,
    weight_pattern: Pattern,
    /// One for every step of the run with a graph side.
    edges: Vec<QuantileSketch>,
    /// One for every matrix, in the order of the steps.
    weights: Vec<QuantileSketch>,
}

/// How many entries of a matrix would be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemovedCount {
    /// Removed in this step or before.
    pub n_removed: usize,
    /// All that can be removed.
    pub n_entries: usize,
}

impl RemovedCount {
    fn of(n_removed: f64, n_entries: usize) -> Self {
        Self { n_removed: (n_removed.max(0.0).round() as usize).min(n_entries), n_entries }
    }

    /// Entries kept.
    pub fn n_kept(&self) -> usize {
        self.n_entries - self.n_removed
    }

    /// Removed share, `0..=1`.
    pub fn sparsity(&self) -> f64 {
        self.n_removed as f64 / self.n_entries.max(1) as f64
    }
}

impl std::iter::Sum for RemovedCount {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |a, b| Self {
            n_removed: a.n_removed + b.n_removed,
            n_entries: a.n_entries + b.n_entries,
        })
    }
}

/// What one step would remove.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepEstimate {
    /// Of the graph.
    pub edges: Option<RemovedCount>,
    /// Of each of its weight matrices.
    pub weights: Vec<RemovedCount>,
}

/// About what a recipe removes.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The recipe, complete.
    pub recipe: Recipe,
    /// In the order of the run's steps.
    pub steps: Vec<StepEstimate>,
}

impl Estimate {
    /// Entries of the graph, over all steps.
    pub fn edges(&self) -> RemovedCount {
        self.steps.iter().filter_map(|s| s.edges).sum()
    }

    /// Weights, over all layers.
    pub fn weights(&self) -> RemovedCount {
        self.steps.iter().flat_map(|s| s.weights.iter().copied()).sum()
    }
}

impl ScoreSketch {
    /// Whether a sketch of `run` can say something about `recipe`: it differs in thresholds alone, and every step has one. Of recovery,
    /// which chooses every step's entries anew, it can say nothing.
    pub fn can_answer(run: &Run, recipe: &Recipe) -> bool {
        if recipe.recovery.is_some() {
            return false;
        }
        let mut alike = recipe.clone();
        alike.edges.delta.clone_from(&run.recipe.edges.delta);
        alike.weights.delta.clone_from(&run.recipe.weights.delta);
        (alike.edges.mode, alike.weights.mode) = (run.recipe.edges.mode, run.recipe.weights.mode);
        alike == run.recipe && ![run.recipe.edges.mode, recipe.edges.mode].contains(&EdgeMode::Mass)
    }

    /// Sketches the scores of a run, as the thresholds of `recipe` need them.
    ///
    /// # Errors
    /// [`EngineError::Recipe`], [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(steps · entries + weights). While it works it takes 8 bytes per entry of the graph; what stays does not grow with it.
    pub fn new(run: &Arc<Run>, recipe: &Recipe, ctl: &Control) -> Result<Self, EngineError> {
        let mut sketch = Self {
            run: Arc::clone(run),
            edge_mode: recipe.edges.mode,
            weight_mode: recipe.weights.mode,
            edge_pattern: Pattern::of(&recipe.edges.delta),
            weight_pattern: Pattern::of(&recipe.weights.delta),
            edges: Vec::new(),
            weights: Vec::new(),
        };
        if !matches!(recipe.edges.mode, EdgeMode::Target | EdgeMode::Mass) {
            sketch.edges = sketch.sketched_edges(ctl)?;
        }
        if recipe.weights.mode != WeightMode::Target && recipe.weights.ranking.is_none() {
            for trace in run.pruned.steps.iter().flat_map(|s| &s.weights) {
                sketch.weights.push(sketch.sketched_weights(trace, ctl)?);
            }
        }
        Ok(sketch)
    }

    /// The run that it is of.
    pub fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// Whether a sketch of a run that was made for one of the recipes answers the other as well.
    pub fn is_same_for(a: &Recipe, b: &Recipe) -> bool {
        let needs =
            |r: &Recipe| (r.edges.mode, r.weights.mode, Pattern::of(&r.edges.delta), Pattern::of(&r.weights.delta));
        needs(a) == needs(b)
    }

    /// Whether it says what `recipe` would remove.
    pub fn answers(&self, recipe: &Recipe) -> bool {
        (self.edge_mode, self.weight_mode) == (recipe.edges.mode, recipe.weights.mode)
            && self.edge_pattern == Pattern::of(&recipe.edges.delta)
            && self.weight_pattern == Pattern::of(&recipe.weights.delta)
            && Self::can_answer(&self.run, recipe)
    }

    /// About what `recipe` removes, which this sketch [answers](Self::answers).
    ///
    /// # Complexity
    /// O(matrices · log borders), whatever the size of the graph.
    pub fn estimate(&self, recipe: &Recipe) -> Estimate {
        let (mut n_removed, mut nth_edges, mut nth_weights) = (0.0f64, 0, 0);
        let mut steps = Vec::with_capacity(self.run.pruned.steps.len());
        for step in &self.run.pruned.steps {
            let edges = step.edges.as_ref().map(|trace| {
                let n = trace.n_removable();
                let removed = match self.edges.get(nth_edges) {
                    Some(sketch) => sketch.n_below(self.edge_pattern.threshold(&recipe.edges.delta) as f32),
                    None => (recipe.delta_a(step.idx) * n as f64).min((trace.n_entries - trace.n_self_loops) as f64),
                };
                nth_edges += 1;
                n_removed = n_removed.max(removed);
                RemovedCount::of(n_removed, n)
            });
            let of_matrix = |trace: &WeightTrace| {
                let removed = match self.weights.get(nth_weights) {
                    Some(sketch) => sketch.n_below(self.weight_pattern.threshold(&recipe.weights.delta) as f32),
                    None => recipe.delta_w(self.layer_of(trace)) * trace.n_weights as f64,
                };
                nth_weights += 1;
                RemovedCount::of(removed, trace.n_weights)
            };
            steps.push(StepEstimate { edges, weights: step.weights.iter().map(of_matrix).collect() });
        }
        Estimate { recipe: recipe.clone(), steps }
    }

    fn layer_of(&self, trace: &WeightTrace) -> usize {
        self.run.model.weight(trace.idx).and_then(Parameter::prunable_layer).unwrap_or_default()
    }

    /// For every step the smallest score so far of every entry, as a multiple of what its δ multiplies.
    fn sketched_edges(&self, ctl: &Control) -> Result<Vec<QuantileSketch>, EngineError> {
        /// Entries looked at in one piece of parallel work.
        const ENTRIES: usize = 1 << 16;
        let run = &self.run;
        let (topology, recipe) = (run.dataset.topology(), &run.recipe);
        let exempt = Exempt::of(&run.dataset, recipe, &run.split)?;
        let diffusion = Diffusion::of(&run.dataset, recipe.matrix());
        let (indptr, indices, values) = (topology.indptr(), topology.indices(), diffusion.values());
        let mask = &run.pruned.masks.edges;
        let mut smallest = vec![f32::INFINITY; topology.n_entries()];
        let mut sketches = Vec::new();
        let n_steps = run.pruned.steps.iter().filter(|s| s.edges.is_some()).count();
        for (idx, trace) in run.pruned.steps.iter().filter_map(|s| Some((s.idx, s.edges.as_ref()?))) {
            ctl.progress("sketching scores", sketches.len(), n_steps);
            let scale = if self.edge_mode == EdgeMode::Relative { trace.mean_message } else { 1.0 };
            let unit = (scale * self.edge_pattern.unit(idx)) as f32;
            ctl.for_row_blocks(&mut smallest, 1, ENTRIES, |first, block| {
                let mut u = indptr.partition_point(|start| *start <= first) - 1;
                for (k, smallest) in (first..).zip(block) {
                    while indptr[u + 1] <= k {
                        u += 1;
                    }
                    let v = indices[k] as usize;
                    // What was removed before was compared with nothing here: the norms that it would have met are those of a network
                    // without it.
                    let is_tested = mask.is_present(k, idx);
                    let decided = exempt.decides(u, v);
                    if decided == Some(false) {
                        // Any threshold above 0 removes it.
                        *smallest = 0.0;
                    } else if is_tested && decided.is_none() {
                        // 0 / 0 is NaN and leaves what there is: nothing is requested, nothing is removed.
                        *smallest = smallest.min(trace.score(k, v, values[k]) / unit);
                    }
                }
            })?;
            sketches.push(QuantileSketch::new(&smallest, ctl)?);
        }
        Ok(sketches)
    }

    fn sketched_weights(&self, trace: &WeightTrace, ctl: &Control) -> Result<QuantileSketch, EngineError> {
        let missing = || EngineError::mismatch("scores", "a weight matrix", format!("matrix {}", trace.idx));
        let weight = &self.run.model.weight(trace.idx).ok_or_else(missing)?.values;
        let is_relative = self.weight_mode == WeightMode::Relative;
        let scale = if is_relative { mean_input_norm(&trace.column_norms) } else { 1.0 };
        if is_relative && scale <= SMALLEST_INPUT {
            return QuantileSketch::new(&vec![f32::INFINITY; weight.len()], ctl);
        }
        let largest = weight.iter().fold(0.0f32, |m, w| m.max(w.abs()));
        let clamp = if is_relative { CLAMP * largest } else { f32::INFINITY };
        let unit = (scale * self.weight_pattern.unit(self.layer_of(trace))) as f32;
        let score = |((j, i), w): ((usize, usize), &f32)| {
            let size = w.abs();
            if size < clamp { size * trace.column_norms[trace.feature(j, i)] / unit } else { f32::INFINITY }
        };
        let scores: Vec<f32> = weight.indexed_iter().map(score).collect();
        QuantileSketch::new(&scores, ctl)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::experiment::{RunOptions, run};
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family, Model};
    use crate::engine::sparsify::{Lock, RecoveryRule};

    fn ctl() -> Control {
        Control::new(2).expect("workers")
    }

    /// Values that spread, crowd, repeat and are missing.
    fn values() -> impl Strategy<Value = Vec<f32>> {
        let value = prop_oneof![
            4 => 0.0..1e3f32,
            2 => 0.999..1.001f32,
            2 => Just(0.25f32),
            1 => Just(0.0f32),
            1 => Just(f32::INFINITY),
            1 => 1e-30..1e-20f32,
        ];
        prop_oneof![prop::collection::vec(value, 0..3_000), prop::collection::vec(Just(2.5f32), 1..2_000)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_sketch_counts_to_within_its_error(values in values(), asked in prop::collection::vec(0.0..2e3f32, 20)) {
            let sketch = QuantileSketch::new(&values, &ctl()).expect("a sketch");
            prop_assert_eq!(sketch.len(), values.len());
            let most = (values.len() as f64 * QuantileSketch::ERROR).max(1.0);
            let own = values.iter().copied().filter(|v| v.is_finite()).step_by(7);
            let ends = [0.0, 1e-25, 0.25, 1.0, 2.5, f32::MAX];
            for x in asked.into_iter().chain(own.flat_map(|v| [v, v.next_up()])).chain(ends) {
                let exact = values.iter().filter(|v| **v < x).count() as f64;
                let about = sketch.n_below(x);
                prop_assert!((about - exact).abs() <= most, "{about} is not {exact} below {x}, of {}", values.len());
            }
            let whole = |x: f32| sketch.n_below(x).round() as usize;
            prop_assert_eq!(whole(0.0), 0, "a threshold of 0 removes nothing");
            prop_assert_eq!(whole(f32::MAX), values.iter().filter(|v| v.is_finite()).count());
        }
    }

    fn decided(family: Family, change: impl Fn(&mut Recipe)) -> Arc<Run> {
        let shape = PowerLaw { n_nodes: 900, n_entries: 9_000, n_features: 12, n_classes: 3, seed: 5 };
        let dataset = power_law_communities(&shape, &ctl()).expect("a graph").shared();
        let mut architecture = Architecture { hidden: 16, ..Architecture::new(family) };
        if family == Family::Sgc {
            architecture.hops = 4;
        }
        let model = Arc::new(Model::init(&architecture, 12, 3, 1));
        let mut recipe = Recipe { model: architecture, ..Recipe::default() };
        change(&mut recipe);
        Arc::new(run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run"))
    }

    /// What a recipe removes in truth, by deciding anew.
    fn again(base: &Run, recipe: &Recipe) -> Run {
        run(&base.dataset, &base.model, recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run")
    }

    /// The error of a sketch, in entries, and one for what rounding decides.
    fn most(n: usize) -> f64 {
        (n as f64 * QuantileSketch::ERROR).max(1.0) + 1.0
    }

    #[test]
    fn what_nothing_comes_before_is_exact_to_within_the_error() {
        for (mode, weight_mode, deltas) in [
            (EdgeMode::Relative, WeightMode::Relative, [0.0, 0.2, 0.5, 1.0, 2.0, 50.0]),
            (EdgeMode::Absolute, WeightMode::Absolute, [0.0, 0.01, 0.1, 0.5, 2.0, 1e6]),
            (EdgeMode::Target, WeightMode::Target, [0.0, 0.1, 0.3, 0.5, 0.9, 1.0]),
        ] {
            let base = decided(Family::Sgc, |r| {
                (r.edges.mode, r.weights.mode) = (mode, weight_mode);
                (r.edges.delta, r.weights.delta) = (vec![deltas[2]], vec![deltas[2]]);
            });
            let sketch = ScoreSketch::new(&base, &base.recipe, &ctl()).expect("a sketch");
            for delta in deltas {
                let mut recipe = base.recipe.clone();
                recipe.edges.delta = vec![delta];
                assert!(sketch.answers(&recipe));
                let (estimate, truth) = (sketch.estimate(&recipe), again(&base, &recipe));
                let (about, exact) = (estimate.steps[0].edges.expect("hop 1"), &truth.pruned.steps[0]);
                let exact = exact.edges.as_ref().expect("hop 1");
                let difference = (about.n_kept() as f64 - exact.n_kept() as f64).abs();
                assert!(difference <= most(exact.n_entries), "{mode:?} {delta}: {about:?}, kept {}", exact.n_kept());
                assert_eq!(estimate.steps.len(), truth.pruned.steps.len());
                let shares: Vec<f64> = estimate.steps.iter().filter_map(|s| s.edges).map(|e| e.sparsity()).collect();
                assert!(shares.windows(2).all(|w| w[0] <= w[1]), "what is removed stays removed: {shares:?}");
            }
            // Weights alone: those of the first layer see the same input.
            for delta in deltas {
                let mut recipe = base.recipe.clone();
                recipe.weights.delta = vec![delta];
                let (estimate, truth) = (sketch.estimate(&recipe), again(&base, &recipe));
                let linear = truth.pruned.steps.iter().position(|s| !s.weights.is_empty()).expect("a layer");
                let exact = &truth.pruned.steps[linear].weights[0];
                let about = estimate.steps[linear].weights[0];
                let difference = (about.n_kept() as f64 - exact.n_after as f64).abs();
                assert!(difference <= most(exact.n_weights), "{weight_mode:?} {delta}: {about:?}, {}", exact.n_after);
            }
        }
    }

    #[test]
    fn with_the_run_s_own_thresholds_every_step_is_exact_to_within_the_error() {
        for family in [Family::Gcn, Family::Sgc, Family::Gat, Family::Sage] {
            for per_step in [false, true] {
                let base = decided(family, |r| {
                    r.edges.lock = Lock::Val;
                    r.edges.delta = vec![0.6];
                    r.weights.delta = vec![0.4];
                    if per_step {
                        r.edges.delta = (0..r.model.n_graph_steps()).map(|l| 0.2 * l as f64).collect();
                        r.weights.delta = (0..r.model.layers).map(|l| 0.5 - 0.3 * l as f64).collect();
                    }
                });
                let sketch = ScoreSketch::new(&base, &base.recipe, &ctl()).expect("a sketch");
                let estimate = sketch.estimate(&base.recipe);
                for (about, exact) in estimate.steps.iter().zip(&base.pruned.steps) {
                    if let (Some(about), Some(exact)) = (about.edges, &exact.edges) {
                        let difference = (about.n_kept() as f64 - exact.n_kept() as f64).abs();
                        assert!(difference <= most(exact.n_entries), "{family:?}: {about:?}, {}", exact.n_kept());
                    }
                    for (about, exact) in about.weights.iter().zip(&exact.weights) {
                        let difference = (about.n_kept() as f64 - exact.n_after as f64).abs();
                        assert!(difference <= most(exact.n_weights), "{family:?}: {about:?}, {}", exact.n_after);
                    }
                }
                let share = estimate.edges().sparsity() - base.pruned.edge_sparsity();
                assert!(share.abs() < 2.0 * QuantileSketch::ERROR, "{share}");
            }
        }
    }

    #[test]
    fn another_recipe_needs_another_sketch() {
        let base = decided(Family::Gcn, |r| r.edges.delta = vec![0.5]);
        let sketch = ScoreSketch::new(&base, &base.recipe, &ctl()).expect("a sketch");
        let differs = |change: &dyn Fn(&mut Recipe)| {
            let mut recipe = base.recipe.clone();
            change(&mut recipe);
            (sketch.answers(&recipe), ScoreSketch::can_answer(&base, &recipe))
        };
        assert_eq!(differs(&|r| r.edges.delta = vec![0.7]), (true, true));
        assert_eq!(differs(&|r| r.edges.delta = vec![0.7, 0.5]), (false, true));
        assert_eq!(differs(&|r| r.edges.mode = EdgeMode::Absolute), (false, true));
        assert_eq!(differs(&|r| r.edges.mode = EdgeMode::Mass), (false, false));
        assert_eq!(differs(&|r| r.recovery = Some(RecoveryRule::default())), (false, false));
        assert_eq!(differs(&|r| r.seed += 1), (false, false));
        let stopped = ctl();
        stopped.canceller().cancel();
        assert_eq!(ScoreSketch::new(&base, &base.recipe, &stopped).unwrap_err(), EngineError::Cancelled);
    }
}
