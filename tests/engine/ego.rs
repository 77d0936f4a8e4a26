//! What reaches a node over several hops, and several nodes together: against a plain breadth-first search, against every node by itself, and
//! on any number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use unifews::engine::experiment::{EgoNetwork, PairedLoss, Run, RunOptions, around, around_nodes, run};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::plot::{EgoLayout, EgoView};
use unifews::engine::score::Score;
use unifews::engine::sparsify::{EdgeMode, Recipe};

use crate::shared::control;

fn graph(n_nodes: usize, n_entries: usize) -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes, n_entries, n_features: 9, n_classes: 4, seed: 3 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn pruned(dataset: &Arc<Dataset>, family: Family, layers: usize) -> Run {
    let shape = Architecture { architecture: family, layers, hidden: 8, heads: 2, ..Architecture::default() };
    let model = Arc::new(Model::init(&shape, 9, 4, 5));
    let mut recipe = Recipe { model: shape, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.5]);
    run(dataset, &model, &recipe, RunOptions::PREVIEW, None, &control(1)).expect("a run")
}

/// Hops of everybody within so many, the slow way: whoever somebody hears that was found, again and again.
fn plainly(dataset: &Dataset, node: u32, n_hops: usize) -> BTreeMap<u32, usize> {
    let mut hops = BTreeMap::from([(node, 0)]);
    for hop in 1..=n_hops {
        let heard: BTreeSet<u32> =
            hops.keys().flat_map(|u| dataset.topology().row(*u as usize).iter().copied()).collect();
        for v in heard {
            hops.entry(v).or_insert(hop);
        }
    }
    hops
}

#[test]
fn a_small_neighbourhood_is_that_of_a_breadth_first_search_with_the_messages_of_the_pass() {
    let dataset = graph(120, 420);
    let ctl = control(2);
    for (family, layers) in [(Family::Gcn, 2), (Family::Sage, 3), (Family::Gat, 2)] {
        let run = pruned(&dataset, family, layers);
        for node in (0..120).step_by(17) {
            for n_hops in 1..=layers {
                let found = EgoNetwork::new(&run, node, n_hops, &ctl).expect("a node of the graph");
                let expected = plainly(&dataset, node, n_hops);
                assert!(expected.len() <= EgoNetwork::MAX_NODES, "the graph is small");
                let hops: BTreeMap<u32, usize> = found.nodes.iter().map(|near| (near.node, near.hop)).collect();
                assert_eq!((hops.len(), &hops), (found.nodes.len(), &expected), "{family:?}, {n_hops} hops of {node}");
                assert_eq!(found.n_all_nodes, expected.len());
                // Everything that somebody hears in time.
                let mut entries = BTreeSet::new();
                for (u, hop) in expected.iter().filter(|(_, hop)| **hop < n_hops) {
                    let sources = dataset.topology().row(*u as usize).iter().filter(|v| *v != u);
                    entries.extend(sources.map(|v| (*u, *v, hop + 1)));
                }
                let id = |place: usize| found.nodes[place].node;
                let drawn: BTreeSet<_> = found.entries.iter().map(|e| (id(e.target), id(e.source), e.hop)).collect();
                assert_eq!((found.entries.len(), &drawn), (entries.len(), &entries), "{family:?} of {node}");
                assert_eq!((found.n_all_entries, found.sample_says(|n| n.to_string())), (entries.len(), None));
                check_entries(&run, &found);
            }
        }
    }
}

/// Every entry is as its target by itself has it.
fn check_entries(run: &Run, found: &EgoNetwork) {
    for target in found.entries.iter().map(|entry| entry.target).collect::<BTreeSet<_>>() {
        let alone = around(run, found.nodes[target].node, &control(1)).expect("a node of the graph");
        for (own, step) in found.steps.iter().zip(&alone.steps) {
            assert_eq!((own.step, own.threshold), (step.step, step.threshold));
        }
        for entry in found.entries.iter().filter(|entry| entry.target == target) {
            let source = found.nodes[entry.source].node;
            let neighbour = alone.neighbours.iter().find(|neighbour| neighbour.source == source).expect("it is heard");
            assert_eq!(entry.value, neighbour.value);
            for (own, known) in entry.steps.iter().zip(&neighbour.steps) {
                assert_eq!((own.message.to_bits(), own.is_kept), (known.message.to_bits(), known.is_kept));
            }
        }
    }
}

