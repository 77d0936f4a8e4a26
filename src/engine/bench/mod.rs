//! What this machine does per second: memory, the kernels, propagation unpruned and pruned, forward and training.
//!
//! Every figure is a median over repeats; what is compared with one another is measured in turn, so that whatever else the machine does
//! hits all of it alike. Rates of a product over entries are *without reuse*: every entry gathers its row from memory, every output row
//! is written once. A rate above the memory's own says that the caches helped.

mod gather;
mod repeat;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use ndarray::Array2;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde::Serialize;

use crate::engine::control::Control;
use crate::engine::cost::{CostModel, Line};
use crate::engine::error::EngineError;
use crate::engine::experiment::{RequestSummary, RequestTiming, RunOptions, Timing, dead_columns_speedup, run};
use crate::engine::graph::{Dataset, Features, HopOrder, Permutation, PowerLaw, Split};
use crate::engine::kernels::{Panels, Precision, Rows};
use crate::engine::model::elementwise::feature_rows;
use crate::engine::model::exec::hops::hops;
use crate::engine::model::{Architecture, Family, HiddenColumns, Model};
use crate::engine::sparsify::decide::propagate;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::pruned_operator::OperatorSource;
use crate::engine::sparsify::transform::PreparedWeight;
use crate::engine::sparsify::{
    Allocation, ChannelRule, EdgeMode, EntryChoice, Product, Recipe, RecoveryRule, Training, ValueRule, WeightMode,
};
use crate::engine::timing::{Plan, Speedup, median};
use crate::engine::train::train;
pub use gather::{GATHERED_COLUMNS, GatherSpeed};
use repeat::seconds_of;

/// What is measured, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeedPlan {
    /// The graph, where none is given.
    pub graph: PowerLaw,
    /// Values of one array of the memory test.
    pub n_triad: usize,
    /// Repeats of everything.
    pub n_repeats: usize,
    /// Hops of a propagation.
    pub n_hops: usize,
    /// Hidden width of the GCN.
    pub hidden: usize,
    /// Inputs and outputs of the weight matrices.
    pub shapes: Vec<(usize, usize)>,
    /// Rows of what they are multiplied with.
    pub n_rows: usize,
    /// Epochs of training.
    pub epochs: usize,
    /// Memory that gathered rows lie in, bytes.
    pub gathered_bytes: Vec<usize>,
    /// About how many rows are gathered from each.
    pub n_gathered: usize,
}

impl Default for SpeedPlan {
    fn default() -> Self {
        Self {
            graph: PowerLaw { n_nodes: 169_343, n_entries: 2_315_598, n_features: 128, n_classes: 40, seed: 7 },
            n_triad: 32 << 20,
            n_repeats: 6,
            n_hops: 20,
            hidden: 256,
            shapes: vec![(128, 256), (256, 256), (256, 40), (500, 512), (1433, 512)],
            n_rows: 40_000,
            epochs: 5,
            gathered_bytes: [1, 4, 16, 32, 64, 128, 256, 1024].map(|quarters| quarters << 18).to_vec(),
            n_gathered: 4 << 20,
        }
    }
}

impl SpeedPlan {
    /// Small enough for a test: nothing that it measures means anything.
    pub fn quick() -> Self {
        Self {
            graph: PowerLaw { n_nodes: 2_000, n_entries: 20_000, n_features: 32, n_classes: 8, seed: 7 },
            n_triad: 1 << 16,
            n_repeats: 1,
            n_hops: 3,
            hidden: 16,
            shapes: vec![(32, 16), (16, 8)],
            n_rows: 500,
            epochs: 2,
            gathered_bytes: vec![1 << 16, 1 << 18],
            n_gathered: 1 << 13,
        }
    }
}

/// The memory's own rate: `a[i] = b[i] + s · c[i]` over arrays far larger than the caches, 12 bytes per value (STREAM's triad).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TriadSpeed {
    /// Bytes of the three arrays.
    pub size_bytes: usize,
    /// On one thread, bytes per second.
    pub bytes_per_sec_one_thread: f64,
    /// On all threads, bytes per second.
    pub bytes_per_sec: f64,
}

