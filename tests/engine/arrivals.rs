//! Nodes that arrive after pruning: against the whole enlarged graph, decided the slow way by the recorded cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};
use unifews::engine::diffusion::Diffusion;
use unifews::engine::experiment::{
    Answer, ArrivalRule, ArrivalServer, NewEdge, NewNodes, NewNodesRule, Run, RunOptions, masked_forward, run,
};
use unifews::engine::graph::{
    Dataset, DatasetParts, Direction, EdgeList, Features, PowerLaw, SelfLoops, Split, power_law_communities,
};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::score::{Score, predictions};
use unifews::engine::sparsify::{
    Allocation, EdgeMask, EdgeMode, EntryChoice, EntryValues, Masks, NodesAre, Recipe, RecoveryRule, ValueRule,
    WeightMode,
};

use crate::determinism::directed;
use crate::shared::control;

fn recipe(shape: &Architecture, entries: f64, rule: RecoveryRule) -> Recipe {
    let rule = RecoveryRule { nodes_are: NodesAre::New, ..rule };
    let mut recipe = Recipe { model: shape.clone(), recovery: Some(rule), ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.6]);
    recipe
}

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 330, n_entries: 2_400, n_features: 20, n_classes: 4, seed: 1 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn shape_of(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 24, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    shape
}

/// A graph without some of its nodes, who they are, and what they bring when they come.
struct HeldOut {
    known: Arc<Dataset>,
    whole: Arc<Dataset>,
    /// Where every node of the whole graph stands among the known ones.
    place: BTreeMap<u32, u32>,
}

impl HeldOut {
    fn of(whole: &Arc<Dataset>, held: &BTreeSet<u32>) -> Self {
        let kept: Vec<u32> = (0..whole.n_nodes() as u32).filter(|u| !held.contains(u)).collect();
        let place: BTreeMap<u32, u32> = kept.iter().copied().zip(0..).collect();
        let mut list = if whole.edge_weights().is_some() { EdgeList::weighted() } else { EdgeList::new() };
        for (k, (u, v)) in whole.topology().entries().enumerate() {
            if let (Some(u), Some(v)) = (place.get(&u), place.get(&v)) {
                list.push(*v, *u, whole.edge_weights().map_or(1.0, |weights| weights[k]));
            }
        }
        let built = list.assemble(kept.len(), Direction::AsStored, SelfLoops::AsStored, &control(1)).expect("edges");
        let part = |nodes: &[u32]| nodes.iter().filter_map(|u| place.get(u).copied()).collect();
        let split = |split: &Split| Split {
            name: split.name.clone(),
            train: part(&split.train),
            val: part(&split.val),
            test: part(&split.test),
        };
        let known = Dataset::try_new(DatasetParts {
            name: "known".into(),
            source: "test".into(),
            topology: built.topology,
            edge_weights: built.weights,
            features: whole.features().select(&kept),
            labels: whole.labels().map(|labels| labels.select(&kept)),
            splits: whole.splits().iter().map(split).collect(),
            node_ids: None,
        });
        Self { known: known.expect("valid").shared(), whole: Arc::clone(whole), place }
    }

    /// What these nodes bring to the known ones and to each other; an edge that counts both ways is said once.
    fn arriving(&self, batch: &[u32]) -> (Features, Vec<NewEdge>) {
        let n = self.known.n_nodes() as u32;
        let mut place = self.place.clone();
        place.extend(batch.iter().copied().zip(n..));
        let both_ways = self.known.topology().is_symmetric();
        let mut edges = Vec::new();
        let mut said = BTreeSet::new();
        for (k, (u, v)) in self.whole.topology().entries().enumerate() {
            let (Some(target), Some(source)) = (place.get(&u).copied(), place.get(&v).copied()) else { continue };
            let is_new = target >= n || source >= n;
            if is_new && !(both_ways && said.contains(&(target, source))) {
                said.insert((source, target));
                let weight = self.whole.edge_weights().map_or(1.0, |weights| weights[k]);
                edges.push(NewEdge { source, target, weight });
            }
        }
        (self.whole.features().select(batch), edges)
    }
}

