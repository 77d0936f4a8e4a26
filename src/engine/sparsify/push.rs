//! Mass mode: each feature column is pushed over a graph of its own (authors' C++ program, `precompute/algprop.cpp`).
//!
//! Node `u` pushes `p[u]` to its neighbours in order of rising degree as long as the message passes the test, so what a node
//! still pushes to is a prefix of its sorted row, and "removed stays removed" is one limit per node.
//!
//! * `compat = "clean"`: the message `|T[v,u] p[u]|` against `δ± = δ · Σ_{w: ±x[w] > 0} |x[w]| d(w)^r`; a limit never grows; a
//!   node always keeps its self-loop.
//!   Where hops are weighted, what is tested is the message's part in the result: times the weight of all hops to come.
//! * `compat = "official"`: the authors' test `|p[u]| / δ± > d(v)^r`, the whole-node test, the fixed-size second push with its
//!   random factor, limits that can grow (docs/DIFFERENCES.md#d20 and #d23 to #d26). SGC pushes over `D⁻¹Ā` and keeps itself, APPNP pushes residues over
//!   the symmetric matrix.

use std::sync::Arc;

use ndarray::{Array2, ShapeBuilder as _};

use super::mask::EdgeMask;
use super::propagated::Propagated;
use super::recipe::{Identity, Quirk, Recipe};
use super::trace::{EdgeTrace, Macs, StepTrace};
use crate::engine::control::Control;
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features, Topology};
use crate::engine::kernels::{ExactSum, SUM_ROWS, frobenius, row_norms};
use crate::engine::model::{Architecture, Family, HopWeights, StepKind};

/// The authors' program gives the columns to this many threads, a run of neighbouring columns each; each thread draws from a
/// stream of its own, and all streams start from the same seed.
const LANES: usize = 32;

/// The `rand_r` of the C library the authors' program is built with: a linear congruential generator (ISO C's example) whose
/// upper bits are put together from three draws.
#[derive(Debug, Clone, Copy)]
struct RandomStream(u32);

impl RandomStream {
    /// The C library's `RAND_MAX`.
    const MAX: u32 = 0x7fff_ffff;

    fn next(&mut self) -> u32 {
        let mut draw = |modulus: u32| {
            self.0 = self.0.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (self.0 / 0x1_0000) % modulus
        };
        let high = draw(2048);
        let middle = draw(1024);
        let low = draw(1024);
        (((high << 10) ^ middle) << 10) ^ low
    }

    /// How much farther a node's second push reaches: at least 1; infinite where the program divides by 0.
    fn reach(&mut self) -> f32 {
        Self::MAX as f32 / (self.next() % Self::MAX) as f32
    }
}

/// The columns of every lane: as the authors' program deals them out, the first lanes one more.
fn lanes(width: usize) -> Vec<std::ops::Range<usize>> {
    let (each, more) = (width / LANES, width % LANES);
    let first = |lane: usize| lane * each + lane.min(more);
    (0..LANES).map(|lane| first(lane)..first(lane + 1)).collect()
}

/// Whether a number is pushed over an entry, in the clean form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PushTest {
    /// The weight of what the hop can still reach.
    pub(crate) reach: f32,
    /// What messages of positive numbers have to meet, and of negative ones.
    pub(crate) deltas: [f32; 2],
}

impl PushTest {
    /// Whether `p` passes over an entry of value `t`. Entries of smaller value pass less.
    pub(crate) fn passes(self, t: f32, p: f32) -> bool {
        let delta = if p >= 0.0 { self.deltas[0] } else { self.deltas[1] };
        let is_below = self.reach * t.abs() * p.abs() < delta;
        !is_below
    }
}

/// `d^exponent` of a node of `degree` entries.
pub(crate) fn degree_power(degree: usize, exponent: f64) -> f32 {
    f64::from(degree.max(1) as f32).powf(exponent) as f32
}

/// Whether hops are added up, by their weights.
pub(crate) fn adds_hops(shape: &Architecture) -> bool {
    shape.architecture.definition().hop_weights(shape) != HopWeights::Last
}

