//! Cora in the order of time: a model of 60 % of its nodes, the others in eight batches, from the fifth on with other words. The check has to
//! see it there, and nothing before.

use ndarray::{Array2, Axis};
use std::sync::Arc;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{Dataset, DatasetParts, Direction, Features, Labels, SelfLoops, Split, Topology};
use unifews::engine::model::{Architecture, Family};
use unifews::engine::monitor::{CheckInputs, Level, Reference, ReferenceInputs, check};
use unifews::engine::sparsify::{EdgeMode, Recipe, Training, WeightMode};
use unifews::engine::train::train;
use unifews::io::read_graph;

use crate::shared::control;

const N_BATCHES: usize = 8;
/// The first batch that is drawn otherwise, from 1.
const DRIFT_FROM: usize = 5;
/// Of the words of a node that comes then, so many are others.
const OTHER_WORDS: f64 = 0.7;

/// A stream of numbers that a seed decides.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize % n
    }
}

/// Cora in an order of its own, with the words of later nodes exchanged.
struct Stream {
    pairs: Vec<(u32, u32)>,
    x: Array2<f32>,
    classes: Vec<u32>,
}

impl Stream {
    fn new(cora: &Dataset, seed: u64) -> Self {
        let n = cora.n_nodes();
        let mut draw = Draw(seed);
        let mut order: Vec<usize> = (0..n).collect();
        for at in (1..n).rev() {
            order.swap(at, draw.below(at + 1));
        }
        let mut place = vec![0u32; n];
        order.iter().zip(0..).for_each(|(u, at)| place[*u] = at);
        let pairs = cora.topology().entries().map(|(u, v)| (place[u as usize], place[v as usize])).collect();
        let mut x = cora.features().to_dense().select(Axis(0), &order);
        let width = x.ncols();
        for u in n_at(n, DRIFT_FROM - 1)..n {
            for word in 0..width {
                if x[[u, word]] != 0.0 && draw.next() < OTHER_WORDS {
                    let value = std::mem::take(&mut x[[u, word]]);
                    x[[u, draw.below(width)]] = value;
                }
            }
        }
        let labels = cora.labels().expect("labels").classes();
        Self { pairs, x, classes: order.iter().map(|u| labels[*u]).collect() }
    }

    /// The nodes that are there after `batch`, 0 for the first 60 %.
    fn after(&self, batch: usize) -> Arc<Dataset> {
        let n = n_at(self.classes.len(), batch);
        let pairs: Vec<(u32, u32)> =
            self.pairs.iter().copied().filter(|(u, v)| u != v && (*u as usize) < n && (*v as usize) < n).collect();
        let nodes =
            |parts: std::ops::Range<usize>| (0..n as u32).filter(|u| parts.contains(&(*u as usize % 4))).collect();
        let parts = DatasetParts {
            name: "cora".into(),
            source: String::new(),
            topology: Topology::from_edges(n, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("a graph").0,
            edge_weights: None,
            features: Features::from_dense(self.x.slice(ndarray::s![..n, ..]).to_owned()),
            labels: Some(Labels::new(self.classes[..n].to_vec())),
            splits: vec![Split { name: "file".into(), train: nodes(0..2), val: nodes(2..3), test: nodes(3..4) }],
            node_ids: None,
        };
        Dataset::try_new(parts).expect("a graph").shared()
    }
}

fn n_at(n: usize, batch: usize) -> usize {
    let first = n * 6 / 10;
    first + (n - first) * batch / N_BATCHES
}

/// What every check says.
fn levels(cora: &Dataset, seed: u64) -> Vec<Level> {
    let ctl = control(2);
    let stream = Stream::new(cora, seed);
    let before = stream.after(0);
    let training = Training { epochs: 30, learning_rate: 0.01, ..Training::official(Family::Gcn) };
    let mut recipe = Recipe {
        seed,
        model: Architecture { hidden: 16, ..Architecture::new(Family::Gcn) },
        training: Some(Training { inductive: true, ..training }),
        ..Recipe::default()
    };
    let model = train(&before, &recipe, &ctl, |_| {}).expect("trains").model;
    recipe.training = None;
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.3]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.3]);
    let found = run(&before, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
    let first = ReferenceInputs {
        dataset: &before,
        recipe: &recipe,
        split: &found.split,
        model: &found.pruned.model,
        baseline: Some(&model),
        logits: &found.pruned.logits,
        baseline_logits: Some(&found.baseline_logits),
    };
    let reference = Reference::of(first, &ctl).expect("a reference");
    // Every second seed without the unpruned model: then the pruned weights are listened to.
    let baseline = seed.is_multiple_of(2).then_some(&*model);
    (1..=N_BATCHES)
        .map(|batch| {
            let now = stream.after(batch);
            let from = n_at(cora.n_nodes(), batch - 1);
            let arrived: Vec<bool> = (0..now.n_nodes()).map(|u| u >= from).collect();
            let parts = DatasetParts { labels: None, ..now.to_parts() };
            let unlabelled = Dataset::try_new(parts).expect("a graph");
            let inputs = CheckInputs {
                reference: &reference,
                now: &unlabelled,
                recipe: &recipe,
                model: &found.pruned.model,
                masks: &found.pruned.masks,
                baseline,
                deltas: &[0.3, 0.3],
                arrived: Some(&arrived),
            };
            check(inputs, &ctl).expect("a check").level
        })
        .collect()
}

/// 4 seeds, or as many as `UNIFEWS_DRIFTS` says: what `docs/OPERATIONS.md` says of false alarms was measured with 200 of them.
#[test]
fn a_drift_is_seen_when_it_comes_and_not_before() {
    let cora = read_graph("sample:cora", &control(0)).expect("the sample").0;
    let n: u64 = std::env::var("UNIFEWS_DRIFTS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let (mut n_false, mut n_seen) = (0, 0);
    for seed in 0..n {
        let levels = levels(&cora, seed);
        let early = levels[..DRIFT_FROM - 1].iter().any(|level| *level != Level::Fine);
        let seen = levels[DRIFT_FROM - 1..=DRIFT_FROM].iter().any(|level| *level != Level::Fine);
        println!("seed {seed}: {levels:?}");
        n_false += u64::from(early);
        n_seen += u64::from(seen);
    }
    println!("{n} seeds: {n_false} with an alarm before the drift, {n_seen} with one in its first two batches");
    assert!(20 * n_false <= n, "{n_false} of {n} are alarmed before anything happened");
    assert!(20 * n_seen >= 19 * n, "{n_seen} of {n} see it");
}
