//! The test against enumeration, its error rate by enumeration and by drawing, and certificates of small graphs.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::graph::{Direction, Labels, SelfLoops, Split, Topology};

const LEVEL: f64 = 0.95;

fn counts(n: usize, harmed: usize, helped: usize) -> Paired {
    Paired { n, harmed, helped }
}

/// All `(harmed, helped)` of `n` nodes with their probabilities, by multiplying node by node.
fn outcomes(n: usize, harm: f64, help: f64) -> BTreeMap<(usize, usize), f64> {
    let mut now = BTreeMap::from([((0, 0), 1.0)]);
    for _ in 0..n {
        let mut next = BTreeMap::new();
        for ((harmed, helped), p) in now {
            *next.entry((harmed + 1, helped)).or_insert(0.0) += p * harm;
            *next.entry((harmed, helped + 1)).or_insert(0.0) += p * help;
            *next.entry((harmed, helped)).or_insert(0.0) += p * (1.0 - harm - help);
        }
        now = next;
    }
    now
}

/// Ends of the interval of Clopper and Pearson by their definition, in small steps of bisection over enumerated tails.
fn interval(discordant: usize, n: usize) -> (f64, f64) {
    let tail = |rate: f64, is_in: &dyn Fn(usize) -> bool| -> f64 {
        outcomes(n, rate, 0.0).iter().filter(|((k, _), _)| is_in(*k)).map(|(_, p)| p).sum()
    };
    let find = |is_above: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = f64::midpoint(low, high);
            if is_above(middle) { high = middle } else { low = middle }
        }
        high
    };
    let low = find(&|rate| tail(rate, &|k| k >= discordant) >= BETA / 2.0);
    let high = find(&|rate| tail(rate, &|k| k <= discordant) <= BETA / 2.0);
    (if discordant == 0 { 0.0 } else { low }, if discordant == n { 1.0 } else { high })
}

#[test]
fn p_values_are_those_of_enumeration() {
    let mut n_compared = 0;
    for (n, limit) in [(1, 0.3), (6, 0.02), (9, 0.1), (9, 0.45)] {
        for discordant in 0..=n {
            let (low, high) = interval(discordant, n);
            let low = low.max(limit + 1e-9);
            for helped in 0..=discordant {
                let seen = counts(n, discordant - helped, helped);
                let net = seen.harmed.cast_signed() - helped.cast_signed();
                let tail = |i: usize| -> f64 {
                    let rate = low + (high - low) * i as f64 / 11.0;
                    let all = outcomes(n, f64::midpoint(rate, limit), f64::midpoint(rate, -limit));
                    all.iter().filter(|((h, k), _)| h.cast_signed() - k.cast_signed() <= net).map(|(_, p)| p).sum()
                };
                let expected =
                    if high <= limit { BETA } else { ((0..12).map(tail).fold(0.0, f64::max) + BETA).min(1.0) };
                let found = seen.p_value(limit);
                assert!((found - expected).abs() < 1e-11, "{seen:?} at {limit}: {found}, not {expected}");
                n_compared += 1;
            }
        }
    }
    assert!(n_compared > 100, "{n_compared}");
}

/// In points, for 95 %. From a study in Python (SciPy 1.17): the same test, by sums over the number of discordant nodes.
#[test]
fn the_smallest_limits_are_those_of_the_study() {
    const SMALLEST: [(usize, usize, usize, f64); 14] = [
        (621, 0, 0, 0.7007),
        (621, 1, 1, 0.9114),
        (621, 3, 3, 1.1648),
        (621, 6, 6, 1.4274),
        (621, 10, 10, 1.6928),
        (621, 15, 15, 1.9591),
        (621, 10, 5, 2.3273),
        (621, 20, 14, 3.0092),
        (310, 0, 0, 1.3987),
        (310, 3, 3, 2.3214),
        (310, 10, 10, 3.3662),
        (832, 3, 3, 0.8705),
        (832, 10, 10, 1.2658),
        (4929, 10, 10, 0.2146),
    ];
    for (n, harmed, helped, expected) in SMALLEST {
        let found = 100.0 * counts(n, harmed, helped).smallest_limit(LEVEL);
        assert!((found - expected).abs() < 1e-4, "{harmed} harmed, {helped} helped of {n}: {found}, not {expected}");
    }
}

