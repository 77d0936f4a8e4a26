//! A seeded generator of power-law graphs with communities, for timing and for trying the app at any size.
//!
//! Nodes get weights `i^-exponent` in random order; an edge draws its first end by weight and its second, with probability
//! `within`, by weight inside the first one's community, else by weight from all. Features are a community centre plus noise.

use ndarray::Array2;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, RngCore, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};

use super::assemble::EdgeList;
use super::dataset::{Dataset, DatasetParts, Features};
use super::labels::Labels;
use super::split::stratified;
use super::topology::{Direction, SelfLoops};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Size and shape of a generated graph.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerLaw {
    /// Number of nodes.
    pub n_nodes: usize,
    /// Directed entries without self-loops, both directions counted; reached to within one pair, or as many as fit.
    pub n_entries: usize,
    /// Features per node.
    pub n_features: usize,
    /// Communities; they are the classes.
    pub n_classes: usize,
    /// Seed of everything.
    pub seed: u64,
}

impl Default for PowerLaw {
    fn default() -> Self {
        Self { n_nodes: 2_000, n_entries: 20_000, n_features: 64, n_classes: 8, seed: 7 }
    }
}

impl PowerLaw {
    /// Bytes that generating takes at its most demanding moment: the pairs twice while they are sorted, or the features beside the structure,
    /// and what is drawn from.
    pub fn generating_bytes(&self) -> u64 {
        const PER_NODE: u64 = 48;
        let (n, m) = (self.n_nodes as u64, self.n_entries as u64);
        let sorting = (m / 2).saturating_mul(2 * 10);
        let structure = m.saturating_add(n).saturating_mul(8);
        let features = n.saturating_mul(self.n_features as u64).saturating_mul(4);
        sorting.max(structure.saturating_add(features)).saturating_add(n.saturating_mul(PER_NODE))
    }
}

/// Exponent of the node weights: degrees then fall off as on citation graphs.
const WEIGHT_EXPONENT: f64 = 0.62;
/// No node gets more than this multiple of the mean weight per 1/200 of the graph.
const LARGEST_SHARE: f64 = 1.0 / 200.0;
/// Probability that an edge stays inside its community.
const WITHIN_COMMUNITY: f64 = 0.65;
/// Distance of community centres, in standard deviations of the noise.
const CENTRE_SCALE: f32 = 0.5;
/// So many edges or values are made between two looks at the stop button.
const STEP: usize = if cfg!(test) { 1 << 8 } else { 1 << 15 };

/// Generates the graph, with self-loops added and a stratified 50/25/25 split.
///
/// # Errors
/// [`EngineError::Recipe`] for sizes that cannot be met, [`EngineError::Cancelled`].
pub fn power_law_communities(shape: &PowerLaw, ctl: &Control) -> Result<Dataset, EngineError> {
    let n = shape.n_nodes;
    if n < 2 || shape.n_classes == 0 || shape.n_classes > n || shape.n_features == 0 {
        return Err(EngineError::recipe(
            "sample:powerlaw",
            "at least 2 nodes, 1 feature and as many nodes as classes",
            format!("{n} nodes, {} features, {} classes", shape.n_features, shape.n_classes),
        ));
    }
    let most = n.saturating_mul(n - 1) / 2;
    if shape.n_entries > most {
        return Err(EngineError::recipe("sample:powerlaw entries", format!("at most {most}"), shape.n_entries));
    }
    let mut rng = StdRng::seed_from_u64(shape.seed);
    let mut weights: Vec<f64> = (1..=n).map(|i| (i as f64 / n as f64).powf(-WEIGHT_EXPONENT)).collect();
    let mean = weights.iter().sum::<f64>() / n as f64;
    let cap = (mean * n as f64 * LARGEST_SHARE).max(mean);
    for weight in &mut weights {
        *weight = weight.min(cap);
    }
    weights.shuffle(&mut rng);
    let community: Vec<u32> = (0..n).map(|_| rng.random_range(0..shape.n_classes as u32)).collect();

    ctl.check()?;
    let (order, first_of) = by_community(&community, shape.n_classes);
    let cumulative = running_sum(weights.iter().copied());
    let cumulative_by_community = running_sum(order.iter().map(|u| weights[*u as usize]));
    drop(weights);

    let wanted = shape.n_entries / 2;
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(wanted + wanted / 4);
    while pairs.len() < wanted {
        ctl.check()?;
        ctl.progress("drawing edges", pairs.len(), wanted);
        for drawn in 0..((wanted - pairs.len()) * 5 / 4).max(64) {
            if drawn % STEP == STEP - 1 {
                ctl.check()?;
            }
            let a = draw(&cumulative, 0..n, &mut rng) as u32;
            let b = if rng.random_bool(WITHIN_COMMUNITY) {
                let c = community[a as usize] as usize;
                order[draw(&cumulative_by_community, first_of[c]..first_of[c + 1], &mut rng)]
            } else {
                draw(&cumulative, 0..n, &mut rng) as u32
            };
            if a != b {
                pairs.push((a.min(b), a.max(b)));
            }
        }
        pairs = sorted(pairs, n, ctl)?;
        pairs.dedup();
    }
    pairs.shuffle(&mut UntilStopped { rng: &mut rng, ctl });
    pairs.truncate(wanted);
    let mut list = EdgeList::new();
    for step in pairs.chunks(STEP) {
        ctl.check()?;
        for (a, b) in step {
            list.push(*a, *b, 1.0);
        }
    }
    drop(pairs);
    let topology = list.assemble(n, Direction::Symmetrised, SelfLoops::Added, ctl)?.topology;

    let mut normal = || -> f32 { StandardNormal.sample(&mut rng) };
    let centres = Array2::from_shape_simple_fn((shape.n_classes, shape.n_features), &mut normal);
    let mut features = Array2::zeros((n, shape.n_features));
    if let Some(values) = features.as_slice_mut() {
        for (at, step) in values.chunks_mut(STEP).enumerate() {
            ctl.check()?;
            ctl.progress("drawing features", at * STEP, n * shape.n_features);
            step.fill_with(&mut normal);
        }
    }
    for (u, mut row) in features.rows_mut().into_iter().enumerate() {
        if u % STEP == 0 {
            ctl.check()?;
        }
        row.scaled_add(CENTRE_SCALE, &centres.row(community[u] as usize));
    }
    ctl.check()?;
    let labels = Labels::new(community);
    let split = stratified(&labels, 0.5, 0.25, shape.seed)?;
    let parts = DatasetParts {
        name: format!("powerlaw {n}"),
        source: format!(
            "sample:powerlaw?nodes={n}&edges={}&features={}&classes={}&seed={}",
            shape.n_entries, shape.n_features, shape.n_classes, shape.seed
        ),
        topology,
        features: Features::Dense(features),
        labels: Some(labels),
        splits: vec![split],
        node_ids: None,
        edge_weights: None,
    };
    Dataset::try_new_while(parts, || ctl.check())
}

