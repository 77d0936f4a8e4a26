//! One run: a recipe applied to a graph and a model, with everything that came back. Views read runs, exporters write them.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, bounds};
use super::evaluate::Evaluation;
use super::logits::{difference, scaled_embedding};
use super::loss::PairedLoss;
use super::low_precision::{Bytes, LowPrecision, LowRun};
use super::memory::reference_bytes;
use super::options::RunOptions;
use super::serve::{RequestTiming, time_requests};
use super::size::ModelSize;
use crate::engine::certify::Certificate;
use crate::engine::control::Control;
use crate::engine::cost::{Advice, CostModel};
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Labels, Split, resolve_split};
use crate::engine::kernels::{Rows, ValueType};
use crate::engine::model::exec::hops::hops;
use crate::engine::model::exec::infer::{forward, infer};
use crate::engine::model::exec::policy::{Policy as _, WeightAt};
use crate::engine::model::passes::given::with_given_coefficients;
use crate::engine::model::passes::liveness::{Compact, Liveness};
use crate::engine::model::{HiddenColumns, Model, widths};
use crate::engine::recovery::recover;
use crate::engine::score::Score;
use crate::engine::sparsify::decide::decide;
use crate::engine::sparsify::exempt::flags;
use crate::engine::sparsify::masked_inference::{MaskedInference, WithProducts};
use crate::engine::sparsify::transform::faster_product;
use crate::engine::sparsify::{EdgeMask, EdgeMode, HopRule, Masks, Product, Propagated, Pruned, Recipe, StoredAs};
use crate::engine::timing::{Plan, Samples, Speedup, SystemClock, in_turn, median};

/// Measured wall times, unpruned and pruned in turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Threads that computed.
    pub n_threads: usize,
    /// Every pass: unpruned, pruned over fixed masks, and that in low precision where the recipe asks for it.
    pub samples: Samples,
    /// Unpruned forward, median seconds per step in the order of [`Pruned::steps`].
    pub baseline_step_secs: Vec<f64>,
    /// Pruned forward over fixed masks, median seconds per step.
    pub pruned_step_secs: Vec<f64>,
    /// Which product was faster for every weight matrix of the model, and was used.
    pub products: Vec<Product>,
    /// What products cost on this machine.
    pub cost: CostModel,
    /// The pruned forward in low precision, where the recipe asks for it; earlier versions could store embeddings as bf16 alone.
    #[serde(default, alias = "bf16")]
    pub low: Option<LowPrecision>,
    /// Requests for a few nodes, from small to large, if asked for.
    pub requests: Vec<RequestTiming>,
}

impl Timing {
    /// The unpruned forward among [`Timing::samples`].
    pub const BASELINE: usize = 0;
    /// The pruned forward.
    pub const PRUNED: usize = 1;
    /// The pruned forward in low precision.
    pub const LOW: usize = 2;

    /// Median seconds of the unpruned forward.
    pub fn baseline_secs(&self) -> f64 {
        median(&self.samples.secs(Self::BASELINE))
    }

    /// Median seconds of the pruned forward over fixed masks.
    pub fn pruned_secs(&self) -> f64 {
        median(&self.samples.secs(Self::PRUNED))
    }

    /// Median seconds of the pruned forward in low precision; NaN where the recipe does not ask for it.
    pub fn low_secs(&self) -> f64 {
        self.samples.ways.get(Self::LOW).map_or(f64::NAN, |_| median(&self.samples.secs(Self::LOW)))
    }

    /// How many times as fast the pruned forward is, and whether that may be claimed.
    pub fn speedup(&self) -> Speedup {
        self.samples.speedup(Self::BASELINE, Self::PRUNED)
    }

    /// The same in low precision, against the unpruned forward with 32-bit floats.
    pub fn low_speedup(&self) -> Option<Speedup> {
        self.low.as_ref().map(|_| self.samples.speedup(Self::BASELINE, Self::LOW))
    }

    /// How many times as fast low precision is as the pruned forward with 32-bit floats.
    pub fn low_over_pruned(&self) -> Option<Speedup> {
        self.low.as_ref().map(|_| self.samples.speedup(Self::PRUNED, Self::LOW))
    }
}