#[test]
fn the_smallest_limit_passes_and_nothing_below_it_does() {
    for (n, harmed, helped) in
        [(40, 0, 0), (40, 3, 20), (200, 20, 0), (500, 60, 80), (125_000, 9_000, 8_000), (30, 30, 0)]
    {
        let counts = counts(n, harmed, helped);
        let limit = counts.smallest_limit(LEVEL);
        assert!(counts.p_value(limit) <= 1.0 - LEVEL, "{counts:?} at {limit}");
        assert!(limit < 1e-12 || counts.p_value(limit * (1.0 - 1e-6)) > 1.0 - LEVEL, "{counts:?} below {limit}");
        assert!(limit >= counts.loss(), "{counts:?}: {limit}");
    }
}

#[test]
fn more_harm_less_help_and_a_lower_limit_never_lower_the_p_value() {
    for n in [30, 97] {
        for harmed in 0..12 {
            for helped in 0..12 {
                let at = |harmed, helped, limit| counts(n, harmed, helped).p_value(limit);
                let p = at(harmed, helped, 0.05);
                assert!(at(harmed + 1, helped, 0.05) >= p - 1e-12, "{n} {harmed} {helped}");
                assert!(at(harmed, helped + 1, 0.05) <= p + 1e-12 || helped >= harmed, "{n} {harmed} {helped}");
                assert!(at(harmed, helped, 0.04) >= p - 1e-12, "{n} {harmed} {helped}");
            }
        }
    }
}

/// The error rate itself, without drawing: over all outcomes of a population that loses exactly the limit.
#[test]
fn a_loss_at_the_limit_passes_in_at_most_one_case_of_twenty() {
    let n = 40;
    for limit in [0.05, 0.1, 0.2] {
        let mut largest: f64 = 0.0;
        for rate in [limit + 1e-6, limit * 1.3, limit * 2.0, 0.5, 0.9] {
            let all = outcomes(n, f64::midpoint(rate, limit), f64::midpoint(rate, -limit));
            let passes = |(harmed, helped): (usize, usize)| counts(n, harmed, helped).p_value(limit) <= 1.0 - LEVEL;
            let error: f64 = all.iter().filter(|(seen, _)| passes(**seen)).map(|(_, p)| p).sum();
            assert!(error <= 1.0 - LEVEL, "limit {limit}, rate {rate}: {error}");
            largest = largest.max(error);
        }
        // A test that never passed would hold, too.
        assert!(limit < 0.1 || largest > 0.01, "limit {limit}: {largest}");
    }
}

/// A population of nodes, each harmed, helped or neither by every model of a path that loses more and more.
struct Population {
    /// For every model and node. `[n_models][n_nodes]`
    outcomes: Vec<Vec<i8>>,
}

impl Population {
    /// `net` of `n` nodes are lost by each model, beside `both` that are harmed and as many that are helped.
    fn new(n: usize, models: &[(usize, usize)], rng: &mut StdRng) -> Self {
        let ranks: Vec<usize> = rand::seq::index::sample(rng, n, n).into_vec();
        // The same nodes are harmed first by all models, and helped from the other end: as along a real path.
        let outcome = |rank: usize, net: usize, both: usize| i8::from(rank < net + both) - i8::from(rank + both >= n);
        let outcomes =
            models.iter().map(|&(net, both)| ranks.iter().map(|r| outcome(*r, net, both)).collect()).collect();
        Self { outcomes }
    }