/// For the features and every hop, the weight of what it can still reach: that of itself and all later ones.
pub(crate) fn reach_of_hops(shape: &Architecture) -> Vec<f32> {
    let mut reach: Vec<f32> = shape.hop_weights().iter().map(|w| *w as f32).collect();
    for hop in (0..reach.len().saturating_sub(1)).rev() {
        reach[hop] = reach[hop].abs() + reach[hop + 1].abs();
    }
    reach
}

/// `Σ |x[w]| d(w)^r` over the positive numbers of a column, and over the negative ones. Nodes ascend. Sums of row blocks of a multiple of
/// [`SUM_ROWS`] rows, merged, are those of all rows.
pub(crate) fn column_masses(column: impl Iterator<Item = (usize, f32)>, power: impl Fn(usize) -> f32) -> [ExactSum; 2] {
    let mut masses = [ExactSum::default(), ExactSum::default()];
    let (mut chain, mut open) = ([0.0f64; 2], 0);
    for (u, value) in column {
        if u / SUM_ROWS != open {
            masses.iter_mut().zip(chain).for_each(|(mass, chain)| mass.add(chain));
            (chain, open) = ([0.0; 2], u / SUM_ROWS);
        }
        chain[usize::from(value <= 0.0)] += f64::from(value.abs() * power(u));
    }
    masses.iter_mut().zip(chain).for_each(|(mass, chain)| mass.add(chain));
    masses
}

/// What all columns share.
struct Pushes<'a> {
    topology: &'a Topology,
    /// Row = source, targets by rising degree.
    targets: Vec<u32>,
    start: Vec<usize>,
    /// For every push slot the entry `(target, source)` it pushes over.
    entry: Vec<u32>,
    /// `d(v)^r` of every node.
    power: Vec<f32>,
    degree: Vec<f32>,
    /// `d(v)^(r-1)` of target and `d(u)^(-r)` of source.
    of_target: Vec<f32>,
    of_source: Vec<f32>,
    recipe: &'a Recipe,
    /// How much the features and every hop count in the result.
    hop_weights: Vec<f32>,
    /// For every hop, the weight of what it can still reach: that of itself and all later ones.
    reach: Vec<f32>,
    adds_hops: bool,
    /// The authors' form for SGC; else for APPNP.
    form: Form,
}

/// What a push is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Messages of the matrix; hops are weighted as they pass.
    Clean,
    /// The authors' SGC: a node keeps itself and pushes `p / d(v)`.
    OfficialSgc,
    /// The authors' APPNP: a node gives `α` of its residue to the result and pushes the rest.
    OfficialAppnp,
}

/// One column's result.
struct Column {
    values: Vec<f32>,
    /// Pushes in every hop.
    n_pushed: Vec<u64>,
    /// Slots pushed over, hop after hop, as ranges of every source's row: `limit[hop][u]`.
    limits: Vec<Vec<u32>>,
}