/// What came back from applying a recipe.
#[derive(Debug, Clone)]
pub struct Run {
    /// Complete, as used.
    pub recipe: Recipe,
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// The model as given, unpruned.
    pub model: Arc<Model>,
    /// The split that was evaluated; empty parts without labels.
    pub split: Split,
    /// Masks, pruned model, logits and the trace of every step.
    pub pruned: Pruned,
    /// The given model's output on the whole graph. `[n_nodes, n_classes]`.
    pub baseline_logits: Arc<Array2<f32>>,
    /// Accuracy and agreement; scores are over 0 nodes without labels.
    pub evaluation: Evaluation,
    /// Measured times, if asked for.
    pub timing: Option<Timing>,
    /// Guarantees beside measurements, one per graph step, if asked for.
    pub bounds: Vec<Bounds>,
    /// What the pruned model takes stored, values as 32-bit floats.
    pub size: ModelSize,
    /// How many columns of every hidden representation the pruned model needs; what is timed computes these alone.
    pub hidden: Vec<HiddenColumns>,
    /// What is certified of its accuracy, where it was found within a budget.
    pub certificate: Option<Arc<Certificate>>,
}

impl Run {
    /// Whether skipping the removed weights of matrix `nth` of step `at` saves time on this machine, and how much; once times were
    /// measured.
    pub fn advice(&self, at: usize, nth: usize) -> Option<Advice> {
        let cost = &self.timing.as_ref()?.cost;
        let (step, weights) = (self.pruned.steps.get(at)?, self.pruned.steps.get(at)?.weights.get(nth)?);
        let reads_features = step.idx == 0 && !self.model.architecture.is_decoupled();
        let sparse_input = reads_features && matches!(self.dataset.features(), Features::Sparse(_));
        Some(cost.advice(weights.d_out, sparse_input, weights.sparsity()))
    }
}

/// Decides the masks of `model` on `dataset` under `recipe` and evaluates the result.
///
/// `baseline_logits` are the unpruned model's, where the caller has them already. The recipe that comes back carries the model's own
/// architecture.
///
/// # Errors
/// [`EngineError::Recipe`], [`EngineError::Mismatch`] when graph, model and recipe do not fit, [`EngineError::Cancelled`].
pub fn run(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    options: RunOptions,
    baseline_logits: Option<Arc<Array2<f32>>>,
    ctl: &Control,
) -> Result<Run, EngineError> {
    let mut recipe = recipe.clone();
    recipe.model = model.architecture.clone();
    recipe.check()?;
    model.check_fits(dataset.features().width(), dataset.n_classes())?;
    let split = resolve_split(dataset, &recipe.split, recipe.seed)?;
    let quiet = ctl.quiet();

    ctl.progress("unpruned forward", 0, N_STAGES);
    let mut reference = None;
    let baseline_logits = match baseline_logits {
        Some(logits) if !options.compare_steps => logits,
        _ => {
            let mut unpruned = MaskedInference::unpruned(dataset, &recipe, &quiet)?;
            let is_kept = options.compare_steps && reference_bytes(dataset, model).is_some();
            unpruned.outputs = is_kept.then(Vec::new);
            let logits = forward(&model.program(), model, dataset.features(), &mut unpruned, &quiet)?;
            reference = unpruned.outputs;
            Arc::new(logits)
        }
    };
    ctl.progress("deciding masks", 1, N_STAGES);
    let pruned = match recipe.recovery.clone() {
        Some(rule) => {
            // Fits take a moment; epochs are worth counting.
            let is_trained = rule.train_epochs > 0 || rule.distill_epochs > 0;
            let ctl = if is_trained { ctl } else { &quiet };
            recover(dataset, model, &recipe, &rule, (&split, &baseline_logits, reference.as_deref()), ctl)?
        }
        None => decide(dataset, model, &recipe, &split, reference.as_deref(), &quiet)?,
    };
    drop(reference);
    ctl.progress("evaluating", 2, N_STAGES);
    let no_labels = Labels::default();
    let labels = dataset.labels().unwrap_or(&no_labels);
    // Entries of the unmasked evaluation have no value where values were fitted.
    let has_own_values = pruned.masks.edges.values().is_some();
    let locked = if options.official_lock && recipe.edges.mode != EdgeMode::Mass && !has_own_values {
        // One after the other: the logits of a part are gone before those of the next are made.
        let score = |nodes: &[u32]| {
            let logits = locked_logits(dataset, &pruned.model, &pruned.masks.edges, &recipe, nodes, &quiet)?;
            Ok::<_, EngineError>(Score::of(&logits, labels, nodes))
        };
        Some([score(&split.train)?, score(&split.val)?, score(&split.test)?])
    } else {
        None
    };
    let mut evaluation = Evaluation::of(labels, &split, &baseline_logits, &pruned.logits, locked);
    if pruned.arrivals.is_some() && !split.test.is_empty() {
        // Of nodes that arrive later only those speak that played them.
        evaluation.held_out = PairedLoss::of(labels, &split.test, &baseline_logits, &pruned.logits);
    }
    ctl.progress("timing", 3, N_STAGES);
    let liveness = liveness(&pruned, &pruned.model)?;
    let hidden = liveness.columns()?;
    let timing = match options.timed {
        Some(plan) if recipe.edges.mode != EdgeMode::Mass => {
            let compact = liveness.compact()?;
            let mut timing = measure(dataset, model, &recipe, &split, (&pruned, &compact), &plan, &quiet)?;
            let parts = (&pruned, &compact, timing.products.as_slice());
            // A run that somebody looks at has time for a 99th percentile.
            let plan = if plan == Plan::RUN { Plan::REQUESTS } else { plan };
            timing.requests = time_requests(dataset, model, &recipe, parts, (options.requests, &plan), &quiet)?;
            Some(timing)
        }
        _ => None,
    };
    ctl.progress("measuring bounds", 4, N_STAGES);
    let n_propagated = dataset.topology().n_entries() * recipe.model.n_graph_steps();
    let bounds = if options.bounds && n_propagated <= MAX_BOUNDED_ENTRIES {
        bounds(dataset, &recipe, &pruned, &quiet)?
    } else {
        Vec::new()
    };
    ctl.progress("done", N_STAGES, N_STAGES);
    let size = ModelSize::of(&pruned.model, ValueType::F32);
    Ok(Run {
        recipe,
        dataset: Arc::clone(dataset),
        model: Arc::clone(model),
        split,
        pruned,
        baseline_logits,
        evaluation,
        timing,
        bounds,
        size,
        hidden,
        certificate: None,
    })
}

