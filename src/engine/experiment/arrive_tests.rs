//! Nodes that arrive where norms decide: against the whole enlarged graph, one pass for every step.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};

use super::{ArrivalServer, NewEdge, NewNodes, NewNodesRule, Run, RunOptions, arrival_way, masked_forward, run};
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::graph::{
    Dataset, DatasetParts, Direction, EdgeList, Features, PowerLaw, SelfLoops, power_law_communities,
};
use crate::engine::kernels::row_norms;
use crate::engine::model::exec::infer::forward;
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::sparsify::baselines::EdgeRanking;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::masked_inference::{Listening, MaskedInference};
use crate::engine::sparsify::{
    Compat, EdgeMask, EdgeMode, EntryValues, Identity, Masks, NodesAre, Recipe, RecoveryRule,
};

fn control(n_threads: usize) -> Control {
    Control::new(n_threads).expect("workers")
}

/// A graph, with self-loops or without any.
fn graph(self_loops: SelfLoops) -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 200, n_entries: 1_500, n_features: 12, n_classes: 4, seed: 6 };
    let drawn = power_law_communities(&shape, &control(1)).expect("possible");
    let mut list = EdgeList::new();
    drawn.topology().entries().for_each(|(u, v)| list.push(v, u, 1.0));
    let built = list.assemble(200, Direction::AsStored, self_loops, &control(1)).expect("edges");
    Dataset::try_new(DatasetParts { topology: built.topology, ..drawn.to_parts() }).expect("valid").shared()
}

fn arriving(n: u32) -> (Features, Vec<NewEdge>) {
    let features = Array2::from_shape_fn((5, 12), |(u, j)| ((u * 31 + j * 17) as f32 * 0.61).sin());
    let known = (0..5).flat_map(|at| (0..4).map(move |i| ((at * 29 + i * 41 + 3) % n, n + at)));
    let pairs = known.chain((1..5).map(|at| (n + at - 1, n + at)));
    let edges = pairs.map(|(source, target)| NewEdge { source, target, weight: 1.0 });
    (Features::Dense(features), edges.collect())
}

/// The enlarged graph.
fn enlarged(run: &Run, features: &Features, edges: &[NewEdge]) -> Dataset {
    let (topology, n, k) = (run.dataset.topology(), run.dataset.n_nodes(), features.n_rows());
    let mut list = EdgeList::new();
    topology.entries().for_each(|(u, v)| list.push(v, u, 1.0));
    for edge in edges {
        list.push(edge.source, edge.target, 1.0);
        list.push(edge.target, edge.source, 1.0);
    }
    if topology.n_self_loops() == n {
        (n as u32..(n + k) as u32).for_each(|u| list.push(u, u, 1.0));
    }
    let built = list.assemble(n + k, Direction::AsStored, SelfLoops::AsStored, &control(1)).expect("edges");
    let both = run.dataset.features().above(features);
    Dataset::try_new(DatasetParts {
        name: "enlarged".into(),
        source: "test".into(),
        topology: built.topology,
        edge_weights: None,
        features: both,
        labels: None,
        splits: Vec::new(),
        node_ids: None,
    })
    .expect("valid")
}

/// What every step keeps of the enlarged graph: one pass for each, over what the steps before it left.
fn decided(run: &Run, whole: &Dataset, cuts: &[f32]) -> EdgeMask {
    let (topology, before, n) = (whole.topology(), &run.pruned.masks.edges, run.dataset.n_nodes());
    let old = OperatorSource::new(&run.dataset, &run.recipe);
    let diffusion = Diffusion::of(whole, run.recipe.matrix());
    // Entries of known rows by their number before; new ones hear, or are heard where nobody listens.
    let number: BTreeMap<usize, Option<usize>> = topology
        .entries()
        .enumerate()
        .filter(|(_, (u, _))| (*u as usize) < n)
        .map(|(k, (u, v))| (k, run.dataset.topology().find(u as usize, v as usize).filter(|_| (v as usize) < n)))
        .collect();
    let mut kept: Vec<Vec<bool>> = (0..cuts.len())
        .map(|step| {
            let is_kept = |k| number.get(&k).is_none_or(|before_k| before_k.is_some_and(|k| before.is_kept(k, step)));
            (0..topology.n_entries()).map(is_kept).collect()
        })
        .collect();
    let mask = |kept: &[Vec<bool>]| {
        let steps = kept.iter().enumerate().map(|(step, flags)| {
            let old = old.values(before, step);
            let value = |k: usize| number.get(&k).copied().flatten().map_or_else(|| diffusion.values()[k], |k| old[k]);
            Array1::from_iter((0..flags.len()).filter(|k| flags[*k]).map(value)).insert_axis(Axis(1))
        });
        EdgeMask::of_steps(kept.to_vec(), Some(EntryValues { steps: steps.collect() }), topology).expect("a mask")
    };
    for step in 0..cuts.len() {
        let mut norms = Vec::new();
        let inference =
            MaskedInference::pruned(whole, &run.recipe, &mask(&kept), None, None, &control(2)).expect("small");
        let heard = |at: usize, _, x: &Array2<f32>, ctl: &Control| {
            if at == step {
                norms = row_norms(x.view(), ctl)?;
            }
            Ok(())
        };
        let model = &run.pruned.model;
        let mut listening = Listening { inference, heard };
        forward(&model.program(), model, whole.features(), &mut listening, &control(2)).expect("runs");
        for (k, (_, v)) in topology.entries().enumerate().filter(|(_, (u, v))| *u as usize >= n && u != v) {
            if diffusion.values()[k].abs() * norms[v as usize] < cuts[step] {
                kept[step..].iter_mut().for_each(|flags| flags[k] = false);
            }
        }
    }
    mask(&kept)
}