pub(super) fn push_features(
    dataset: &Dataset,
    recipe: &Recipe,
    reference: Option<&[Array2<f32>]>,
    ctl: &Control,
) -> Result<Propagated, EngineError> {
    let topology = dataset.topology();
    let (n, m, hops) = (topology.n_nodes(), topology.n_entries(), recipe.model.hops);
    if !topology.is_symmetric() {
        return Err(EngineError::recipe("edges.mode", "mass on an undirected graph", "a graph with one-way entries"));
    }
    let pushes = Pushes::new(topology, recipe);
    let x = columns_of(dataset.features());
    let width = dataset.features().width();
    let mut embedding = Array2::<f32>::zeros((n, width).f());
    let mut n_pushed = vec![0u64; hops];
    let mut counts = vec![vec![0u32; m]; hops];
    let lanes = lanes(width);
    let mut streams = [RandomStream(recipe.seed as u32); LANES];
    for round in 0..width.div_ceil(LANES) {
        ctl.progress("pushing features", round * LANES, width);
        let column_of = |lane: usize| lanes[lane].clone().nth(round);
        let pushed = ctl.map(LANES, |lane| {
            let mut stream = streams[lane];
            let column = column_of(lane).map(|c| pushes.column(&x[c], &mut stream, n, hops));
            (column, stream)
        })?;
        for (lane, (column, stream)) in pushed.into_iter().enumerate() {
            streams[lane] = stream;
            let (Some(c), Some(column)) = (column_of(lane), column) else { continue };
            embedding.column_mut(c).iter_mut().zip(&column.values).for_each(|(o, v)| *o = *v);
            for hop in 0..hops {
                n_pushed[hop] += column.n_pushed[hop];
                for (u, limit) in column.limits[hop].iter().enumerate() {
                    for slot in pushes.start[u]..*limit as usize {
                        counts[hop][pushes.entry[slot] as usize] += 1;
                    }
                }
            }
        }
    }
    let embedding = embedding.as_standard_layout().into_owned();
    let mut edges = EdgeMask::keep_all(m, hops);
    for (k, (u, v)) in topology.entries().enumerate() {
        let removed_from = counts.iter().rposition(|count| count[k] > 0).map_or(0, |hop| hop + 1);
        if removed_from < hops && u != v {
            edges.remove(k, removed_from);
        }
    }
    let norms = Arc::new(row_norms(embedding.view(), ctl)?);
    let n_self_loops = topology.n_self_loops();
    let output_norm = frobenius(&embedding);
    // The reference is what the last hop gives, not a sum over hops.
    let comparable = reference.filter(|_| !pushes.adds_hops).and_then(|r| r.get(hops - 1));
    let relative_error = comparable.map(|r| frobenius(&(&embedding - r)) / frobenius(r));
    let steps = (0..hops)
        .map(|hop| {
            let share: Vec<f32> = counts[hop].iter().map(|c| *c as f32 / width.max(1) as f32).collect();
            let n_after = (n_pushed[hop] as f64 / width.max(1) as f64).round() as usize;
            let before = if hop == 0 { m } else { (n_pushed[hop - 1] as f64 / width.max(1) as f64).round() as usize };
            let is_last = hop + 1 == hops;
            StepTrace {
                kind: StepKind::Hop,
                idx: hop,
                d_in: width,
                d_out: width,
                edges: Some(EdgeTrace {
                    requested: recipe.delta_a(hop),
                    delta: recipe.delta_a(hop),
                    n_entries: m,
                    n_self_loops,
                    n_before: before,
                    n_after,
                    mean_message: f64::NAN,
                    source_norms: Arc::clone(&norms),
                    width,
                    macs_per_entry: width,
                    unpruned_macs_per_entry: width,
                    scores: None,
                    coefficients: None,
                    pushed_share: Some(Arc::new(share)),
                    counts_self_loops: recipe.counts_self_loops(),
                }),
                weights: Vec::new(),
                relative_error: relative_error.filter(|_| is_last),
                output_norm: if is_last { output_norm } else { f64::NAN },
                macs: Macs { edges_baseline: (m * width) as u64, edges_pruned: n_pushed[hop], ..Macs::default() },
            }
        })
        .collect();
    Ok(Propagated { embedding, edges, steps })
}

/// Features column by column.
fn columns_of(features: &Features) -> Vec<Vec<(u32, f32)>> {
    let mut columns = vec![Vec::new(); features.width()];
    match features {
        Features::Dense(x) => {
            for ((u, j), value) in x.indexed_iter().filter(|(_, v)| **v != 0.0) {
                columns[j].push((u as u32, *value));
            }
        }
        Features::Sparse(x) => {
            for (u, row) in x.outer_iterator().enumerate() {
                for (j, value) in row.iter() {
                    columns[j].push((u as u32, *value));
                }
            }
        }
    }
    columns
}