/// Which columns of the pruned network are needed, with the weights of `model`.
fn liveness<'a>(pruned: &Pruned, model: &'a Model) -> Result<Liveness<'a>, EngineError> {
    let program = model.program().inference();
    // With coefficients of its own attention does without what only scores needed.
    let has_own_values = pruned.masks.edges.values().is_some();
    let program = if has_own_values { with_given_coefficients(&program) } else { program };
    let widths = widths(&program, &model.parameters, model.d_in())?;
    Liveness::of(program, &widths, model)
}

/// How many times as fast the pruned forward of `run` is without its dead columns as with all of them.
pub(in crate::engine) fn dead_columns_speedup(run: &Run, plan: &Plan, ctl: &Control) -> Result<Speedup, EngineError> {
    let Run { dataset, recipe, pruned, .. } = run;
    let liveness = liveness(pruned, &pruned.model)?;
    let mut ways = Vec::new();
    for network in [liveness.whole(), liveness.compact()?] {
        let products = measured_products(dataset, recipe, (pruned, &network), ctl)?;
        let edges = &pruned.masks.edges;
        ways.push((MaskedInference::pruned(dataset, recipe, edges, None, Some(&products), ctl)?, network));
    }
    let samples = in_turn(ways.len(), plan, &mut SystemClock::new(), |way, _| {
        let (policy, Compact { program, model }) = &mut ways[way];
        policy.start();
        forward(program, model, dataset.features(), policy, ctl).map(drop)
    })?;
    Ok(samples.speedup(0, 1))
}