/// One product of the graph's matrix with an embedding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HopSpeed {
    /// Columns of the embedding.
    pub width: usize,
    /// Entries · width · 4 bytes gathered and nodes · width · 4 written.
    pub traffic_bytes: usize,
    /// On one thread, seconds.
    pub secs_one_thread: f64,
    /// On all threads, seconds.
    pub secs: f64,
    /// Its rate over the triad's on as many threads.
    pub share_of_triad: f64,
    /// How many times faster all threads are than one.
    pub scaling: f64,
}

/// A propagation over many hops.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PropagationSpeed {
    /// What was removed, human-readable.
    pub title: String,
    /// Whether the masks were decided on the way, every entry tested in every hop; else they were followed.
    pub decides: bool,
    /// How embeddings were stored.
    pub embeddings: Precision,
    /// Removed share of the entries from the second hop on, `0..=1`.
    pub sparsity: f64,
    /// All hops, seconds.
    pub secs: f64,
    /// From the second hop on, seconds.
    pub later_secs: f64,
    /// How many times faster than unpruned, from the second hop on: median over turns.
    pub later_speedup: f64,
    /// 95 % interval of that median; none of fewer than six turns.
    pub later_interval: Option<[f64; 2]>,
    /// Every turn: all hops, and from the second on, seconds.
    pub samples: Vec<[f64; 2]>,
}

impl PropagationSpeed {
    fn of(
        title: String,
        decides: bool,
        embeddings: Precision,
        sparsity: f64,
        samples: &[[f64; 2]],
        plain: &[[f64; 2]],
    ) -> Self {
        let column = |samples: &[[f64; 2]], at: usize| samples.iter().map(|turn| turn[at]).collect::<Vec<f64>>();
        let speedup = Speedup::of(&column(plain, 1), &column(samples, 1));
        Self {
            title,
            decides,
            embeddings,
            sparsity,
            secs: median(&column(samples, 0)),
            later_secs: median(&column(samples, 1)),
            later_speedup: speedup.ratio,
            later_interval: speedup.interval,
            samples: samples.to_vec(),
        }
    }
}

/// A propagation of nodes that lie in memory in another order, unpruned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderSpeed {
    /// The order.
    pub order: HopOrder,
    /// Finding it and making the lists for it, seconds.
    pub find_secs: f64,
    /// All hops, features brought into the order and embeddings out of it, seconds.
    pub secs: f64,
    /// How many times faster than in the stored order: median over turns.
    pub speedup: f64,
    /// 95 % interval of that median; none of fewer than six turns.
    pub interval: Option<[f64; 2]>,
    /// Every turn, seconds.
    pub samples: Vec<f64>,
}

impl OrderSpeed {
    /// After how many propagations finding the order is paid back; `None` where it saves nothing.
    pub fn pays_after(&self) -> Option<f64> {
        let saved = self.secs * (self.speedup - 1.0);
        (saved > 0.0).then(|| (self.find_secs / saved).ceil())
    }
}

/// A weight matrix, as it is and with some of it removed at random.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightSpeed {
    /// Rows of the input.
    pub n_rows: usize,
    /// Inputs.
    pub d_in: usize,
    /// Outputs.
    pub d_out: usize,
    /// Stored share of the input's values; 1 where all are stored.
    pub input_density: f64,
    /// The product with every weight, seconds.
    pub dense_secs: f64,
    /// Multiply-adds of it, twice, per second.
    pub dense_flops: f64,
    /// The product over the kept weights: removed share, seconds.
    pub sparse_secs: Vec<(f64, f64)>,
    /// Removed share from which skipping pays, from a line through the figures before; above 1 it never does.
    #[serde(rename = "pays_from")]
    pub faster_from: f64,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForwardSpeed {
    /// Human-readable.
    pub title: String,
    /// Unpruned forward, seconds.
    pub unpruned_secs: f64,
    /// Removed share of the entries.
    pub edge_sparsity: f64,
    /// Removed share of the weights.
    pub weight_sparsity: f64,
    /// Forward over the masks, seconds.
    pub pruned_secs: f64,
    /// How many times faster.
    pub speedup: f64,
    /// 95 % interval of the speed-up; none where there were too few pairs.
    pub interval: Option<[f64; 2]>,
    /// Pairs of passes that were measured.
    pub n_pairs: usize,
    /// Hidden columns, and those that the pruned forward computes.
    pub hidden: [usize; 2],
    /// How many times as fast the pruned forward is without the others.
    pub dead_columns: Speedup,
    /// Without whole channels instead: every entry kept, and nine in ten removed.
    pub channels: Vec<ChannelSpeed>,
    /// Requests for a few nodes, from small to large.
    pub requests: Vec<RequestSummary>,
    /// One training step and one evaluation of all nodes, seconds.
    pub epoch_secs: f64,
}