#[test]
fn every_network_without_attention_answers_with_the_bits_of_the_enlarged_graph() {
    let (with, without) = (graph(SelfLoops::Added), graph(SelfLoops::Removed));
    let forms = [(&with, Identity::SelfLoop), (&without, Identity::Residual), (&without, Identity::ResidualLoop)];
    for family in Family::ALL.into_iter().filter(|family| ![Family::Mlp, Family::Gat].contains(family)) {
        for (graph, identity) in forms {
            for (mode, delta) in [(EdgeMode::Relative, 0.8), (EdgeMode::Target, 0.5), (EdgeMode::Absolute, 0.1)] {
                let case = format!("{family:?}, {identity:?}, {mode:?}");
                let mut shape = Architecture { hidden: 16, ..Architecture::new(family) };
                shape.hops = shape.hops.min(3);
                let mut recipe = Recipe { model: shape.clone(), ..Recipe::default() };
                (recipe.edges.mode, recipe.edges.delta, recipe.edges.identity) = (mode, vec![delta], identity);
                recipe.weights.delta = vec![0.3];
                let model = Arc::new(Model::init(&shape, 12, 4, 3));
                let run = run(graph, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect(&case);
                let rule = NewNodesRule::of(&run, &control(1)).expect(&case);
                let (features, edges) = arriving(200);
                let nodes = NewNodes::try_new(graph, features.clone(), edges.clone()).expect(&case);
                let cuts = rule.cuts().to_vec();
                let pruned = &run.pruned;
                let mut server = ArrivalServer::new(graph, &pruned.model, &recipe, &pruned.masks, rule).expect(&case);
                let answers = [1, 3].map(|n| server.score(&nodes, &control(n)).expect(&case));
                let whole = enlarged(&run, &features, &edges);
                let mask = decided(&run, &whole, &cuts);
                let own: Vec<usize> = (200..205).flat_map(|u| whole.topology().row_range(u)).collect();
                let last = cuts.len() - 1;
                let n_kept = own.iter().filter(|k| mask.is_kept(**k, last)).count();
                assert!(n_kept < own.len() || mode == EdgeMode::Absolute, "{case}: some are removed");
                let masks = Masks { edges: mask, weights: pruned.masks.weights.clone() };
                let logits =
                    masked_forward(&whole, &pruned.model, &recipe, Some(&masks), None, &control(2)).expect(&case);
                for answer in answers {
                    let pairs = answer.logits.iter().zip(logits.slice(ndarray::s![200.., ..]));
                    assert!(pairs.into_iter().all(|(a, b)| a.to_bits() == b.to_bits()), "{case}: {}", answer.logits);
                }
            }
        }
    }
}

#[test]
fn what_belongs_to_the_nodes_of_a_graph_is_refused_with_the_way_out() {
    let refused = |change: fn(&mut Recipe), says: &str| {
        let mut recipe = Recipe::default();
        change(&mut recipe);
        let error = arrival_way(&recipe).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("--nodes-are new"), "{error}: {says}");
    };
    refused(|r| r.recovery = Some(RecoveryRule::default()), "static");
    refused(|r| r.edges.mode = EdgeMode::Mass, "mass");
    refused(|r| r.edges.ranking = Some(EdgeRanking::Random), "a ranking");
    refused(|r| r.compat = Compat::OFFICIAL, "the authors' form");
    refused(|r| r.model = Architecture::new(Family::Gat), "attention");
    let new = RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() };
    let attends = Recipe { model: Architecture::new(Family::Gat), recovery: Some(new), ..Recipe::default() };
    assert!(arrival_way(&attends).is_ok());
}