/// Entries over all steps up to which bounds are measured: each takes up to a hundred products with what was removed.
const MAX_BOUNDED_ENTRIES: usize = 1 << 28;
/// Stages a run reports.
const N_STAGES: usize = 5;
/// Logits of the unmasked evaluation of `nodes`: a pruned model over `edges`, with their entries put back (docs/DIFFERENCES.md#d31).
pub(super) fn locked_logits(
    dataset: &Dataset,
    model: &Model,
    edges: &EdgeMask,
    recipe: &Recipe,
    nodes: &[u32],
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let locked = flags(dataset.n_nodes(), nodes);
    let mut inference = MaskedInference::pruned(dataset, recipe, edges, Some(&locked), None, ctl)?;
    forward(&model.program(), model, dataset.features(), &mut inference, ctl)
}

/// Times both forwards in turn, so that whatever else the machine does hits both alike. The pruned one is what production would run: over
/// fixed masks, without dead columns.
fn measure(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    split: &Split,
    (pruned, compact): (&Pruned, &Compact),
    plan: &Plan,
    ctl: &Control,
) -> Result<Timing, EngineError> {
    let products = measured_products(dataset, recipe, (pruned, compact), ctl)?;
    let program = model.program();
    let mut baseline = MaskedInference::unpruned(dataset, recipe, ctl)?;
    let mut inference = MaskedInference::pruned(dataset, recipe, &pruned.masks.edges, None, Some(&products), ctl)?;
    let low = LowRun::of_pruned((dataset, recipe, split), pruned, ctl)?;
    let mut in_low = match &low {
        Some(low) => {
            let liveness = liveness(pruned, &low.weights.model)?;
            let (compact, storage) = (liveness.compact()?, low.weights.of_outputs(&liveness.outputs()));
            let policy = MaskedInference::pruned(dataset, recipe, &pruned.masks.edges, None, Some(&products), ctl)?;
            let StoredAs { entries, embeddings, .. } = low.precision.stored_as;
            Some((policy.in_low_precision(entries, storage, embeddings), compact))
        }
        None => None,
    };
    let mut steps = [Vec::new(), Vec::new(), Vec::new()];
    let n_ways = if in_low.is_some() { 3 } else { 2 };
    let samples = in_turn(n_ways, plan, &mut SystemClock::new(), |way, is_counted| {
        let (policy, program, model) = match (way, &mut in_low) {
            (Timing::BASELINE, in_low) => {
                baseline.take_room_of(&mut inference);
                if let Some((low, _)) = in_low {
                    baseline.take_room_of(low);
                }
                (&mut baseline, &program, model)
            }
            (Timing::LOW, Some((low, compact))) => {
                low.take_room_of(&mut inference);
                (low, &compact.program, &compact.model)
            }
            _ => {
                inference.take_room_of(&mut baseline);
                (&mut inference, &compact.program, &compact.model)
            }
        };
        policy.start();
        forward(program, model, dataset.features(), policy, ctl)?;
        if is_counted {
            steps[way].push(policy.step_secs.clone());
        }
        Ok::<_, EngineError>(())
    })?;
    let memory = in_low.map(|(low, _)| Bytes {
        baseline: baseline.n_bytes() as u64,
        pruned: inference.n_bytes() as u64,
        low: low.n_bytes() as u64,
    });
    let per_step = |way: usize| {
        let n_steps = steps[way].first().map_or(0, Vec::len);
        (0..n_steps).map(|at| median(&steps[way].iter().map(|secs: &Vec<f64>| secs[at]).collect::<Vec<_>>())).collect()
    };
    Ok(Timing {
        n_threads: ctl.n_threads(),
        samples,
        baseline_step_secs: per_step(Timing::BASELINE),
        pruned_step_secs: per_step(Timing::PRUNED),
        products,
        cost: *ctl.cost(),
        low: low.map(|low| LowPrecision { memory, ..low.precision }),
        requests: Vec::new(),
    })
}

/// The faster product of every weight matrix, measured on its own input.
fn measured_products(
    dataset: &Dataset,
    recipe: &Recipe,
    (pruned, compact): (&Pruned, &Compact),
    ctl: &Control,
) -> Result<Vec<Product>, EngineError> {
    let inference = MaskedInference::pruned(dataset, recipe, &pruned.masks.edges, None, None, ctl)?;
    // One for every matrix, those that are not computed among them.
    let n_matrices = pruned.model.parameters.iter().filter(|p| p.is_matrix()).count();
    let mut products = vec![Product::default(); n_matrices];
    let product = |inference: &mut MaskedInference, weight: WeightAt<'_>, x: Rows<'_>, ctl: &Control| {
        products[weight.matrix] = faster_product(weight.values, x, 2, ctl)?;
        inference.transform(weight, x, x, ctl)
    };
    forward(&compact.program, &compact.model, dataset.features(), &mut WithProducts { inference, product }, ctl)?;
    Ok(products)
}