/// The enlarged graph, and what every step keeps of it: rows of new nodes by the recorded cut, all others as they were.
fn enlarged(run: &Run, rule: &ArrivalRule, features: &Features, edges: &[NewEdge]) -> (Dataset, EdgeMask) {
    let known = &run.dataset;
    let (n, n_new) = (known.n_nodes(), features.n_rows());
    let topology = known.topology();
    let mut all: BTreeMap<(u32, u32), f32> = BTreeMap::new();
    for (k, (u, v)) in topology.entries().enumerate() {
        all.insert((u, v), known.edge_weights().map_or(1.0, |weights| weights[k]));
    }
    let both_ways = topology.is_symmetric();
    for edge in edges {
        let mut put = |key| {
            let weight = all.entry(key).or_insert(edge.weight);
            *weight = weight.max(edge.weight);
        };
        put((edge.target, edge.source));
        if both_ways {
            put((edge.source, edge.target));
        }
    }
    if topology.n_self_loops() == n {
        for u in n as u32..(n + n_new) as u32 {
            all.entry((u, u)).or_insert(1.0);
        }
    }
    let mut list = if known.edge_weights().is_some() { EdgeList::weighted() } else { EdgeList::new() };
    for ((u, v), weight) in &all {
        list.push(*v, *u, *weight);
    }
    let built = list.assemble(n + n_new, Direction::AsStored, SelfLoops::AsStored, &control(1)).expect("edges");
    let (a, b) = (known.features().to_dense(), features.to_dense());
    let stacked = ndarray::concatenate(Axis(0), &[a.view(), b.view()]).expect("of one width");
    let dataset = Dataset::try_new(DatasetParts {
        name: "enlarged".into(),
        source: "test".into(),
        topology: built.topology,
        edge_weights: built.weights,
        features: Features::from_dense(stacked),
        labels: None,
        splits: Vec::new(),
        node_ids: None,
    })
    .expect("valid");
    let mask = decide(run, rule, &dataset);
    (dataset, mask)
}

fn entropy(row: ndarray::ArrayView1<'_, f32>) -> f64 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = row.iter().map(|v| f64::from(v - most).exp()).sum();
    row.iter().map(|v| f64::from(v - most).exp() / total).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum()
}

fn decide(run: &Run, rule: &ArrivalRule, dataset: &Dataset) -> EdgeMask {
    let (topology, recipe, before) = (dataset.topology(), &run.recipe, &run.pruned.masks.edges);
    let (n, n_steps, has_attention) = (run.dataset.n_nodes(), before.n_steps(), recipe.model.has("attention"));
    let diffusion = Diffusion::of(dataset, recipe.matrix());
    let row_sum = |u: usize| diffusion.values()[topology.row_range(u)].iter().map(|t| f64::from(*t)).sum::<f64>();
    // By itself, as loudly as its row.
    let own: Vec<bool> = topology.entries().map(|(u, v)| u == v).collect();
    let sums: Vec<f32> = topology.entries().filter(|(u, v)| u == v).map(|(u, _)| row_sum(u as usize) as f32).collect();
    let values = EntryValues { steps: vec![Array1::from_vec(sums).insert_axis(Axis(1)); n_steps] };
    let alone = EdgeMask::of_steps(vec![own; n_steps], (!has_attention).then_some(values), topology).expect("a mask");
    let masks = Masks { edges: alone, weights: run.pruned.masks.weights.clone() };
    let alone = masked_forward(dataset, &run.model, recipe, Some(&masks), None, &control(2)).expect("runs");
    let unsure: Vec<f64> = alone.rows().into_iter().map(entropy).collect();
    let certainty = |v: u32| match (v as usize).checked_sub(n) {
        None => rule.certainty[v as usize],
        Some(_) => 1.0 - unsure[v as usize] / (alone.ncols() as f64).ln(),
    };
    let (mut kept, mut values): (Vec<Vec<bool>>, Vec<Vec<f32>>) = (Vec::new(), Vec::new());
    for step in 0..n_steps {
        let (mut flags, mut of_step) = (Vec::new(), Vec::new());
        let mut old = before.values_of(step).map(|values| values.column(0).to_vec()).unwrap_or_default().into_iter();
        for u in 0..dataset.n_nodes() as u32 {
            let range = topology.row_range(u as usize);
            if (u as usize) < n {
                for v in topology.row(u as usize) {
                    let k = run.dataset.topology().find(u as usize, *v as usize).filter(|_| (*v as usize) < n);
                    let is_kept = k.is_some_and(|k| before.is_kept(k, step));
                    flags.push(is_kept);
                    if is_kept {
                        of_step.extend(old.next());
                    }
                }
                continue;
            }
            let mut order: Vec<u32> = topology.row(u as usize).iter().copied().filter(|v| *v != u).collect();
            order.sort_by(|a, b| certainty(*b).total_cmp(&certainty(*a)).then(a.cmp(b)));
            let rank = |v: u32| order.iter().position(|other| *other == v).expect("a neighbour");
            let key = |v: u32| ((unsure[u as usize] * certainty(v)).log2() - rank(v) as f64) as f32;
            let cut = rule.cuts[step];
            let was_kept = |k: usize| !rule.is_nested || kept.last().is_none_or(|before| before[k]);
            // The first of a row by key are those of the first rank.
            let is_among_least = |v: u32, range: &std::ops::Range<usize>| {
                let there = |v: &&u32| {
                    was_kept(range.start + topology.row(u as usize).iter().position(|o| o == *v).expect("there"))
                };
                cut < f32::INFINITY && order.iter().filter(there).take(rule.least_per_node).any(|other| *other == v)
            };
            let row: Vec<bool> = range
                .clone()
                .map(|k| {
                    let v = topology.indices()[k];
                    v == u || (was_kept(k) && key(v) >= cut) || (was_kept(k) && is_among_least(v, &range))
                })
                .collect();
            let of_row: Vec<f64> = range
                .clone()
                .zip(&row)
                .filter(|(_, kept)| **kept)
                .map(|(k, _)| f64::from(diffusion.values()[k]))
                .collect();
            let after: f64 = of_row.iter().sum();
            let whole = of_row.len() == row.len() || !rule.keeps_sum || after.abs() <= 1e-12;
            of_step.extend(
                of_row.iter().map(|t| if whole { *t as f32 } else { (t * (row_sum(u as usize) / after)) as f32 }),
            );
            flags.extend(row);
        }
        kept.push(flags);
        values.push(of_step);
    }
    let steps = values.into_iter().map(|of_step| Array1::from_vec(of_step).insert_axis(Axis(1))).collect();
    EdgeMask::of_steps(kept, (!has_attention).then_some(EntryValues { steps }), topology).expect("a mask")
}

