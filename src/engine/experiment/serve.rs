//! Requests for a few nodes: a model run on their receptive field alone, and what that takes beside the unpruned model.
//!
//! The answers have the bits of the forward pass over the whole graph: every row is the same chain of sums, whatever else is computed.

use std::sync::Arc;
use std::time::Instant;

use ndarray::{Array2, Axis};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::engine::control::{Control, Spares};
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::kernels::{Rows, picked};
use crate::engine::model::exec::infer::{forward, infer};
use crate::engine::model::passes::liveness::Compact;
use crate::engine::model::{Model, Op, Program};
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::pruned_operator::PrunedOperator;
use crate::engine::sparsify::receptive_field::{FieldFinder, FieldLimit, ReceptiveField};
use crate::engine::sparsify::{Masks, Product, Pruned, Recipe};
use crate::engine::timing::{Plan, Samples, Speedup, SystemClock, in_turn, median, percentile};

/// A model that answers requests: what it propagates over, and weights made ready.
pub struct Server {
    dataset: Arc<Dataset>,
    model: Model,
    program: Program,
    finder: FieldFinder,
    inference: MaskedInference,
    /// What was propagated already, scaled.
    embedding: Option<Array2<f32>>,
    limit: FieldLimit,
    /// Memory of the requests before: asking the system for it anew takes as long as the products of a large field.
    spares: Spares,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dataset, model, .. } = self;
        f.debug_struct("Server")
            .field("dataset", &dataset.name())
            .field("model", &model.architecture)
            .finish_non_exhaustive()
    }
}

/// An entry that is put back.
#[derive(Debug)]
pub(super) struct PutBack {
    /// Whom it hears.
    pub(super) source: u32,
    /// At what value; attention makes one of its own.
    pub(super) value: f32,
    /// Which steps do without it.
    pub(super) lacking: Vec<bool>,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// One row per node that was asked for, in the order of the request. `[n_asked, n_classes]`
    pub logits: Array2<f32>,
    /// What they depend on.
    pub field: FieldSize,
}

/// The size of a receptive field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSize {
    /// Nodes whose features are read.
    pub n_nodes: usize,
    /// Entries that are propagated over, all steps together.
    pub n_entries: usize,
}

impl Server {
    /// The pruned model of a bundle or a run; `model` is the pruned one, and `embedding` what mass mode propagated.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when they do not fit each other, or where the network normalises over all nodes.
    pub fn pruned(
        dataset: &Arc<Dataset>,
        model: &Model,
        recipe: &Recipe,
        masks: &Masks,
        embedding: Option<&Array2<f32>>,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        model.check_fits(dataset.features().width(), 0)?;
        let finder = match embedding {
            Some(_) => FieldFinder::without_graph(dataset),
            None if masks.edges.n_entries() != dataset.topology().n_entries() => {
                let expected = format!("{} entries", dataset.topology().n_entries());
                return Err(EngineError::mismatch("edge mask", expected, masks.edges.n_entries()));
            }
            None => FieldFinder::pruned(dataset, recipe, &masks.edges)?,
        };
        let mut server = Self::over(dataset, (model.program(), model.clone()), finder, None)?;
        if let Some(embedding) = embedding {
            let mut scaled = embedding.clone();
            if let Some(scaler) = &model.scaler {
                scaler.apply(&mut scaled, ctl)?;
            }
            server.embedding = Some(scaled);
        }
        Ok(server)
    }

    /// The unpruned model over the whole graph.
    ///
    /// # Errors
    /// As [`Server::pruned`].
    pub fn unpruned(dataset: &Arc<Dataset>, model: &Model, recipe: &Recipe) -> Result<Self, EngineError> {
        model.check_fits(dataset.features().width(), 0)?;
        let finder = FieldFinder::unpruned(dataset, recipe)?;
        Self::over(dataset, (model.program(), model.clone()), finder, None)
    }

    fn over(
        dataset: &Arc<Dataset>,
        (program, model): (Program, Model),
        finder: FieldFinder,
        products: Option<Vec<Product>>,
    ) -> Result<Self, EngineError> {
        check_rows(&program)?;
        let inference = MaskedInference::for_requests(products);
        let limit = field_limit(dataset, &model);
        // No more than the nodes of one request can take.
        let of_nodes = usize::try_from(limit.per_node).unwrap_or(usize::MAX).saturating_mul(dataset.n_nodes());
        Ok(Self {
            dataset: Arc::clone(dataset),
            model,
            program,
            finder,
            inference,
            embedding: None,
            limit,
            spares: Spares::of_at_most(of_nodes.min(MAX_SPARE_BYTES)),
        })
    }