    fn loss(&self, model: usize) -> f64 {
        let of_model = &self.outcomes[model];
        of_model.iter().map(|d| f64::from(*d)).sum::<f64>() / of_model.len() as f64
    }

    fn draw(&self, n: usize, rng: &mut StdRng) -> Vec<Paired> {
        let drawn: Vec<usize> = (0..n).map(|_| rng.random_range(0..self.outcomes[0].len())).collect();
        let count = |of_model: &Vec<i8>, d: i8| drawn.iter().filter(|u| of_model[**u] == d).count();
        self.outcomes.iter().map(|of_model| counts(n, count(of_model, 1), count(of_model, -1))).collect()
    }
}

/// Shares of draws in which a model is certified that loses more than the limit, and in which any is.
fn rates(population: &Population, n: usize, limit: f64, n_draws: usize, seed: u64) -> (f64, f64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut known: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let (mut n_false, mut n_certified) = (0, 0);
    for _ in 0..n_draws {
        let point = |seen: Paired, p_value| Tested {
            harmed: seen.harmed,
            helped: seen.helped,
            p_value,
            smallest_limit: f64::NAN,
        };
        let mut points = Vec::new();
        for seen in population.draw(n, &mut rng) {
            let p = *known.entry((seen.harmed, seen.helped)).or_insert_with(|| seen.p_value(limit));
            points.push(point(seen, p));
        }
        if let Some(last) = Sequence::new(points, LEVEL).certified {
            n_certified += 1;
            n_false += usize::from(population.loss(last) > limit);
        }
    }
    (f64::from(n_false as u32) / n_draws as f64, f64::from(n_certified) / n_draws as f64)
}

/// Certificates of a path that crosses the limit, and of one that begins just above it.
fn check_rates(n_draws: usize) {
    for (limit, n) in [(0.02, 621), (0.03, 310), (0.01, 832)] {
        let n_nodes = 10_000;
        let net = |share: f64| (share * limit * n_nodes as f64).round() as usize;
        let crossing: Vec<(usize, usize)> =
            [0.0, 0.1, 0.3, 0.6, 0.9, 1.01, 1.2, 1.6, 2.5].iter().map(|s| (net(*s), 10 + net(*s) / 3)).collect();
        let above = [(net(1.01), 0), (net(1.3), 20)];
        for (name, models, is_reached) in [("crossing", &crossing[..], true), ("above", &above[..], false)] {
            let population = Population::new(n_nodes, models, &mut StdRng::seed_from_u64(1));
            let (is_false, is_certified) = rates(&population, n, limit, n_draws, 7);
            assert!(is_false <= 1.0 - LEVEL, "limit {limit}, {n} nodes, path {name}: {is_false}");
            assert!(!is_reached || is_certified > 0.9, "limit {limit}, {n} nodes, path {name}: {is_certified}");
        }
    }
}

#[test]
fn at_most_one_certificate_of_twenty_is_false() {
    check_rates(300);
}

/// The same with many more draws: `cargo test --release --lib certify -- --ignored`.
#[test]
#[ignore = "takes minutes in a debug build; docs/DEVELOPMENT.md says how to run it"]
fn at_most_one_certificate_of_twenty_is_false_at_full_length() {
    check_rates(20_000);
}

/// A path of 400 nodes, labels 0 and 1, all of them predicted rightly by the baseline but every tenth.
struct Sample {
    topology: Topology,
    labels: Labels,
    split: Split,
    baseline: Vec<u32>,
}

impl Sample {
    fn new() -> Self {
        let edges: Vec<(u32, u32)> = (1..400).map(|u| (u - 1, u)).chain((1..40).map(|u| (0, 2 * u))).collect();
        let (topology, _) =
            Topology::from_edges(400, &edges, Direction::Symmetrised, SelfLoops::Added).expect("valid pairs");
        let class = |u: u32| u32::from(u.is_multiple_of(4));
        let mut labels: Vec<u32> = (0..400).map(class).collect();
        labels[399] = Labels::UNLABELLED;
        let split = Split {
            name: "file".into(),
            train: (0..50).collect(),
            val: (100..400).rev().collect(),
            test: (50..100).collect(),
        };
        let baseline = (0..400).map(|u| if u % 10 == 0 { 1 - class(u) } else { class(u) }).collect();
        Self { topology, labels: Labels::new(labels), split, baseline }
    }