/// Nodes and entries that the last nodes of a graph depend on over what a mask keeps.
fn field(topology: &unifews::engine::graph::Topology, mask: &EdgeMask, n_known: usize) -> (usize, usize) {
    let mut nodes: BTreeSet<usize> = (n_known..topology.n_nodes()).collect();
    let mut n_entries = 0;
    for step in (0..mask.n_steps()).rev() {
        let targets = nodes.clone();
        for u in targets {
            for k in topology.row_range(u).filter(|k| mask.is_kept(*k, step)) {
                n_entries += 1;
                nodes.insert(topology.indices()[k] as usize);
            }
        }
    }
    (nodes.len(), n_entries)
}

fn server(run: &Run) -> (ArrivalServer, ArrivalRule) {
    let pruned = &run.pruned;
    let rule = ArrivalRule::of(&run.dataset, &run.model, &run.recipe, &run.split, &pruned.masks.edges, &control(2));
    let rule = rule.expect("a rule");
    let server = ArrivalServer::new(
        &run.dataset,
        &pruned.model,
        &run.recipe,
        &pruned.masks,
        NewNodesRule::Confidence(rule.clone()),
    );
    (server.expect("fits"), rule)
}

/// Holds the answers for some batches against the enlarged graph; returns how many entries of new rows were removed and kept.
fn check(run: &Run, held: &HeldOut, batches: &[Vec<u32>], case: &str) -> (usize, usize) {
    let (mut server, rule) = server(run);
    let mut counts = (0, 0);
    for batch in batches {
        let (features, edges) = held.arriving(batch);
        let nodes = NewNodes::try_new(&run.dataset, features.clone(), edges.clone()).expect(case);
        let answers: Vec<Answer> = [1, 3].map(|n| server.score(&nodes, &control(n)).expect(case)).to_vec();
        let (whole, mask) = enlarged(run, &rule, &features, &edges);
        let masks = Masks { edges: mask, weights: run.pruned.masks.weights.clone() };
        let logits =
            masked_forward(&whole, &run.pruned.model, &run.recipe, Some(&masks), None, &control(2)).expect(case);
        let expected = logits.slice(ndarray::s![run.dataset.n_nodes().., ..]);
        for answer in &answers {
            assert_eq!(answer.logits.dim(), expected.dim(), "{case}");
            let is_same = answer.logits.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(is_same, "{case}, {} nodes: {} instead of {expected}", batch.len(), answer.logits);
            let found = (answer.field.n_nodes, answer.field.n_entries);
            assert_eq!(found, field(whole.topology(), &masks.edges, run.dataset.n_nodes()), "{case}: what was touched");
        }
        for u in run.dataset.n_nodes()..whole.n_nodes() {
            for k in whole.topology().row_range(u).filter(|k| whole.topology().indices()[*k] as usize != u) {
                for step in 0..masks.edges.n_steps() {
                    if masks.edges.is_kept(k, step) { counts.1 += 1 } else { counts.0 += 1 }
                }
            }
        }
    }
    counts
}