    /// Scores `nodes`, each as often as it is named.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a node that the graph does not have, [`EngineError::Cancelled`].
    pub fn score(&mut self, nodes: &[u32], ctl: &Control) -> Result<Answer, EngineError> {
        let n = self.dataset.n_nodes();
        if let Some(found) = nodes.iter().find(|u| **u as usize >= n) {
            return Err(EngineError::mismatch("requested node", format!("a number below {n}"), found));
        }
        let mut wanted = nodes.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let Some(field) = self.finder.find(&wanted, self.limit)? else { return self.score_in_whole(nodes, ctl) };
        let size = FieldSize { n_nodes: field.nodes.len(), n_entries: field.n_entries };
        let logits = self.score_field(field, ctl)?;
        let places: Vec<usize> = nodes.iter().filter_map(|u| wanted.binary_search(u).ok()).collect();
        let is_as_asked = places.iter().copied().eq(0..wanted.len());
        let logits = if is_as_asked { logits } else { logits.select(Axis(0), &places) };
        Ok(Answer { logits, field: size })
    }

    /// The logits of node `u` with entries put back. `None` where the field of all their nodes is too large.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries, [`EngineError::Cancelled`].
    pub(super) fn score_restored(
        &mut self,
        u: u32,
        entries: &[PutBack],
        ctl: &Control,
    ) -> Result<Option<Vec<f32>>, EngineError> {
        let wanted: Vec<u32> = std::iter::once(u).chain(entries.iter().map(|entry| entry.source)).collect();
        let Some(mut field) = self.finder.find(&wanted, self.limit)? else { return Ok(None) };
        let nodes = &field.nodes;
        // Those that are asked for stand in front: node 0 hears the others.
        for (entry, at) in entries.iter().zip(1u32..) {
            for (part, _) in field.steps.iter_mut().zip(&entry.lacking).filter(|(_, is_lacking)| **is_lacking) {
                let is_later = |column: u32| nodes[column as usize] > entry.source;
                part.operator = part.operator.with_entry(0, at, entry.value, is_later);
            }
        }
        let logits = self.score_field(field, ctl)?;
        Ok(Some(logits.row(0).to_vec()))
    }

    fn score_field(&mut self, field: ReceptiveField, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let ctl = &ctl.recycling_into(&self.spares);
        let read = field.nodes.clone();
        self.inference.serve(field);
        if let Some(embedding) = &self.embedding {
            let rows = picked(embedding, &read, ctl)?;
            let logits = infer(&self.program, &self.model, Rows::Dense(rows.view()), &mut self.inference, ctl)?;
            ctl.recycle(rows);
            Ok(logits)
        } else {
            let features = match self.dataset.features() {
                Features::Dense(x) => Features::Dense(picked(x, &read, ctl)?),
                sparse @ Features::Sparse(_) => sparse.select(&read),
            };
            let logits = forward(&self.program, &self.model, &features, &mut self.inference, ctl)?;
            if let Features::Dense(x) = features {
                ctl.recycle(x);
            }
            Ok(logits)
        }
    }

    /// As [`Server::score`], by the forward pass over the whole graph: where a field is so large, copying it would only take memory.
    fn score_in_whole(&mut self, nodes: &[u32], ctl: &Control) -> Result<Answer, EngineError> {
        let Self { dataset, model, program, finder, inference, embedding, .. } = self;
        let field = FieldSize { n_nodes: dataset.n_nodes(), n_entries: finder.n_entries()? };
        let logits = inference.over_whole(finder.steps(), |inference| match embedding {
            Some(embedding) => infer(program, model, Rows::Dense(embedding.view()), inference, ctl),
            None => forward(program, model, dataset.features(), inference, ctl),
        })?;
        let rows: Vec<usize> = nodes.iter().map(|u| *u as usize).collect();
        Ok(Answer { logits: logits.select(Axis(0), &rows), field })
    }

    /// From now on fields that take more than `bytes` are answered by the whole graph's forward pass.
    #[must_use]
    pub fn with_largest_field(mut self, bytes: u64) -> Self {
        self.limit.bytes = bytes;
        self
    }
}

/// Checks that some nodes can be scored without all others.
///
/// # Errors
/// [`EngineError::Mismatch`] where the network normalises over all nodes.
pub fn check_requests(model: &Model) -> Result<(), EngineError> {
    check_rows(&model.program())
}