    fn certify(&self, path: &[Candidate<'_>], options: CertifyOptions) -> Result<Certificate, EngineError> {
        let ctl = Control::new(2).expect("workers");
        certify(&self.topology, &self.labels, &self.split, &self.baseline, path, options, &ctl)
    }

    /// The baseline's predictions with those of some nodes turned.
    fn turned(&self, nodes: impl IntoIterator<Item = usize>) -> Vec<u32> {
        let mut predictions = self.baseline.clone();
        for u in nodes {
            predictions[u] = 1 - predictions[u];
        }
        predictions
    }
}

#[test]
fn a_certificate_counts_what_a_person_would_count() {
    let sample = Sample::new();
    let [same, light, heavy] =
        [sample.turned([]), sample.turned([5, 60, 101, 110, 399]), sample.turned((100..400).filter(|u| u % 3 == 0))];
    let path = [
        Candidate { title: "nothing removed", predictions: &same },
        Candidate { title: "a little removed", predictions: &light },
        Candidate { title: "much removed", predictions: &heavy },
    ];
    let options = CertifyOptions { limit: 0.03, ..CertifyOptions::default() };
    let certificate = sample.certify(&path, options).expect("enough nodes").beside(1);
    // Node 399 has no label.
    assert_eq!(certificate.nodes, (100..399).collect::<Vec<_>>());
    assert_eq!(certificate.degrees[..3], [2, 2, 2]);
    let seen: Vec<_> = certificate.overall.points.iter().map(|p| (p.harmed, p.helped)).collect();
    assert_eq!(seen[..2], [(0, 0), (1, 1)]);
    assert_eq!(certificate.overall.certified, Some(1));
    assert!(certificate.holds() && !certificate.clone().beside(2).holds());
    let changed: Vec<_> = certificate.path[1].changed.iter().map(|c| (c.nodes.as_str(), c.n, c.n_changed)).collect();
    assert_eq!(changed, [("all", 400, 5), ("train", 50, 1), ("val", 300, 3), ("test", 50, 1)]);
    assert!((certificate.path[1].changed[0].bound() - 0.0125).abs() < 1e-12);
    let titles: Vec<_> = certificate.groups.iter().map(|g| (g.kind.title(), g.n, g.sequence.is_some())).collect();
    // Quartiles over all nodes: most have two neighbours, so the first range ends there; node 399 with one is not labelled.
    assert_eq!(
        titles,
        [("class 0".to_owned(), 224, true), ("class 1".to_owned(), 75, true), ("degree 1 to 2".to_owned(), 299, true)]
    );
    assert!(certificate.covers[0].contains("up to and including \"a little removed\""), "{:?}", certificate.covers);
    assert!(certificate.covers[0].contains("at most 3 points") && certificate.covers[0].contains("95 %"));
    let text = serde_json::to_string(&certificate).expect("plain values");
    let back: Certificate = serde_json::from_str(&text).expect("the same form");
    assert_eq!(back, certificate);
    let group = serde_json::to_value(&certificate.groups[2]).expect("plain values");
    assert_eq!((&group["by"], &group["lowest"], &group["n"]), (&"degree".into(), &1.into(), &299.into()));
}

#[test]
fn a_small_group_is_too_few() {
    let mut sample = Sample::new();
    sample.split.val = (100..150).collect();
    let same = sample.turned([]);
    let path = [Candidate { title: "nothing removed", predictions: &same }];
    let certificate = sample.certify(&path, CertifyOptions::default()).expect("enough nodes");
    let groups: Vec<_> = certificate.groups.iter().map(|g| (g.n, g.sequence.is_some())).collect();
    assert_eq!(groups, [(37, true), (13, false), (50, true)]);
    assert_eq!(certificate.overall.certified, None, "50 nodes cannot show 2 points");
    assert!(certificate.covers[0].starts_with("no model of the path"), "{:?}", certificate.covers);
}

#[test]
fn half_of_the_nodes_calibrates_where_labels_were_used_to_tune() {
    let sample = Sample::new();
    let same = sample.turned([]);
    let path = [Candidate { title: "nothing removed", predictions: &same }];
    let calibration = Calibration::Half { seed: 3 };
    let certificate =
        sample.certify(&path, CertifyOptions { calibration, ..CertifyOptions::default() }).expect("enough nodes");
    let (tune, calibrate) = halves(&sample.split.val, 3);
    assert_eq!((tune.len(), calibrate.len()), (150, 150));
    assert!(tune.iter().all(|u| calibrate.binary_search(u).is_err() && certificate.nodes.binary_search(u).is_err()));
    assert!(certificate.nodes.iter().all(|u| calibrate.binary_search(u).is_ok()));
    assert_ne!(halves(&sample.split.val, 4).0, tune);
    // The order in which the nodes are given does not matter.
    assert_eq!(halves(&sorted(&sample.split.val), 3).0, tune);
}

fn sorted(nodes: &[u32]) -> Vec<u32> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes
}