fn pruned(known: &Arc<Dataset>, shape: &Architecture, with: &Recipe) -> Run {
    let model = Arc::new(Model::init(shape, known.features().width(), 4, 3));
    run(known, &model, with, RunOptions::PREVIEW, None, &control(2)).expect("runs")
}

/// One after the other, some together, all together.
fn batches(held: &BTreeSet<u32>) -> Vec<Vec<u32>> {
    let all: Vec<u32> = held.iter().copied().collect();
    vec![vec![all[0]], vec![all[5]], all[3..9].to_vec(), all.clone()]
}

#[test]
fn every_family_answers_with_the_bits_of_the_enlarged_graph() {
    let whole = graph();
    let held: BTreeSet<u32> = (0..330).filter(|u| u % 11 == 4).collect();
    let held_out = HeldOut::of(&whole, &held);
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Mlp) {
        let shape = shape_of(family);
        let as_given = RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() };
        let run = pruned(&held_out.known, &shape, &recipe(&shape, 0.6, as_given));
        let (n_removed, n_kept) = check(&run, &held_out, &batches(&held), &format!("{family:?}"));
        let share = n_removed as f64 / (n_removed + n_kept) as f64;
        assert!((0.3..0.9).contains(&share), "{family:?}: {share} removed where 0.6 were asked for");
    }
}

#[test]
fn every_form_of_the_rule_and_of_the_graph_is_the_slow_one() {
    let whole = graph();
    let held: BTreeSet<u32> = (0..330).filter(|u| u % 11 == 4).collect();
    let weights: Vec<f32> = whole.topology().entries().map(|(u, v)| 0.25 + ((u * v + u + v) % 7) as f32).collect();
    let weighted = DatasetParts { edge_weights: Some(weights), ..whole.to_parts() };
    let weighted = Dataset::try_new(weighted).expect("valid").shared();
    let rules = [
        RecoveryRule::default(),
        RecoveryRule { least_per_node: 2, allocation: Allocation::AsGiven, ..RecoveryRule::default() },
        RecoveryRule { progressive: true, allocation: Allocation::AsGiven, ..RecoveryRule::default() },
        RecoveryRule { values: ValueRule::AsIs, ..RecoveryRule::default() },
        RecoveryRule { entries: EntryChoice::None, ..RecoveryRule::default() },
    ];
    for (name, whole) in [("plain", &whole), ("weighted", &weighted), ("directed, sparse", &directed(&whole))] {
        let held_out = HeldOut::of(whole, &held);
        for (at, rule) in rules.iter().enumerate() {
            for family in [Family::Gcn, Family::Gat] {
                for share in [0.0, 0.5, 0.85] {
                    let shape = shape_of(family);
                    let run = pruned(&held_out.known, &shape, &recipe(&shape, share, rule.clone()));
                    let case = format!("{name}, rule {at}, {family:?}, {share}");
                    let (n_removed, _) = check(&run, &held_out, &batches(&held)[2..], &case);
                    assert!(n_removed > 0 || share == 0.0, "{case}");
                }
            }
        }
    }
}