/// Runs a model over fixed masks: what a bundle's replay does. Bit-identical to [`Pruned::logits`] of the run that decided them.
///
/// `model` is the pruned one. Without masks it runs on everything. `embedding` is [`Pruned::embedding`], needed in mass mode only.
///
/// # Errors
/// [`EngineError::Mismatch`], [`EngineError::Cancelled`].
pub fn masked_forward(
    dataset: &Dataset,
    model: &Model,
    recipe: &Recipe,
    masks: Option<&Masks>,
    embedding: Option<&Array2<f32>>,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    model.check_fits(dataset.features().width(), 0)?;
    if let Some(embedding) = embedding {
        if embedding.dim() != (dataset.n_nodes(), model.d_in()) {
            let expected = format!("{} x {}", dataset.n_nodes(), model.d_in());
            return Err(EngineError::mismatch("embedding", expected, format!("{:?}", embedding.dim())));
        }
        let scaled = scaled_embedding(embedding, model, ctl)?;
        return infer(&model.program(), model, Rows::Dense(scaled.view()), &mut MaskedInference::weights_only(), ctl);
    }
    let mut policy = match masks {
        Some(masks) => {
            if masks.edges.n_entries() != dataset.topology().n_entries() {
                let expected = format!("{} entries", dataset.topology().n_entries());
                return Err(EngineError::mismatch("edge mask", expected, masks.edges.n_entries()));
            }
            MaskedInference::pruned(dataset, recipe, &masks.edges, None, None, ctl)?
        }
        None => MaskedInference::unpruned(dataset, recipe, ctl)?,
    };
    forward(&model.program(), model, dataset.features(), &mut policy, ctl)
}

/// Hops over masks as a recipe's [`HopRule`] says, beside plain ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Followed {
    /// How embeddings were stored and ordered.
    pub rule: HopRule,
    /// What both passes took; absent where nothing is to be measured.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub times: Option<FollowedTimes>,
    /// Largest difference of any value of the embedding.
    pub largest_difference: f64,
    /// `‖P - P_plain‖_F / ‖P_plain‖_F`.
    pub relative_error: f64,
}

/// One pass each after the lists are made, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FollowedTimes {
    /// All hops as 32-bit floats, nodes as the file has them.
    pub plain_secs: f64,
    /// All hops as the rule says.
    pub secs: f64,
}

/// Follows the masks of `propagated` plainly and as the recipe says, one pass each after the lists are made.
///
/// # Errors
/// [`EngineError::Mismatch`], [`EngineError::Cancelled`].
pub fn follow(
    dataset: &Dataset,
    recipe: &Recipe,
    propagated: &Propagated,
    ctl: &Control,
) -> Result<Followed, EngineError> {
    let rule = recipe.propagation;
    let pass = |propagation: HopRule| -> Result<(f64, Array2<f32>), EngineError> {
        let recipe = Recipe { propagation, ..recipe.clone() };
        let mut policy = MaskedInference::pruned(dataset, &recipe, &propagated.edges, None, None, ctl)?;
        policy.precision = propagation.embeddings;
        policy.start();
        let embedding = hops(dataset.features(), &recipe.model, &mut policy, ctl)?;
        Ok((policy.step_secs.iter().sum(), embedding))
    };
    let plain_secs = pass(HopRule::default())?.0;
    let (secs, embedding) = pass(rule)?;
    let (largest_difference, relative_error) = difference(&embedding, &propagated.embedding);
    let times = Some(FollowedTimes { plain_secs, secs });
    Ok(Followed { rule, times, largest_difference, relative_error })
}