#[test]
fn of_a_large_neighbourhood_the_largest_messages_are_drawn_and_the_rest_is_counted() {
    let dataset = graph(900, 9_000);
    let run = pruned(&dataset, Family::Gcn, 2);
    let node = (0..900u32).max_by_key(|u| dataset.topology().row(*u as usize).len()).expect("nodes");
    let found = EgoNetwork::new(&run, node, 2, &control(1)).expect("a node of the graph");
    let all = plainly(&dataset, node, 2);
    assert!(all.len() > EgoNetwork::MAX_NODES, "{}", all.len());
    assert_eq!((found.nodes.len(), found.n_all_nodes), (EgoNetwork::MAX_NODES, all.len()));
    assert!(found.entries.len() <= EgoNetwork::MAX_ENTRIES);
    assert!(found.sample_says(|n| n.to_string()).is_some_and(|says| says.contains(&format!("of {} nodes", all.len()))));
    // The slow way: of all that those who were found hear, the largest message comes next.
    let strength = |u: u32, v: u32| {
        let k = dataset.topology().find(u as usize, v as usize).expect("an entry");
        let of_steps = run.pruned.steps.iter().filter_map(|step| step.edges.as_ref());
        let t = around(&run, u, &control(1)).expect("a node").neighbours;
        let t = t.iter().find(|neighbour| neighbour.source == v).and_then(|neighbour| neighbour.value).expect("T");
        of_steps.map(|trace| trace.score(k, v as usize, t)).fold(0.0, f32::max)
    };
    let mut chosen = vec![node];
    let mut frontier: BTreeMap<u32, f32> = BTreeMap::new();
    while chosen.len() < 24 {
        let last = *chosen.last().expect("one");
        if all[&last] < 2 {
            for v in dataset.topology().row(last as usize).iter().filter(|v| !chosen.contains(v)) {
                let message = strength(last, *v);
                let known = frontier.entry(*v).or_insert(message);
                *known = known.max(message);
            }
        }
        let next = frontier.iter().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0))).map(|(v, _)| *v).expect("more");
        frontier.remove(&next);
        chosen.push(next);
    }
    let first: Vec<u32> = found.nodes.iter().take(chosen.len()).map(|near| near.node).collect();
    assert_eq!(first, chosen);
    // Nobody stands alone.
    for place in 1..found.nodes.len() {
        assert!(found.entries.iter().any(|entry| entry.source == place && entry.target < place), "node {place}");
    }
}

#[test]
fn its_picture_is_the_same_on_any_number_of_threads_and_says_what_is_kept() {
    let dataset = graph(200, 900);
    let run = pruned(&dataset, Family::Gcn, 2);
    let node = (0..200u32).max_by_key(|u| dataset.topology().row(*u as usize).len()).expect("nodes");
    let pictures = [1, 2, 5].map(|n_threads| {
        let ctl = control(n_threads);
        let network = EgoNetwork::new(&run, node, 2, &ctl).expect("a node of the graph");
        let layout = EgoLayout::new(&network, &ctl).expect("not cancelled");
        (network, layout)
    });
    assert!(pictures.windows(2).all(|two| two[0] == two[1]));
    let (network, layout) = &pictures[0];
    assert_eq!(layout.places().len(), network.nodes.len());
    assert!(layout.places().iter().flatten().all(|x| (0.0..=1.0).contains(x)));
    for at in 0..network.steps.len() {
        let [all, kept] = EgoView::ALL.map(|view| layout.lines(network, at, view));
        assert!(all.iter().all(|line| line.is_kept), "of the baseline nothing is removed");
        for (line, entry) in kept.iter().zip(&network.entries) {
            assert_eq!((line.is_kept, line.ends), (entry.steps[at].is_kept, [entry.source, entry.target]));
            let back = |other: &unifews::engine::experiment::EgoEntry| {
                (other.source, other.target) == (entry.target, entry.source)
            };
            assert_eq!(line.has_reverse, network.entries.iter().any(back));
        }
        assert!(kept.iter().any(|line| !line.is_kept) && kept.iter().any(|line| line.is_kept), "half of them went");
        let strongest = kept.iter().map(|line| line.strength).fold(0.0, f32::max);
        assert!((strongest - 1.0).abs() < 1e-6);
    }
    for (node, n_hops) in [(200, 1), (0, 0)] {
        assert!(EgoNetwork::new(&run, node, n_hops, &control(1)).is_err(), "{n_hops} hops of {node}");
    }
}