/// Nodes by community, each community's in ascending order, and where every community begins.
fn by_community(community: &[u32], n_classes: usize) -> (Vec<u32>, Vec<usize>) {
    let mut first_of = vec![0usize; n_classes + 1];
    for c in community {
        first_of[*c as usize + 1] += 1;
    }
    for c in 0..n_classes {
        first_of[c + 1] += first_of[c];
    }
    let mut next = first_of.clone();
    let mut order = vec![0u32; community.len()];
    for (u, c) in (0u32..).zip(community) {
        let slot = &mut next[*c as usize];
        order[*slot] = u;
        *slot += 1;
    }
    (order, first_of)
}

/// The pairs in ascending order. They are parted by their first node, so that no sort is long.
fn sorted(pairs: Vec<(u32, u32)>, n: usize, ctl: &Control) -> Result<Vec<(u32, u32)>, EngineError> {
    /// Pairs that a part should have.
    const PART: usize = if cfg!(test) { 1 << 6 } else { 1 << 17 };
    let n_parts = (pairs.len() / PART).clamp(1, 1 << 12);
    let part_of = |pair: &(u32, u32)| pair.0 as usize * n_parts / n;
    let mut first_of = vec![0usize; n_parts + 1];
    for step in pairs.chunks(STEP) {
        ctl.check()?;
        for pair in step {
            first_of[part_of(pair) + 1] += 1;
        }
    }
    for part in 0..n_parts {
        first_of[part + 1] += first_of[part];
    }
    let mut next = first_of.clone();
    let mut out = vec![(0u32, 0u32); pairs.len()];
    for step in pairs.chunks(STEP) {
        ctl.check()?;
        for pair in step {
            let slot = &mut next[part_of(pair)];
            out[*slot] = *pair;
            *slot += 1;
        }
    }
    drop(pairs);
    for part in first_of.windows(2) {
        ctl.check()?;
        out[part[0]..part[1]].sort_unstable();
    }
    Ok(out)
}

/// Random numbers until the stop is asked for, and then ones that leave everything in its place: shuffling cannot be broken off.
struct UntilStopped<'a> {
    rng: &'a mut StdRng,
    ctl: &'a Control,
}

impl RngCore for UntilStopped<'_> {
    fn next_u32(&mut self) -> u32 {
        if self.ctl.is_cancelled() { u32::MAX } else { self.rng.next_u32() }
    }

    fn next_u64(&mut self) -> u64 {
        if self.ctl.is_cancelled() { u64::MAX } else { self.rng.next_u64() }
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.rng.fill_bytes(bytes);
    }
}