/// What the propagation of a decoupled model gives over fixed masks: `Σ_l w_l T̂^l X`, before any scaler. `[n_nodes, n_features]`
///
/// # Errors
/// [`EngineError::Mismatch`], [`EngineError::Cancelled`].
pub fn propagated(
    dataset: &Dataset,
    recipe: &Recipe,
    masks: &Masks,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let mut policy = MaskedInference::pruned(dataset, recipe, &masks.edges, None, None, ctl)?;
    hops(dataset.features(), &recipe.model, &mut policy, ctl)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family, Op, Program};
    use crate::engine::sparsify::{Allocation, RecoveryRule};

    #[test]
    fn without_dead_columns_the_pruned_model_says_the_same() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 120, n_entries: 700, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        let mut n_left_out = 0;
        for family in Family::ALL {
            let mut shape = Architecture { hidden: 32, layers: 3, ..Architecture::new(family) };
            shape.hops = shape.hops.min(3);
            let model = Arc::new(Model::init(&shape, 24, 4, 5));
            let mut recipe = Recipe { model: shape, ..Recipe::default() };
            recipe.edges.delta = vec![0.6];
            recipe.weights.delta = vec![3.0];
            let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
            let (program, pruned) = (run.pruned.model.program().inference(), &run.pruned);
            let widths = widths(&program, &pruned.model.parameters, 24).expect("a model that fits");
            let liveness = Liveness::of(program, &widths, &pruned.model).expect("a model that fits");
            assert_eq!(liveness.columns().expect("there"), run.hidden, "{family:?}");
            n_left_out += run.hidden.iter().map(|h| h.n_before - h.n_after).sum::<usize>();
            let compact = liveness.compact().expect("there");
            let mut inference =
                MaskedInference::pruned(&dataset, &run.recipe, &pruned.masks.edges, None, None, &ctl).expect("masks");
            let logits =
                forward(&compact.program, &compact.model, dataset.features(), &mut inference, &ctl).expect("logits");
            let largest = pruned.logits.iter().fold(1.0f64, |m, v| m.max(f64::from(v.abs())));
            let (difference, _) = difference(&logits, &pruned.logits);
            assert!(difference <= 1e-6 * largest, "{family:?}: {difference} of {largest}, {:?}", run.hidden);
            let has_constants = run.hidden.iter().any(|h| h.n_constant > 0);
            assert!(difference == 0.0 || has_constants, "{family:?}: {difference}, {:?}", run.hidden);
        }
        assert!(n_left_out > 20, "{n_left_out} columns were left out");
    }

    #[test]
    fn attention_with_coefficients_of_its_own_does_without_what_only_scores_need() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 120, n_entries: 700, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        let shape = Architecture { hidden: 32, ..Architecture::new(Family::Gat) };
        let model = Arc::new(Model::init(&shape, 24, 4, 5));
        let rule = RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() };
        let mut recipe = Recipe { model: shape, recovery: Some(rule), ..Recipe::default() };
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.6]);
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
        let pruned = &run.pruned;
        let whole = pruned.model.program().inference();
        let program = with_given_coefficients(&whole);
        let n_products =
            |program: &Program| program.instructions.iter().filter(|i| matches!(i.op, Op::Matmul { .. })).count();
        assert_eq!((n_products(&whole), n_products(&program)), (4, 2));
        let widths = widths(&program, &pruned.model.parameters, 24).expect("a model that fits");
        let compact = Liveness::of(program, &widths, &pruned.model).and_then(|l| l.compact()).expect("there");
        let products = measured_products(&dataset, &run.recipe, (pruned, &compact), &ctl).expect("measured");
        assert_eq!(products.len(), 4, "one for every matrix");
        let mut inference =
            MaskedInference::pruned(&dataset, &run.recipe, &pruned.masks.edges, None, Some(&products), &ctl)
                .expect("masks");
        let logits =
            forward(&compact.program, &compact.model, dataset.features(), &mut inference, &ctl).expect("logits");
        assert!(logits.iter().zip(&pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits()));
        // The unpruned network multiplies with both.
        for (step, d_in) in pruned.steps.iter().zip([dataset.features().n_stored(), 120 * 32]) {
            assert_eq!(step.macs.weights_baseline, 2 * (d_in * step.d_out) as u64, "{}", step.title());
            assert_eq!(step.macs.weights_pruned, (d_in * step.d_out) as u64, "{}", step.title());
        }
    }
}
