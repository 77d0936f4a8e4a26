//! A seeded generator of power-law graphs with communities, for timing and for trying the app at any size.
//!
//! Nodes get weights `i^-exponent` in random order; an edge draws its first end by weight and its second, with probability
//! `within`, by weight inside the first one's community, else by weight from all. Features are a community centre plus noise.

use ndarray::Array2;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal};

use super::dataset::{Dataset, DatasetParts, Features, Labels};
use super::split::stratified;
use super::topology::{Direction, SelfLoops, Topology};
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

/// Exponent of the node weights: degrees then fall off as on citation graphs.
const WEIGHT_EXPONENT: f64 = 0.62;
/// No node gets more than this multiple of the mean weight per 1/200 of the graph.
const LARGEST_SHARE: f64 = 1.0 / 200.0;
/// Probability that an edge stays inside its community.
const WITHIN_COMMUNITY: f64 = 0.65;
/// Distance of community centres, in standard deviations of the noise.
const CENTRE_SCALE: f32 = 0.5;

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

    let mut order: Vec<u32> = (0..n as u32).collect();
    order.sort_by_key(|u| community[*u as usize]);
    let cumulative = running_sum(weights.iter().copied());
    let cumulative_by_community = running_sum(order.iter().map(|u| weights[*u as usize]));
    let first_of: Vec<usize> =
        (0..=shape.n_classes).map(|c| order.partition_point(|u| (community[*u as usize] as usize) < c)).collect();

    let wanted = shape.n_entries / 2;
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(wanted + wanted / 4);
    while pairs.len() < wanted {
        ctl.check()?;
        ctl.progress("drawing edges", pairs.len(), wanted);
        for _ in 0..((wanted - pairs.len()) * 5 / 4).max(64) {
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
        pairs.sort_unstable();
        pairs.dedup();
    }
    pairs.shuffle(&mut rng);
    pairs.truncate(wanted);
    let (topology, _) = Topology::from_edges(n, &pairs, Direction::Symmetrised, SelfLoops::Added)?;

    let mut normal = || -> f32 { StandardNormal.sample(&mut rng) };
    let centres = Array2::from_shape_simple_fn((shape.n_classes, shape.n_features), &mut normal);
    let mut features = Array2::from_shape_simple_fn((n, shape.n_features), &mut normal);
    for (u, mut row) in features.rows_mut().into_iter().enumerate() {
        row.scaled_add(CENTRE_SCALE, &centres.row(community[u] as usize));
    }
    let labels = Labels::new(community);
    let split = stratified(&labels, 0.5, 0.25, shape.seed)?;
    Dataset::try_new(DatasetParts {
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
    })
}

/// A node has the class of its community, and every class that at least this share of its neighbours has.
const TAG_FROM_SHARE: f64 = 0.2;

/// The same graph with any number of classes per node: its own, and those that are frequent among its neighbours.
///
/// # Errors
/// [`EngineError::Mismatch`] for a graph without labels.
pub fn with_neighbour_tags(dataset: &Dataset) -> Result<Dataset, EngineError> {
    let labels = dataset.labels().ok_or_else(|| EngineError::mismatch("labels", "one class per node", "none"))?;
    let topology = dataset.topology();
    let mut tags = Array2::from_elem((dataset.n_nodes(), labels.n_classes()), false);
    for (u, mut row) in tags.rows_mut().into_iter().enumerate() {
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
}