#[test]
fn an_edge_may_be_said_both_ways_and_a_node_may_come_alone() {
    let whole = graph();
    let held: BTreeSet<u32> = (0..330).filter(|u| u % 11 == 4).collect();
    let held_out = HeldOut::of(&whole, &held);
    let shape = shape_of(Family::Gcn);
    let run = pruned(&held_out.known, &shape, &recipe(&shape, 0.5, RecoveryRule::default()));
    let (mut server, _) = server(&run);
    let all: Vec<u32> = held.iter().copied().collect();
    let (features, edges) = held_out.arriving(&all[3..9]);
    let turned = edges.iter().map(|edge| NewEdge { source: edge.target, target: edge.source, ..*edge });
    let is_own = |edge: &NewEdge| edge.source == edge.target;
    let both: Vec<NewEdge> = edges.iter().copied().chain(turned.filter(|edge| !is_own(edge))).collect();
    let mut score = |edges: Vec<NewEdge>| {
        let nodes = NewNodes::try_new(&run.dataset, features.clone(), edges).expect("valid");
        server.score(&nodes, &control(2)).expect("scored")
    };
    let once = score(edges.clone());
    assert_eq!(once, score(both));
    assert_eq!(once, score(edges.iter().copied().filter(|edge| !is_own(edge)).collect()), "loops come by themselves");
    // Without an edge a node is asked by itself, and what others say does not matter.
    let alone = score(Vec::new());
    assert_eq!((alone.field.n_nodes, alone.field.n_entries), (6, 12));
    assert_ne!(alone.logits, once.logits);
}

#[test]
fn what_is_touched_does_not_grow_with_the_graph() {
    let ring = |n: usize| {
        let pairs: Vec<(u32, u32)> = (0..n as u32).map(|u| (u, (u + 1) % n as u32)).collect();
        let (topology, _) =
            unifews::engine::graph::Topology::from_edges(n, &pairs, Direction::Symmetrised, SelfLoops::Added)
                .expect("pairs");
        let features = Array2::from_shape_fn((n, 20), |(u, j)| ((u * 7 + j * 13) as f32 * 0.37).sin());
        let split = Split {
            name: "s".into(),
            train: (0..n as u32).filter(|u| u % 3 == 0).collect(),
            val: (0..n as u32).filter(|u| u % 3 == 1).collect(),
            test: (0..n as u32).filter(|u| u % 3 == 2).collect(),
        };
        let labels = unifews::engine::graph::Labels::new((0..n as u32).map(|u| u % 4).collect());
        Dataset::try_new(DatasetParts {
            name: "ring".into(),
            source: "test".into(),
            topology,
            edge_weights: None,
            features: Features::Dense(features),
            labels: Some(labels),
            splits: vec![split],
            node_ids: None,
        })
        .expect("valid")
        .shared()
    };
    let shape = shape_of(Family::Gcn);
    let fields: Vec<_> = [60, 6_000]
        .map(|n| {
            let run = pruned(&ring(n), &shape, &recipe(&shape, 0.0, RecoveryRule::default()));
            let (mut server, _) = server(&run);
            let edges = [(0, n), (n, n + 1)].map(|(a, b)| NewEdge { source: a as u32, target: b as u32, weight: 1.0 });
            let features = Features::Dense(Array2::ones((2, 20)));
            let nodes = NewNodes::try_new(&run.dataset, features, edges.to_vec()).expect("valid");
            server.score(&nodes, &control(1)).expect("scored").field
        })
        .to_vec();
    // The new ones, the known neighbour, and its two.
    assert_eq!(fields[0].n_nodes, 5);
    assert_eq!(fields[0], fields[1]);
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    let whole = graph();
    let shape = shape_of(Family::Gcn);
    let refused = |features: Features, edges: &[(u32, u32, f32)], says: &str| {
        let edges =
            edges.iter().map(|(source, target, weight)| NewEdge { source: *source, target: *target, weight: *weight });
        let error = NewNodes::try_new(&whole, features, edges.collect()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}: {says}");
    };
    let one = || Features::Dense(Array2::ones((1, 20)));
    refused(Features::Dense(Array2::ones((0, 20))), &[], "at least one");
    refused(Features::Dense(Array2::ones((1, 19))), &[], "expected 20 columns, as the graph has, found 19");
    refused(Features::Dense(Array2::from_elem((1, 20), f32::NAN)), &[], "NaN");
    refused(
        one(),
        &[(0, 330, 1.0), (331, 330, 1.0)],
        "edge 2 of nodes that arrive: expected nodes below 331, found 331 and 330",
    );
    refused(one(), &[(5, 6, 1.0)], "expected a node that arrives at one end, found the known nodes 5 and 6");
    refused(one(), &[(5, 330, -1.0)], "a finite weight of at least 0");
    refused(one(), &[(5, 330, 1.0), (5, 330, 1.0)], "expected every edge once, found 5 and 330 twice");
    // A recipe without a rule says which one has it.
    let new = recipe(&shape, 0.5, RecoveryRule::default());
    let run_of = |with: &Recipe| pruned(&whole, &shape, with);
    let run = run_of(&new);
    let refused = |with: Recipe, says: &str| {
        let masks = &run.pruned.masks.edges;
        let error = ArrivalRule::of(&whole, &run.model, &with, &run.split, masks, &control(1)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}: {says}");
    };
    let with = |change: fn(&mut RecoveryRule)| {
        let mut recipe = new.clone();
        change(recipe.recovery.as_mut().expect("a section"));
        recipe
    };
    refused(with(|rule| rule.nodes_are = NodesAre::Static), "--nodes-are new");
    refused(with(|rule| rule.entries = EntryChoice::Random), "random");
    refused(Recipe { recovery: None, ..new.clone() }, "no recovery");
}