/// A node has the class of its community, and every class that at least this share of its neighbours has.
const TAG_FROM_SHARE: f64 = 0.2;

/// The same graph with any number of classes per node: its own, and those that are frequent among its neighbours.
///
/// # Errors
/// [`EngineError::Mismatch`] for a graph without labels, [`EngineError::Cancelled`].
pub fn with_neighbour_tags(dataset: &Dataset, ctl: &Control) -> Result<Dataset, EngineError> {
    let labels = dataset.labels().ok_or_else(|| EngineError::mismatch("labels", "one class per node", "none"))?;
    let topology = dataset.topology();
    let mut tags = Array2::from_elem((dataset.n_nodes(), labels.n_classes()), false);
    for (u, mut row) in tags.rows_mut().into_iter().enumerate() {
        if u % STEP == 0 {
            ctl.check()?;
        }
        let mut counts = vec![0usize; labels.n_classes()];
        for class in topology.row(u).iter().filter_map(|v| labels.of(*v as usize)) {
            counts[class] += 1;
        }
        let least = (TAG_FROM_SHARE * topology.degree(u) as f64).ceil() as usize;
        for (class, tag) in row.iter_mut().enumerate() {
            *tag = labels.of(u) == Some(class) || (least > 0 && counts[class] >= least);
        }
    }
    let mut parts = dataset.to_parts();
    parts.source.push_str("&labels=multi");
    let mut several = Labels::multi(tags);
    several.names.clone_from(&labels.names);
    parts.labels = Some(several);
    Dataset::try_new(parts)
}

fn running_sum(values: impl Iterator<Item = f64>) -> Vec<f64> {
    values
        .scan(0.0, |sum, v| {
            *sum += v;
            Some(*sum)
        })
        .collect()
}

/// Draws a position in `range` with probability proportional to its weight.
fn draw(cumulative: &[f64], range: std::ops::Range<usize>, rng: &mut StdRng) -> usize {
    let before = if range.start == 0 { 0.0 } else { cumulative[range.start - 1] };
    let at = before + rng.random::<f64>() * (cumulative[range.end - 1] - before);
    (range.start + cumulative[range.clone()].partition_point(|c| *c <= at)).min(range.end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::control::Canceller;
    use crate::engine::graph::GraphStats;

    #[test]
    fn has_the_asked_size_and_repeats_with_its_seed() {
        let ctl = Control::new(1).expect("workers");
        let shape = PowerLaw { n_nodes: 500, n_entries: 4_000, n_features: 5, n_classes: 4, seed: 3 };
        let graph = power_law_communities(&shape, &ctl).expect("possible");
        let stats = GraphStats::of(&graph);
        assert_eq!((stats.n_nodes, stats.n_entries, stats.n_self_loops), (500, 4_500, 500));
        assert!(stats.is_symmetric && stats.homophily.is_some_and(|h| h > 0.5));
        let again = power_law_communities(&shape, &ctl).expect("possible");
        assert_eq!(graph.content_hash(), again.content_hash());
        let other = power_law_communities(&PowerLaw { seed: 4, ..shape.clone() }, &ctl).expect("possible");
        assert_ne!(graph.content_hash(), other.content_hash());
        assert!(power_law_communities(&PowerLaw { n_entries: 1 << 40, ..shape }, &ctl).is_err());
    }

    #[test]
    fn sorting_by_parts_is_sorting() {
        let ctl = Control::new(1).expect("workers");
        let mut rng = StdRng::seed_from_u64(3);
        for n in [2usize, 50, 1_000] {
            let pairs: Vec<(u32, u32)> =
                (0..2_000).map(|_| (rng.random_range(0..n as u32), rng.random_range(0..n as u32))).collect();
            let mut expected = pairs.clone();
            expected.sort_unstable();
            assert_eq!(sorted(pairs, n, &ctl).expect("not stopped"), expected, "{n}");
        }
    }

    #[test]
    fn it_stops_wherever_it_is() {
        let shape = PowerLaw { n_nodes: 400, n_entries: 8_000, n_features: 8, n_classes: 4, seed: 3 };
        let workers = Control::new(1).expect("workers");
        let counting = workers.clone().with_canceller(Canceller::after_looks(usize::MAX));
        power_law_communities(&shape, &counting).expect("possible");
        let n_checks = counting.canceller().n_looks();
        assert!(n_checks > 60, "{n_checks} looks at the stop button");
        for after in (0..n_checks).step_by((n_checks / 100).max(1)) {
            let ctl = workers.clone().with_canceller(Canceller::after_looks(after));
            assert_eq!(power_law_communities(&shape, &ctl).unwrap_err(), EngineError::Cancelled, "after {after}");
        }
    }
}