impl<'a> Pushes<'a> {
    fn new(topology: &'a Topology, recipe: &'a Recipe) -> Self {
        let n = topology.n_nodes();
        let r = recipe.model.norm_r;
        let matrix_r = if let Matrix::Normalised(r) = recipe.matrix() { r } else { 0.0 };
        let degree: Vec<f32> = (0..n).map(|u| topology.degree(u).max(1) as f32).collect();
        let power = |exponent: f64| (0..n).map(|u| degree_power(topology.degree(u), exponent)).collect::<Vec<_>>();
        // The graph is symmetric: the row of `u` is also the list of its targets, and entry (target, source) is found there.
        let mut targets = topology.indices().to_vec();
        let mut entry = Vec::with_capacity(targets.len());
        for u in 0..n {
            let range = topology.row_range(u);
            targets[range].sort_by_key(|v| topology.degree(*v as usize));
        }
        for u in 0..n {
            for &v in &targets[topology.row_range(u)] {
                entry.push(topology.find(v as usize, u).unwrap_or_default() as u32);
            }
        }
        let form = match recipe.model.architecture {
            Family::Sgc if recipe.compat.has(Quirk::PushRule) => Form::OfficialSgc,
            Family::Appnp if recipe.compat.has(Quirk::PushRule) => Form::OfficialAppnp,
            _ => Form::Clean,
        };
        Self {
            hop_weights: recipe.model.hop_weights().iter().map(|w| *w as f32).collect(),
            reach: reach_of_hops(&recipe.model),
            adds_hops: adds_hops(&recipe.model),
            form,
            topology,
            targets,
            start: topology.indptr().to_vec(),
            entry,
            power: power(r),
            of_target: power(matrix_r - 1.0),
            of_source: power(-matrix_r),
            degree,
            recipe,
        }
    }

    /// The mass of a column's positive numbers, and of its negative ones: in the authors' form rounded as their program rounds it.
    fn masses(&self, x: &[(u32, f32)]) -> [f32; 2] {
        if self.form == Form::Clean {
            let column = x.iter().map(|(u, value)| (*u as usize, *value));
            return column_masses(column, |u| self.power[u]).map(|mass| mass.value() as f32);
        }
        let mut masses = [0.0f32; 2];
        for &(u, value) in x {
            masses[usize::from(value <= 0.0)] += value.abs() * self.power[u as usize];
        }
        masses
    }

    fn column(&self, x: &[(u32, f32)], stream: &mut RandomStream, n: usize, hops: usize) -> Column {
        let mut now = vec![0.0f32; n];
        for &(u, value) in x {
            now[u as usize] = value;
        }
        let masses = self.masses(x);
        let mut next = vec![0.0f32; n];
        let end = |u: usize| self.start[u + 1] as u32;
        let mut limit: Vec<u32> = (0..n).map(end).collect();
        let mut second_limit = limit.clone();
        let mut sum = vec![0.0f32; n];
        let mut out =
            Column { values: Vec::new(), n_pushed: Vec::with_capacity(hops), limits: Vec::with_capacity(hops) };
        for hop in 0..hops {
            let mut delta = self.recipe.delta_a(hop) as f32;
            if self.form == Form::OfficialAppnp {
                delta /= 1.0 - self.recipe.model.alpha as f32;
            }
            let deltas = masses.map(|mass| delta * mass);
            let (n_pushed, ends) = match self.form {
                Form::Clean => {
                    if self.adds_hops {
                        let weight = self.hop_weights[hop];
                        sum.iter_mut().zip(&now).for_each(|(s, p)| *s = weight.mul_add(*p, *s));
                    }
                    let test = PushTest { reach: self.reach[hop + 1], deltas };
                    self.clean_hop(&now, &mut next, test, &mut limit)
                }
                Form::OfficialSgc | Form::OfficialAppnp => {
                    let limits = [&mut limit[..], &mut second_limit[..]];
                    self.official_hop(&now, &mut next, &mut sum, deltas, limits, stream)
                }
            };
            out.n_pushed.push(n_pushed);
            out.limits.push(ends);
            std::mem::swap(&mut now, &mut next);
            next.fill(0.0);
        }
        match self.form {
            Form::Clean if self.adds_hops => {
                let weight = self.hop_weights[hops];
                now.iter_mut().zip(&sum).for_each(|(p, s)| *p = weight.mul_add(*p, *s));
            }
            Form::OfficialAppnp => now.iter_mut().zip(&sum).for_each(|(p, s)| *p += s),
            Form::Clean | Form::OfficialSgc => {}
        }
        out.values = now;
        out
    }