/// Checks that a row of the network's output can be computed without all others.
pub(super) fn check_rows(program: &Program) -> Result<(), EngineError> {
    let over_all = program.instructions.iter().find_map(|instruction| match &instruction.op {
        Op::Normalise { kind, .. } if !kind.is_per_row() => Some(*kind),
        _ => None,
    });
    match over_all {
        None => Ok(()),
        Some(kind) => Err(EngineError::mismatch(
            "requests for some nodes",
            "a network that normalises every node by itself",
            format!(
                "{kind:?} normalisation, which takes its statistics of all nodes: score the whole graph (unifews replay, prune)"
            ),
        )),
    }
}

/// What requests of one size took, with the unpruned and the pruned model in turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestTiming {
    /// Nodes of one request.
    pub n_asked: usize,
    /// Every request: unpruned, pruned; finding the receptive field and gathering features count.
    pub samples: Samples,
    /// Sizes of the receptive fields in the unpruned and in the pruned model, request by request.
    pub fields: [Vec<FieldSize>; 2],
}

/// The same in a few numbers: unpruned, pruned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestSummary {
    /// Nodes of one request.
    pub n_asked: usize,
    /// Requests that were timed.
    pub n_requests: usize,
    /// Median seconds.
    pub secs: [f64; 2],
    /// So many seconds 99 of 100 requests keep.
    pub slowest_secs: [f64; 2],
    /// Requests per second, one after the other.
    pub per_second: [f64; 2],
    /// Nodes of the receptive field, median.
    pub field_nodes: [usize; 2],
    /// Entries of the receptive field over all steps, median.
    pub field_entries: [usize; 2],
    /// How many times as fast the pruned model answers.
    pub speedup: Speedup,
    /// Whether something else kept the machine busy meanwhile.
    pub is_disturbed: bool,
}

impl RequestTiming {
    /// In a few numbers.
    pub fn summary(&self) -> RequestSummary {
        let ways = [Self::BASELINE, Self::PRUNED];
        RequestSummary {
            n_asked: self.n_asked,
            n_requests: self.samples.n_turns(),
            secs: ways.map(|way| self.secs(way)),
            slowest_secs: ways.map(|way| self.slowest_secs(way)),
            per_second: ways.map(|way| self.per_second(way)),
            field_nodes: ways.map(|way| self.field(way).n_nodes),
            field_entries: ways.map(|way| self.field(way).n_entries),
            speedup: self.speedup(),
            is_disturbed: self.is_disturbed(),
        }
    }

    /// The unpruned model among the samples and the fields.
    pub const BASELINE: usize = 0;
    /// The pruned model.
    pub const PRUNED: usize = 1;
    /// Sizes of the requests that a run times.
    pub const SIZES: [usize; 3] = [1, 64, 1024];
    /// Size of the requests that a point of a sweep times.
    pub const OF_A_POINT: usize = 64;

    /// Median seconds of a request.
    pub fn secs(&self, way: usize) -> f64 {
        median(&self.samples.secs(way))
    }

    /// So many seconds 99 of 100 requests keep.
    pub fn slowest_secs(&self, way: usize) -> f64 {
        percentile(&self.samples.secs(way), 0.99)
    }

    /// Requests per second, one after the other.
    pub fn per_second(&self, way: usize) -> f64 {
        let secs = self.samples.secs(way);
        secs.len() as f64 / secs.iter().sum::<f64>().max(f64::MIN_POSITIVE)
    }

    /// Median size of the receptive field.
    pub fn field(&self, way: usize) -> FieldSize {
        let middle = |of: fn(&FieldSize) -> usize| {
            median(&self.fields[way].iter().map(|field| of(field) as f64).collect::<Vec<_>>()) as usize
        };
        FieldSize { n_nodes: middle(|field| field.n_nodes), n_entries: middle(|field| field.n_entries) }
    }

    /// Requests that take fewer seconds than this are short.
    const SHORT: f64 = 1e-4;
    /// By so much the ratio of short requests moves from one start of the program to the next, with where lists and weights come to lie in
    /// memory: three starts gave 0.83, 1.06 and 1.10 for one node of Cora.
    const BETWEEN_STARTS: f64 = 0.25;

    /// How many times as fast the pruned model answers. The interval of short requests holds what another start may say, too.
    pub fn speedup(&self) -> Speedup {
        let speedup = self.samples.speedup_where(self.is_disturbed(), Self::BASELINE, Self::PRUNED);
        let is_short = self.secs(Self::BASELINE).min(self.secs(Self::PRUNED)) < Self::SHORT;
        let moves = if is_short { 1.0 + Self::BETWEEN_STARTS } else { 1.0 };
        Speedup { interval: speedup.interval.map(|[low, high]| [low / moves, high * moves]), ..speedup }
    }

    /// Whether something else kept the machine busy meanwhile. Requests differ, so that their scatter says nothing; that they waited does.
    pub fn is_disturbed(&self) -> bool {
        self.samples.waited()
    }
}