#[test]
fn cora_s_held_out_nodes_are_answered_as_well_as_the_run_says_of_unseen_ones() {
    let (cora, _) = unifews::io::read_graph("sample:cora", &control(0)).expect("a sample");
    let cora = cora.shared();
    let (model, _) = unifews::io::read_model("sample:cora-gcn").expect("a sample");
    let split = unifews::engine::graph::resolve_split(&cora, "auto", 42).expect("a split");
    // A third of the nodes that nobody learnt from arrive later; the others play the unseen ones while masks are made.
    let held: BTreeSet<u32> = split.test.iter().copied().step_by(3).collect();
    let parts = DatasetParts { splits: vec![split], ..cora.to_parts() };
    let whole = Dataset::try_new(parts).expect("valid").shared();
    let held_out = HeldOut::of(&whole, &held);
    let model = Arc::new(model);
    for share in [0.5, 0.8] {
        let mut with = recipe(&model.architecture, share, RecoveryRule::default());
        // Fits of weights take most of the time, and are another test's subject.
        with.weights.delta = vec![0.0];
        let run = run(&held_out.known, &model, &with, RunOptions::PREVIEW, None, &control(2)).expect("runs");
        let all: Vec<u32> = held.iter().copied().collect();
        let one_by_one: Vec<Vec<u32>> = all.iter().take(4).map(|u| vec![*u]).collect();
        check(&run, &held_out, &one_by_one, "Cora, one by one");
        let in_batches: Vec<Vec<u32>> = all.chunks(70).map(<[u32]>::to_vec).collect();
        let counts = check(&run, &held_out, &in_batches, "Cora, in batches");
        let (mut server, _) = server(&run);
        let labels = whole.labels().expect("classes");
        let mut n_right = 0;
        for batch in &in_batches {
            let (features, edges) = held_out.arriving(batch);
            let nodes = NewNodes::try_new(&run.dataset, features, edges).expect("valid");
            let answer = server.score(&nodes, &control(2)).expect("scored");
            let said = predictions(&answer.logits);
            n_right +=
                batch.iter().zip(said).filter(|(u, said)| labels.of(**u as usize) == Some(*said as usize)).count();
        }
        let (arrived, said) = (n_right as f64 / held.len() as f64, run.evaluation.test.pruned.accuracy);
        // The same nodes where they are in the graph, as some of those that play the unseen ones.
        let there = unifews::engine::experiment::run(&whole, &model, &with, RunOptions::PREVIEW, None, &control(2))
            .expect("runs");
        let score = |logits: &Array2<f32>| Score::of(logits, labels, &all).accuracy;
        let (there, unpruned) = (score(&there.pruned.logits), score(&there.baseline_logits));
        let removed = counts.0 as f64 / (counts.0 + counts.1) as f64;
        println!(
            "Cora, {share} removed: {} nodes that arrived {arrived:.4} (removed {removed:.3} of their entries), \
             {} unseen ones of the run {said:.4}; the same nodes while they are in the graph {there:.4}, unpruned {unpruned:.4}",
            held.len(),
            run.split.test.len()
        );
        assert!((arrived - there).abs() < 0.05 && (arrived - said).abs() < 0.1, "{arrived}, {there} and {said}");
        assert!((removed - share).abs() < 0.1, "{removed} removed where {share} were asked for");
    }
}