#[test]
fn what_cannot_be_certified_is_refused_by_name() {
    let sample = Sample::new();
    let same = sample.turned([]);
    let path = [Candidate { title: "p", predictions: &same }];
    let says = |sample: &Sample, path: &[Candidate<'_>], options| {
        sample.certify(path, options).expect_err("refused").to_string()
    };
    let default = CertifyOptions::default();
    let with_limit = |limit| says(&sample, &path, CertifyOptions { limit, ..default });
    assert_eq!(
        with_limit(2.0),
        "certificate limit: expected a share above 0 and below 1, as 0.02 for 2 points, found 2"
    );
    assert!(with_limit(f64::NAN).ends_with("found NaN"));
    let level = says(&sample, &path, CertifyOptions { level: 0.999, ..default });
    assert_eq!(level, "certificate level: expected 0.5 to 0.99, as 0.95, found 0.999");
    assert_eq!(says(&sample, &[], default), "certificate: expected a path of at least one pruned model, found none");
    let short = [Candidate { title: "p", predictions: &same[1..] }];
    assert_eq!(says(&sample, &short, default), "certificate, predictions of p: expected 400 nodes, found 399");
    let mut few = Sample::new();
    few.split.val.truncate(30);
    assert_eq!(
        says(&few, &path, default),
        "certificate: expected at least 30 labelled validation nodes; a split with more of them has enough, found 29"
    );
    let mut several = Sample::new();
    several.labels = Labels::multi(ndarray::Array2::from_elem((400, 2), true));
    assert!(says(&several, &path, default).contains("one class per node"));
}

#[test]
fn one_thread_or_three_give_the_same_certificate() {
    let sample = Sample::new();
    let heavy = sample.turned((100..400).filter(|u| u % 9 == 0));
    let path = [Candidate { title: "p", predictions: &heavy }; 5];
    let on = |n_threads| {
        let ctl = Control::new(n_threads).expect("workers");
        let options = CertifyOptions::default();
        certify(&sample.topology, &sample.labels, &sample.split, &sample.baseline, &path, options, &ctl)
    };
    assert_eq!(on(1), on(3));
    let ctl = Control::new(1).expect("a worker");
    ctl.canceller().cancel();
    let stopped = certify(
        &sample.topology,
        &sample.labels,
        &sample.split,
        &sample.baseline,
        &path,
        CertifyOptions::default(),
        &ctl,
    );
    assert_eq!(stopped, Err(EngineError::Cancelled));
}