    /// Returns the number of pushes and, per source, the slot after its last push.
    fn clean_hop(&self, now: &[f32], next: &mut [f32], test: PushTest, limit: &mut [u32]) -> (u64, Vec<u32>) {
        let mut n_pushed = 0;
        let mut ends: Vec<u32> = self.start[..now.len()].iter().map(|s| *s as u32).collect();
        for (u, &p) in now.iter().enumerate() {
            if self.recipe.edges.identity != Identity::SelfLoop {
                next[u] += p;
            }
            let mut slot = self.start[u] as u32;
            let mut passed_own = false;
            while slot < limit[u] {
                let v = self.targets[slot as usize] as usize;
                let t = self.of_target[v] * self.of_source[u];
                let is_own = v == u;
                if !is_own && !test.passes(t, p) {
                    break;
                }
                passed_own |= is_own;
                if !(is_own && self.recipe.edges.identity == Identity::Residual) {
                    next[v] = t.mul_add(p, next[v]);
                    n_pushed += u64::from(p != 0.0);
                }
                slot += 1;
            }
            limit[u] = slot;
            ends[u] = slot;
            if !passed_own && self.recipe.edges.identity != Identity::Residual && self.topology.find(u, u).is_some() {
                // The self-loop lies behind the limit: it is never removed.
                next[u] = (self.of_target[u] * self.of_source[u]).mul_add(p, next[u]);
                n_pushed += u64::from(p != 0.0);
            }
        }
        (n_pushed, ends)
    }

    /// Messages meet the threshold exactly again and again (a push of `δ d(v)^-r` returns as a multiple of `δ`), so every
    /// multiplication and division here is rounded as the authors' program rounds it.
    fn official_hop(
        &self,
        now: &[f32],
        next: &mut [f32],
        sum: &mut [f32],
        deltas: [f32; 2],
        [limit, second_limit]: [&mut [u32]; 2],
        stream: &mut RandomStream,
    ) -> (u64, Vec<u32>) {
        let mut n_pushed = 0;
        let mut ends: Vec<u32> = self.start[..now.len()].iter().map(|s| *s as u32).collect();
        let is_sgc = self.form == Form::OfficialSgc;
        let alpha = self.recipe.model.alpha as f32;
        for (u, &p) in now.iter().enumerate() {
            if is_sgc {
                next[u] += p;
            }
            let delta = if p > 0.0 { deltas[0] } else { -deltas[1] };
            let ratio = p * (1.0 / delta);
            if p == 0.0 || ratio <= 1.0 {
                if !is_sgc {
                    sum[u] += p;
                }
                continue;
            }
            let mut pushed = 0.0;
            if !is_sgc {
                sum[u] += p * alpha;
                pushed = p * (1.0 - alpha) * (1.0 / self.power[u]);
            }
            let end = self.start[u + 1] as u32;
            let mut slot = self.start[u] as u32;
            while slot < limit[u] {
                let v = self.targets[slot as usize] as usize;
                if ratio <= self.power[v] {
                    break;
                }
                next[v] += if is_sgc { p / self.degree[v] } else { pushed * (1.0 / self.power[v]) };
                slot += 1;
            }
            let ratio = if self.recipe.compat.has(Quirk::RandomPush) { ratio * stream.reach() } else { ratio };
            let mut second = slot;
            while second < second_limit[u] {
                let v = self.targets[second as usize] as usize;
                if ratio <= self.power[v] {
                    break;
                }
                next[v] += delta * (1.0 / self.power[v]);
                second += 1;
            }
            n_pushed += u64::from(second - self.start[u] as u32);
            ends[u] = second;
            limit[u] = u32::midpoint(slot, second);
            second_limit[u] = u32::midpoint(second, end);
        }
        (n_pushed, ends)
    }
}