/// Of larger fields less is kept for the next request.
const MAX_SPARE_BYTES: usize = 256 << 20;

/// What a receptive field may take beside graph and model, and what its nodes and entries do.
pub(super) fn field_limit(dataset: &Dataset, model: &Model) -> FieldLimit {
    const MAX_BYTES: u64 = 1 << 30;
    let shape = &model.architecture;
    let d_in = dataset.features().width();
    let widths = (0..shape.layers).map(|l| shape.layer_widths(l, d_in, model.n_classes()).1);
    let features = match dataset.features() {
        _ if shape.is_decoupled() => 12 * d_in as u64,
        Features::Dense(_) => 4 * d_in as u64,
        Features::Sparse(x) => 8 * (x.nnz() as u64).div_ceil(x.rows().max(1) as u64),
    };
    let heads = if shape.has("heads") { shape.heads.max(shape.out_heads) } else { 1 };
    FieldLimit {
        bytes: MAX_BYTES,
        per_node: 4 * (2 * widths.max().unwrap_or(d_in) + 4) as u64 + features,
        per_entry: 2 * (8 + 8 * heads) as u64,
    }
}

/// Bytes that one request takes at most.
pub(super) fn request_bytes(dataset: &Dataset, model: &Model) -> u64 {
    let limit = field_limit(dataset, model);
    let n_entries = (dataset.topology().n_entries() * model.architecture.n_graph_steps()) as u64;
    (limit.per_node * dataset.n_nodes() as u64 + limit.per_entry * n_entries).min(limit.bytes)
}

/// Bytes of an entry that the lists of all steps of a pruned model may take together: what lists and masks took while they were decided.
const LISTS_PER_ENTRY: usize = 24;
/// Requests of one size that took longer altogether are the last ones: larger ones take longer still.
const MOST_SECS: f64 = 20.0;

/// Times requests for nodes drawn with the recipe's seed: the same ones for both models. Nothing where a network normalises over all nodes, or
/// the pruned model's lists would take more memory than deciding them did.
pub(super) fn time_requests(
    dataset: &Arc<Dataset>,
    model: &Model,
    recipe: &Recipe,
    (pruned, compact, products): (&Pruned, &Compact, &[Product]),
    (sizes, plan): (&[usize], &Plan),
    ctl: &Control,
) -> Result<Vec<RequestTiming>, EngineError> {
    let edges = &pruned.masks.edges;
    let n_kept: usize = (0..edges.n_steps()).map(|step| edges.n_kept(step)).sum();
    let fits = PrunedOperator::size_bytes(n_kept) <= LISTS_PER_ENTRY * dataset.topology().n_entries();
    if sizes.is_empty() || !fits || check_rows(&model.program()).is_err() {
        return Ok(Vec::new());
    }
    let baseline = Server::unpruned(dataset, model, recipe)?;
    let network = (compact.program.clone(), compact.model.clone());
    let finder = FieldFinder::pruned(dataset, recipe, &pruned.masks.edges)?;
    let pruned = Server::over(dataset, network, finder, Some(products.to_vec()))?;
    let mut servers = [baseline, pruned];
    let mut timings = Vec::new();
    for n_asked in sizes.iter().copied().filter(|n| *n <= dataset.n_nodes()) {
        let began = Instant::now();
        timings.push(time_requests_of(n_asked, &mut servers, recipe.seed, plan, ctl)?);
        if began.elapsed().as_secs_f64() > MOST_SECS {
            break;
        }
    }
    Ok(timings)
}

fn time_requests_of(
    n_asked: usize,
    servers: &mut [Server; 2],
    seed: u64,
    plan: &Plan,
    ctl: &Control,
) -> Result<RequestTiming, EngineError> {
    let n = servers[RequestTiming::BASELINE].dataset.n_nodes();
    let mut rng = StdRng::seed_from_u64(seed);
    let mut requests: Vec<Vec<u32>> = Vec::new();
    let mut fields = [Vec::new(), Vec::new()];
    let mut draw = || rand::seq::index::sample(&mut rng, n, n_asked).into_iter().map(|u| u as u32).collect();
    let samples = in_turn(2, plan, &mut SystemClock::new(), |way, is_counted| {
        // The first request warms up; then each model gets the next of the same ones.
        let at = if is_counted { 1 + fields[way].len() } else { 0 };
        while requests.len() <= at {
            requests.push(draw());
        }
        let answer = servers[way].score(&requests[at], ctl)?;
        if is_counted {
            fields[way].push(answer.field);
        }
        Ok::<_, EngineError>(())
    })?;
    Ok(RequestTiming { n_asked, samples, fields })
}