/// A network without whole hidden channels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelSpeed {
    /// Hidden columns, and those that are computed.
    pub hidden: [usize; 2],
    /// Removed share of the entries.
    pub edge_sparsity: f64,
    /// Forward, seconds.
    pub secs: f64,
    /// How many times as fast as unpruned.
    pub speedup: Speedup,
}

impl ForwardSpeed {
    /// How many times as fast the pruned forward is, and whether that may be claimed.
    pub fn speedup(&self) -> Speedup {
        Speedup { ratio: self.speedup, interval: self.interval, n_pairs: self.n_pairs }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeedReport {
    /// Name of the graph.
    pub graph: String,
    /// Its nodes.
    pub n_nodes: usize,
    /// Its entries, self-loops included.
    pub n_entries: usize,
    /// Hops of a propagation.
    pub n_hops: usize,
    /// Repeats of everything.
    pub n_repeats: usize,
    /// The memory.
    pub triad: TriadSpeed,
    /// One hop.
    pub hop: HopSpeed,
    /// What it is made of.
    pub gather: Vec<GatherSpeed>,
    /// Many, unpruned first.
    pub propagation: Vec<PropagationSpeed>,
    /// The unpruned propagation in every order of the nodes, the stored one first.
    pub orders: Vec<OrderSpeed>,
    /// Products with weights.
    pub weights: Vec<WeightSpeed>,
    /// A GCN, with random weights.
    pub forward: ForwardSpeed,
    /// What the products with weights cost here.
    pub cost: CostModel,
}

/// Measures this machine on `dataset`.
///
/// # Errors
/// [`EngineError::Threads`], [`EngineError::Cancelled`], and whatever training on `dataset` refuses.
pub fn measure_speed(dataset: &Arc<Dataset>, plan: &SpeedPlan, ctl: &Control) -> Result<SpeedReport, EngineError> {
    const N_STAGES: usize = 6;
    let one = Control::new(1)?;
    let quiet = ctl.quiet();
    ctl.progress("memory", 0, N_STAGES);
    let triad = triad(plan, &one, &quiet)?;
    ctl.progress("one hop", 1, N_STAGES);
    let hop = hop(dataset, plan, &triad, &one, &quiet)?;
    let gather = gather::gathers(&plan.gathered_bytes, plan.n_gathered, plan.n_repeats, &quiet)?;
    ctl.progress("propagation", 2, N_STAGES);
    let propagation = propagations(dataset, plan, &quiet)?;
    ctl.progress("orders of the nodes", 3, N_STAGES);
    let orders = orders(dataset, plan, &quiet)?;
    ctl.progress("weights", 4, N_STAGES);
    let mut weights = Vec::new();
    for (d_in, d_out) in &plan.shapes {
        weights.push(weight(plan, (*d_in, *d_out), 1.0, &quiet)?);
    }
    if let Some((d_in, d_out)) = plan.shapes.last() {
        // As bags of words are.
        weights.push(weight(plan, (*d_in, *d_out), 0.01, &quiet)?);
    }
    ctl.progress("forward and training", 5, N_STAGES);
    let forward = forward(dataset, plan, &quiet)?;
    ctl.progress("done", N_STAGES, N_STAGES);
    Ok(SpeedReport {
        graph: dataset.name().to_owned(),
        n_nodes: dataset.n_nodes(),
        n_entries: dataset.topology().n_entries(),
        n_hops: plan.n_hops,
        n_repeats: plan.n_repeats,
        triad,
        hop,
        gather,
        orders,
        cost: cost_of(&weights, &propagation),
        propagation,
        weights,
        forward,
    })
}

fn triad(plan: &SpeedPlan, one: &Control, all: &Control) -> Result<TriadSpeed, EngineError> {
    const BLOCK: usize = 1 << 16;
    let n = plan.n_triad;
    let (b, c) = (vec![1.0f32; n], vec![2.0f32; n]);
    let mut a = vec![0.0f32; n];
    let mut rate = |ctl: &Control| -> Result<f64, EngineError> {
        let secs = seconds_of(plan.n_repeats, || {
            ctl.for_row_blocks(&mut a, 1, BLOCK, |first, a| {
                let sources = b[first..].iter().zip(&c[first..]);
                a.iter_mut().zip(sources).for_each(|(a, (b, c))| *a = b + 0.5 * c);
            })
        })?;
        Ok((12 * n) as f64 / secs)
    };
    Ok(TriadSpeed { size_bytes: 12 * n, bytes_per_sec_one_thread: rate(one)?, bytes_per_sec: rate(all)? })
}

fn hop(
    dataset: &Dataset,
    plan: &SpeedPlan,
    triad: &TriadSpeed,
    one: &Control,
    all: &Control,
) -> Result<HopSpeed, EngineError> {
    let (n, width) = (dataset.n_nodes(), dataset.features().width());
    let (mut x, mut out) = (Panels::zeros(n, width, Precision::F32), Panels::zeros(n, width, Precision::F32));
    x.write(feature_rows(dataset.features()), None, all)?;
    let everything = OperatorSource::new(dataset, &propagation_recipe(plan)).all()?;
    let secs_one_thread = seconds_of(plan.n_repeats, || everything.hop(&x, &mut out, &mut [], one))?;
    let secs = seconds_of(plan.n_repeats, || everything.hop(&x, &mut out, &mut [], all))?;
    let traffic_bytes = size_of::<f32>() * width * (dataset.topology().n_entries() + dataset.n_nodes());
    Ok(HopSpeed {
        width,
        traffic_bytes,
        secs_one_thread,
        secs,
        share_of_triad: traffic_bytes as f64 / secs / triad.bytes_per_sec,
        scaling: secs_one_thread / secs,
    })
}

fn propagation_recipe(plan: &SpeedPlan) -> Recipe {
    let mut recipe = Recipe { model: Architecture::new(Family::Sgc), ..Recipe::default() };
    recipe.model.hops = plan.n_hops;
    recipe
}

/// The shares removed in the first hop.
const SHARES: [f64; 3] = [0.0, 0.5, 0.9];
/// Whether masks are decided or followed, and how embeddings are stored.
const WAYS: [(bool, Precision); 3] = [(true, Precision::F32), (false, Precision::F32), (false, Precision::Bf16)];
/// A threshold that every entry is tested against and that removes none.
const BARELY: f64 = 1e-30;

fn propagations(dataset: &Arc<Dataset>, plan: &SpeedPlan, ctl: &Control) -> Result<Vec<PropagationSpeed>, EngineError> {
    let unpruned = propagation_recipe(plan);
    let mut settings = Vec::new();
    for share in SHARES {
        let mut recipe = unpruned.clone();
        recipe.edges.mode = EdgeMode::Target;
        recipe.edges.delta = vec![share];
        let once = propagate(
            dataset,
            &Recipe { model: one_hop(&recipe.model), ..recipe.clone() },
            &Split::default(),
            None,
            ctl,
        )?;
        let first = once.steps.iter().find_map(|s| s.edges.as_ref()).map_or(0.0, |e| e.delta);
        // The first hop removes the share, the later ones test what is left.
        recipe.edges.mode = EdgeMode::Absolute;
        let later = if share > 0.0 { BARELY } else { 0.0 };
        recipe.edges.delta =
            std::iter::once(first).chain(std::iter::repeat_n(later, plan.n_hops.saturating_sub(1))).collect();
        let decided = propagate(dataset, &recipe, &Split::default(), None, ctl)?;
        let kept = decided.edges.n_kept(plan.n_hops.saturating_sub(1));
        let n_entries = dataset.topology().n_entries();
        let n_removable = n_entries - dataset.topology().n_self_loops();
        let sparsity = (n_entries - kept) as f64 / n_removable.max(1) as f64;
        let inference = MaskedInference::pruned(dataset, &recipe, &decided.edges, None, None, ctl)?;
        settings.push((share, sparsity, recipe, inference));
    }
    let mut plain = MaskedInference::unpruned(dataset, &unpruned, ctl)?;
    // One list of times per setting: unpruned, then all ways for every share.
    let mut times = vec![Vec::new(); 1 + WAYS.len() * settings.len()];
    // The first turn warms caches and pages up.
    for repeat in 0..=plan.n_repeats {
        let mut note = |at: usize, secs: [f64; 2]| {
            if repeat > 0 || plan.n_repeats == 0 {
                times[at].push(secs);
            }
        };
        note(0, hops_secs(ctl, |ctl| hops(dataset.features(), &unpruned.model, &mut plain, ctl))?);
        for (at, (_, _, recipe, inference)) in settings.iter_mut().enumerate() {
            for (way, (decides, embeddings)) in WAYS.into_iter().enumerate() {
                inference.precision = embeddings;
                let secs = hops_secs(ctl, |ctl| {
                    if decides {
                        return propagate(dataset, recipe, &Split::default(), None, ctl).map(|p| p.embedding);
                    }
                    hops(dataset.features(), &recipe.model, inference, ctl)
                })?;
                note(1 + WAYS.len() * at + way, secs);
            }
        }
    }
    let mut times = times.into_iter();
    let Some(plain) = times.next() else { return Ok(Vec::new()) };
    let mut out = vec![PropagationSpeed::of("unpruned".to_owned(), false, Precision::F32, 0.0, &plain, &plain)];
    let rows = settings.iter().flat_map(|setting| WAYS.map(|way| (setting, way))).zip(times);
    for (((share, sparsity, ..), (decides, embeddings)), times) in rows {
        let what =
            if *share > 0.0 { format!("{:.0} % of the entries removed", 100.0 * share) } else { "δ = 0".to_owned() };
        let how = match (decides, embeddings) {
            (true, _) => "deciding",
            (_, Precision::F32) => "following masks",
            (_, Precision::Bf16) => "following masks, stored as bf16",
        };
        out.push(PropagationSpeed::of(format!("{what}, {how}"), decides, embeddings, *sparsity, &times, &plain));
    }
    Ok(out)
}

fn orders(dataset: &Dataset, plan: &SpeedPlan, ctl: &Control) -> Result<Vec<OrderSpeed>, EngineError> {
    let recipe = propagation_recipe(plan);
    let everything = OperatorSource::new(dataset, &recipe).all()?;
    let mut policies = Vec::new();
    for order in HopOrder::ALL {
        let start = Instant::now();
        let nodes = match order {
            HopOrder::Stored => None,
            _ => Some(Arc::new(Permutation::find(dataset.topology(), order, ctl)?)),
        };
        let policy = MaskedInference::over(everything.clone(), nodes);
        let find_secs = if order == HopOrder::Stored { 0.0 } else { start.elapsed().as_secs_f64() };
        policies.push((order, find_secs, policy, Vec::new()));
    }
    // The first pass of each warms caches and pages up.
    for repeat in 0..=plan.n_repeats {
        for (_, _, policy, times) in &mut policies {
            let [secs, _] = hops_secs(ctl, |ctl| hops(dataset.features(), &recipe.model, policy, ctl))?;
            if repeat > 0 || plan.n_repeats == 0 {
                times.push(secs);
            }
        }
    }
    let stored = policies[0].3.clone();
    let speed = |(order, find_secs, _, samples): (_, _, _, Vec<f64>)| {
        let Speedup { ratio, interval, .. } = Speedup::of(&stored, &samples);
        OrderSpeed { order, find_secs, secs: median(&samples), speedup: ratio, interval, samples }
    };
    Ok(policies.into_iter().map(speed).collect())
}

fn one_hop(shape: &Architecture) -> Architecture {
    Architecture { hops: 1, ..shape.clone() }
}

/// Seconds of a whole propagation, and from its second hop on.
fn hops_secs<T>(ctl: &Control, f: impl FnOnce(&Control) -> Result<T, EngineError>) -> Result<[f64; 2], EngineError> {
    let began = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&began);
    // Every hop reports when it begins.
    let ctl = ctl.clone().on_progress(move |_| {
        if let Ok(mut seen) = seen.lock() {
            seen.push(Instant::now());
        }
    });
    let start = Instant::now();
    f(&ctl)?;
    let end = Instant::now();
    let second = began.lock().ok().and_then(|began| began.get(1).copied()).unwrap_or(end);
    Ok([(end - start).as_secs_f64(), (end - second).as_secs_f64()])
}

/// Removed shares that the products over kept weights are measured at.
const REMOVED: [f64; 3] = [0.5, 0.7, 0.9];

fn weight(
    plan: &SpeedPlan,
    (d_in, d_out): (usize, usize),
    input_density: f64,
    ctl: &Control,
) -> Result<WeightSpeed, EngineError> {
    let mut rng = StdRng::seed_from_u64(7);
    let mut values = |n: usize, width: usize, density: f64| {
        Array2::from_shape_simple_fn((n, width), || {
            if density >= 1.0 || rng.random_bool(density) { rng.random::<f32>() - 0.5 } else { 0.0 }
        })
    };
    let (x, w) = (values(plan.n_rows, d_in, input_density), values(d_in, d_out, 1.0));
    let sparse = if input_density < 1.0 { Some(Features::from_dense(x.clone())) } else { None };
    let rows = match &sparse {
        Some(Features::Sparse(stored)) => Rows::Sparse(stored),
        _ => Rows::Dense(x.view()),
    };
    let is_sparse = matches!(rows, Rows::Sparse(_));
    let mut prepared = vec![PreparedWeight::new(&w, is_sparse, Product::DenseWeight)];
    for removed in REMOVED {
        let kept = values(d_in, d_out, 1.0 - removed);
        prepared.push(PreparedWeight::new(&kept, is_sparse, Product::SparseWeight));
    }
    let mut secs = Vec::new();
    for prepared in &prepared {
        secs.push(seconds_of(plan.n_repeats, || prepared.apply(rows.reborrow(), ctl))?);
    }
    let dense_secs = secs[0];
    let sparse_secs: Vec<(f64, f64)> = REMOVED.into_iter().zip(secs.into_iter().skip(1)).collect();
    let line = Line::through(sparse_secs.iter().map(|(removed, secs)| (1.0 - removed, secs / dense_secs)));
    Ok(WeightSpeed {
        n_rows: plan.n_rows,
        d_in,
        d_out,
        input_density,
        dense_secs,
        dense_flops: 2.0 * rows.n_stored() as f64 * d_out as f64 / dense_secs,
        sparse_secs,
        faster_from: line.faster_from(),
    })
}

fn forward(dataset: &Arc<Dataset>, plan: &SpeedPlan, ctl: &Control) -> Result<ForwardSpeed, EngineError> {
    let mut recipe = Recipe::default();
    recipe.model.hidden = plan.hidden;
    let model = Model::init_while(&recipe.model, dataset.features().width(), dataset.n_classes(), 1, &|| ctl.check())?;
    let model = Arc::new(model);
    let mut training = recipe.clone();
    training.training = Some(Training { epochs: plan.epochs, ..Training::default() });
    recipe.edges.mode = EdgeMode::Target;
    recipe.edges.delta = vec![0.9];
    recipe.weights.mode = WeightMode::Target;
    recipe.weights.delta = vec![0.9];
    // Six pairs at least have an interval.
    let fewest = if plan.n_repeats > 1 { plan.n_repeats.max(6) } else { 2 };
    let timed = Plan { fewest, ..Plan::RUN };
    let options = RunOptions { timed: Some(timed), requests: &RequestTiming::SIZES, ..RunOptions::PREVIEW };
    let run = run(dataset, &model, &recipe, options, None, ctl)?;
    let (unpruned_secs, pruned_secs) =
        run.timing.as_ref().map_or((f64::NAN, f64::NAN), |t| (t.baseline_secs(), t.pruned_secs()));
    let speedup = run.timing.as_ref().map(Timing::speedup);
    let dead_columns = dead_columns_speedup(&run, &timed, ctl)?;
    let channels = [0.0, 0.9].map(|entries| narrow(dataset, &model, &recipe, entries, timed, ctl));
    let channels = channels.into_iter().collect::<Result<Vec<_>, _>>()?;
    let trained = train(dataset, &training, ctl, |_| {})?;
    let columns = |of: fn(&HiddenColumns) -> usize| run.hidden.iter().map(of).sum();
    Ok(ForwardSpeed {
        title: format!("{}, hidden {}", model.title(), plan.hidden),
        unpruned_secs,
        edge_sparsity: run.pruned.edge_sparsity(),
        weight_sparsity: run.pruned.weight_sparsity(),
        pruned_secs,
        n_pairs: speedup.map_or(0, |s| s.n_pairs),
        speedup: speedup.map_or(f64::NAN, |s| s.ratio),
        interval: speedup.and_then(|s| s.interval),
        hidden: [columns(|h| h.n_before), columns(|h| h.n_after)],
        dead_columns,
        channels,
        requests: run.timing.iter().flat_map(|t| &t.requests).map(RequestTiming::summary).collect(),
        epoch_secs: median(&trained.history.iter().map(|e| e.elapsed_secs).collect::<Vec<_>>()),
    })
}

/// The same network without three quarters of its hidden channels, and without so many entries. What it says is of no interest here, so values
/// stay as they are.
fn narrow(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    recipe: &Recipe,
    entries: f64,
    timed: Plan,
    ctl: &Control,
) -> Result<ChannelSpeed, EngineError> {
    let mut recipe = recipe.clone();
    (recipe.edges.delta, recipe.weights.delta) = (vec![entries], vec![0.0]);
    recipe.channels = Some(ChannelRule { share: 0.75 });
    recipe.recovery = Some(RecoveryRule {
        entries: EntryChoice::MessageNorm,
        values: ValueRule::AsIs,
        allocation: Allocation::AsGiven,
        ..RecoveryRule::default()
    });
    let options = RunOptions { timed: Some(timed), ..RunOptions::PREVIEW };
    let run = run(dataset, model, &recipe, options, None, ctl)?;
    let columns = |of: fn(&HiddenColumns) -> usize| run.hidden.iter().map(of).sum();
    let timing = run.timing.as_ref();
    Ok(ChannelSpeed {
        hidden: [columns(|h| h.n_before), columns(|h| h.n_after)],
        edge_sparsity: run.pruned.edge_sparsity(),
        secs: timing.map_or(f64::NAN, Timing::pruned_secs),
        speedup: timing.map_or_else(|| Speedup::of(&[], &[]), Timing::speedup),
    })
}

/// One line for each kind of product, through all that was measured of it; what was not measured costs what it costs elsewhere.
fn cost_of(weights: &[WeightSpeed], propagation: &[PropagationSpeed]) -> CostModel {
    let line = |is_of: &dyn Fn(&WeightSpeed) -> bool, otherwise: Line| {
        let points: Vec<(f64, f64)> = weights
            .iter()
            .filter(|w| is_of(w))
            .flat_map(|w| w.sparse_secs.iter().map(|(removed, secs)| (1.0 - removed, secs / w.dense_secs)))
            .collect();
        if points.is_empty() { otherwise } else { Line::through(points.iter().copied()) }
    };
    let built_in = CostModel::BUILT_IN;
    let unpruned = propagation.first().map_or(f64::NAN, |p| p.later_secs);
    let followed = propagation.iter().filter(|p| !p.decides && p.embeddings == Precision::F32);
    let entries = Line::through(followed.map(|p| (1.0 - p.sparsity, p.later_secs / unpruned)));
    let is_sound = entries.fixed.is_finite() && entries.per_kept.is_finite() && entries.per_kept > 0.0;
    CostModel {
        entries: if is_sound { entries } else { built_in.entries },
        wide: line(&|w| w.input_density >= 1.0 && w.d_out >= CostModel::NARROW, built_in.wide),
        narrow: line(&|w| w.input_density >= 1.0 && w.d_out < CostModel::NARROW, built_in.narrow),
        sparse_input: line(&|w| w.input_density < 1.0, built_in.sparse_input),
    }
}