#[test]
fn several_nodes_are_what_each_of_them_is_by_itself() {
    let dataset = graph(150, 700);
    let ctl = control(2);
    for family in [Family::Gcn, Family::Gat] {
        let run = pruned(&dataset, family, 2);
        let nodes: Vec<u32> = (0..150).filter(|u| u % 7 == 2 || u % 11 == 0).collect();
        let found = around_nodes(&run, &nodes, &ctl).expect("nodes of the graph");
        let everybody: Vec<u32> = (0..150).collect();
        let alone =
            |nodes: &[u32]| -> Vec<_> { nodes.iter().map(|u| around(&run, *u, &ctl).expect("a node")).collect() };
        // Those that changed come first.
        let order: Vec<u32> = found.nodes.iter().map(|node| node.node).collect();
        let (ours, all) = (alone(&order), alone(&everybody));
        assert!(found.nodes.iter().map(|node| !node.is_changed).is_sorted(), "{found:?}");
        assert_eq!(BTreeSet::from_iter(order), nodes.iter().copied().collect());
        assert_eq!(found.nodes.len(), nodes.len());
        for (brief, own) in found.nodes.iter().zip(&ours) {
            assert_eq!((brief.degree, brief.is_changed), (own.neighbours.len(), own.is_changed()));
            assert_eq!(brief.said.map(|class| vec![class as usize]), [own.said(0), own.said(1)]);
            for (removed, step) in brief.message_removed.iter().zip(&own.steps) {
                assert!((removed - (1.0 - step.message_kept)).abs() < 1e-6 || own.neighbours.is_empty());
            }
        }
        assert_eq!(found.n_changed, ours.iter().filter(|own| own.is_changed()).count());
        assert_eq!(found.n_entries, ours.iter().map(|own| own.neighbours.len()).sum::<usize>());
        let mean = |of: &[_]| -> f64 {
            let sum: usize = of.iter().map(|own: &unifews::engine::experiment::Around| own.neighbours.len()).sum();
            sum as f64 / of.len() as f64
        };
        let [own, of_all] = found.mean_degree;
        assert!((own - mean(&ours)).abs() < 1e-12 && (of_all - mean(&all)).abs() < 1e-12);
        for (at, step) in found.steps.iter().enumerate() {
            for (share, of) in step.message_removed.iter().zip([&ours, &all]) {
                let entries = of.iter().flat_map(|own| &own.neighbours).map(|neighbour| neighbour.steps[at]);
                let entries: Vec<_> = entries.filter(|entry| entry.message.is_finite()).collect();
                let sum = |kept_too: bool| -> f64 {
                    let some = entries.iter().filter(|entry| kept_too || !entry.is_kept);
                    some.map(|entry| f64::from(entry.message)).sum()
                };
                assert!((share - sum(false) / sum(true)).abs() < 1e-9, "{family:?}: {share}");
            }
        }
        let labels = dataset.labels().expect("labels");
        let scores = found.scores.expect("they are labelled");
        assert_eq!(scores.scores[0], Score::of(&run.baseline_logits, labels, &nodes));
        assert_eq!(scores.scores[1], Score::of(&run.pruned.logits, labels, &nodes));
        assert_eq!(scores.loss, PairedLoss::of(labels, &nodes, &run.baseline_logits, &run.pruned.logits));
        assert_eq!(found.classes.iter().map(|(_, n)| n).sum::<usize>(), nodes.len());
        assert!(around_nodes(&run, &[150], &ctl).is_err());
    }
}
