//! The layout against exact forces, over threads, and on graphs that have nothing to lay out.

use super::forces::Forces;
use super::layout::{GraphLayout, drawn_edges, drawn_nodes};
use crate::engine::control::{Canceller, Control};
use crate::engine::error::EngineError;
use crate::engine::graph::{Direction, SelfLoops, Topology};
use crate::engine::sparsify::baselines::bits;

fn control(n_threads: usize) -> Control {
    Control::new(n_threads).expect("workers")
}

fn graph(n_nodes: usize, pairs: &[(u32, u32)], direction: Direction, self_loops: SelfLoops) -> Topology {
    Topology::from_edges(n_nodes, pairs, direction, self_loops).expect("valid pairs").0
}

fn undirected(n_nodes: usize, pairs: &[(u32, u32)]) -> Topology {
    graph(n_nodes, pairs, Direction::Symmetrised, SelfLoops::Added)
}

/// Pairs by lot; low numbers have more.
fn random_pairs(n_nodes: usize, n_pairs: usize, seed: u64) -> Vec<(u32, u32)> {
    let end = |at: usize, which: usize| {
        let unit = (bits(seed, at, which) >> 11) as f64 / (1u64 << 53) as f64;
        (unit * unit * n_nodes as f64) as u32
    };
    (0..n_pairs).map(|at| (end(at, 0), end(at, 1))).collect()
}

fn clique(from: u32, n: u32) -> Vec<(u32, u32)> {
    (from..from + n).flat_map(|a| (a + 1..from + n).map(move |b| (a, b))).collect()
}

fn is_sound(layout: &GraphLayout) -> bool {
    layout.places().iter().flatten().all(|x| x.is_finite() && (0.0..=1.0).contains(x))
}

fn distance(layout: &GraphLayout, a: usize, b: usize) -> f32 {
    let (a, b) = (layout.places()[a], layout.places()[b]);
    (a[0] - b[0]).hypot(a[1] - b[1])
}

#[test]
fn the_quadtree_gives_nearly_the_exact_forces() {
    let ctl = control(2);
    for (n, n_pairs, seed) in [(2, 1, 1), (9, 20, 2), (200, 600, 3), (700, 2_000, 4)] {
        let pairs = random_pairs(n, n_pairs, seed);
        let mut forces = Forces::new(n, pairs.iter().map(|(a, b)| [*a, *b]));
        // As they begin, and once they have begun to come together.
        for _ in 0..2 {
            let (exact, fast) = (forces.exact_repulsion(), forces.tree_repulsion(&ctl).expect("not cancelled"));
            let size = |force: &[f64; 2]| force[0].hypot(force[1]);
            let mean = exact.iter().map(size).sum::<f64>() / n as f64;
            for (u, (a, b)) in exact.iter().zip(&fast).enumerate() {
                let off = size(&[a[0] - b[0], a[1] - b[1]]);
                assert!(off <= 0.05 * (size(a) + mean), "node {u} of {n}: {a:?} exactly, {b:?} by the tree");
            }
            let off: f64 = exact.iter().zip(&fast).map(|(a, b)| size(&[a[0] - b[0], a[1] - b[1]])).sum();
            assert!(off / n as f64 <= 0.025 * mean, "{} of {mean} in the mean, {n} nodes", off / n as f64);
            forces.settle(20, &ctl).expect("not cancelled");
        }
    }
}

#[test]
fn any_number_of_threads_draws_the_same_picture() {
    let topology = undirected(300, &random_pairs(300, 900, 5));
    let one = GraphLayout::new(&topology, &control(1)).expect("not cancelled");
    assert!(is_sound(&one));
    for n_threads in [2, 3] {
        assert!(GraphLayout::new(&topology, &control(n_threads)).expect("not cancelled") == one, "{n_threads} threads");
    }
}

#[test]
fn two_cliques_with_one_edge_between_end_up_apart() {
    let n = 20;
    let pairs: Vec<_> = clique(0, n).into_iter().chain(clique(n, n)).chain([(0, n)]).collect();
    let layout = GraphLayout::new(&undirected(2 * n as usize, &pairs), &control(2)).expect("not cancelled");
    assert!(is_sound(&layout));
    let n = n as usize;
    let widest = |from: usize| {
        (from..from + n)
            .flat_map(|a| (from..from + n).map(move |b| (a, b)))
            .fold(0.0f32, |most, (a, b)| most.max(distance(&layout, a, b)))
    };
    // The two ends of the edge stand between.
    let nearest = (1..n)
        .flat_map(|a| (n + 1..2 * n).map(move |b| (a, b)))
        .fold(f32::MAX, |least, (a, b)| least.min(distance(&layout, a, b)));
    let middle = |from: usize| {
        let sum = (from..from + n).map(|u| layout.places()[u]).fold([0.0; 2], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
        sum.map(|x| x / n as f32)
    };
    let (a, b) = (middle(0), middle(n));
    let between = (a[0] - b[0]).hypot(a[1] - b[1]);
    assert!(between > widest(0).max(widest(n)), "{between} between, {} and {} across", widest(0), widest(n));
    assert!(nearest > 0.1, "{nearest}");
}

#[test]
fn neighbours_stand_nearer_than_strangers() {
    let pairs: Vec<_> =
        (0..8).flat_map(|c| clique(20 * c, 12)).chain((0..200).map(|at| (at % 160, (at * 37 + 11) % 160))).collect();
    let topology = undirected(160, &pairs);
    let layout = GraphLayout::new(&topology, &control(2)).expect("not cancelled");
    let mean = |pairs: &mut dyn Iterator<Item = (usize, usize)>| {
        let all: Vec<f32> = pairs.map(|(a, b)| distance(&layout, a, b)).collect();
        all.iter().sum::<f32>() / all.len() as f32
    };
    let joined = mean(&mut layout.edges().iter().map(|edge| (edge.ends[0] as usize, edge.ends[1] as usize)));
    let any = mean(&mut (0..160).flat_map(|a| (0..a).map(move |b| (a, b))));
    assert!(joined < 0.5 * any, "{joined} between neighbours, {any} between any two");
}

#[test]
fn graphs_with_nothing_to_lay_out_are_no_fault() {
    let ctl = control(2);
    let empty =
        GraphLayout::new(&graph(0, &[], Direction::AsStored, SelfLoops::AsStored), &ctl).expect("not cancelled");
    assert!(empty.places().is_empty() && empty.fit(100.0, 50.0, 4.0).is_finite());
    for self_loops in [SelfLoops::Added, SelfLoops::Removed] {
        for (n, pairs) in [(1, vec![]), (1, vec![(0, 0)]), (2, vec![]), (40, vec![]), (40, vec![(3, 3), (3, 4)])] {
            let layout =
                GraphLayout::new(&graph(n, &pairs, Direction::Symmetrised, self_loops), &ctl).expect("not cancelled");
            assert!(layout.places().len() == n && is_sound(&layout), "{n} nodes, {pairs:?}: {layout:?}");
            assert!(layout.edges().iter().all(|edge| edge.ends[0] < edge.ends[1]), "no self-loops");
            assert!(layout.fit(100.0, 50.0, 4.0).is_finite());
        }
    }
}

#[test]
fn nodes_that_start_in_one_place_come_apart() {
    let ctl = control(2);
    let pairs = random_pairs(60, 120, 8);
    let mut forces = Forces::new(60, pairs.iter().map(|(a, b)| [*a, *b])).starting_at(vec![[3.0, -2.0]; 60]);
    forces.settle(60, &ctl).expect("not cancelled");
    let places = forces.places();
    assert!(places.iter().flatten().all(|x| x.is_finite()));
    let mut sorted: Vec<_> = places.to_vec();
    sorted.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    assert!(
        sorted.windows(2).all(|pair| pair[0].map(f64::to_bits) != pair[1].map(f64::to_bits)),
        "no two in one place"
    );
}

#[test]
fn every_pair_is_an_edge_once_with_its_entries() {
    // 0 hears 1; 2 and 3 hear each other; 4 hears itself.
    let topology = graph(5, &[(1, 0), (2, 3), (3, 2), (4, 4)], Direction::AsStored, SelfLoops::AsStored);
    let layout = GraphLayout::new(&topology, &control(1)).expect("not cancelled");
    let mut edges = layout.edges().to_vec();
    edges.sort_unstable_by_key(|edge| edge.ends);
    let entries: Vec<_> = edges.iter().map(|edge| (edge.ends, edge.entries)).collect();
    let entry = |u, v| topology.find(u, v);
    assert_eq!(entries, [([0, 1], [entry(0, 1), entry(1, 0)]), ([2, 3], [entry(2, 3), entry(3, 2)])]);
    assert!(entry(0, 1).is_some() && entry(1, 0).is_none());
    assert_eq!((layout.degrees(), layout.n_all_edges()), (&[1, 1, 1, 1, 0][..], 2));
    assert_eq!(layout.sample_says(|n| n.to_string()), None);
}

#[test]
fn of_a_large_graph_the_best_connected_nodes_and_others_by_lot_are_drawn() {
    let n = GraphLayout::MAX_NODES + 4_000;
    let topology = undirected(n, &random_pairs(n, 90_000, 9));
    let (nodes, n_best) = drawn_nodes(&topology, &control(1)).expect("not cancelled");
    assert_eq!((nodes.len(), n_best), (GraphLayout::MAX_NODES, GraphLayout::MAX_NODES / 2));
    assert!(nodes.windows(2).all(|pair| pair[0] < pair[1]), "ascending, each once");
    let mut degrees: Vec<usize> = (0..n).map(|u| topology.degree(u)).collect();
    degrees.sort_unstable_by_key(|degree| std::cmp::Reverse(*degree));
    let is_drawn = |u: usize| nodes.binary_search(&(u as u32)).is_ok();
    assert!((0..n).all(|u| topology.degree(u) <= degrees[n_best] || is_drawn(u)), "those with the most entries");
    // The others are neither the first nor the last of the file.
    let others =
        |range: std::ops::Range<usize>| range.filter(|u| topology.degree(*u) < degrees[n_best] && is_drawn(*u)).count();
    let all = |range: std::ops::Range<usize>| range.filter(|u| topology.degree(*u) < degrees[n_best]).count();
    for range in [0..n / 2, n / 2..n] {
        let (drawn, share) = (others(range.clone()), others(0..n) as f64 / all(0..n) as f64);
        let expected = share * all(range.clone()) as f64;
        assert!((drawn as f64 - expected).abs() < 5.0 * expected.sqrt() + 1.0, "{drawn} of {expected} in {range:?}");
    }
    assert_eq!(drawn_nodes(&topology, &control(3)).expect("not cancelled").0, nodes, "the same ones every time");
    let (edges, n_edges) = drawn_edges(&topology, &nodes, &control(2)).expect("not cancelled");
    assert_eq!(edges.len(), n_edges, "few enough to draw all");
    let expected = topology.entries().filter(|(u, v)| u < v && is_drawn(*u as usize) && is_drawn(*v as usize)).count();
    assert_eq!(n_edges, expected);
    assert_eq!(drawn_edges(&topology, &nodes, &control(1)).expect("not cancelled").0, edges, "in the same order");
}

#[test]
fn of_too_many_edges_about_as_many_as_may_be_are_drawn_by_lot() {
    let n = 900;
    let topology = undirected(n, &clique(0, n as u32));
    let nodes: Vec<u32> = (0..n as u32).collect();
    let (edges, n_edges) = drawn_edges(&topology, &nodes, &control(2)).expect("not cancelled");
    assert_eq!(n_edges, n * (n - 1) / 2);
    let most = GraphLayout::MAX_EDGES as f64;
    assert!(
        n_edges as f64 > most && (edges.len() as f64 - most).abs() < 5.0 * most.sqrt(),
        "{} of {n_edges}",
        edges.len()
    );
}

#[test]
fn the_layout_can_be_stopped_anywhere() {
    let topology = undirected(300, &random_pairs(300, 900, 6));
    for n_looks in [0, 1, 2, 40, 1_000] {
        let ctl = control(2).with_canceller(Canceller::after_looks(n_looks));
        assert!(matches!(GraphLayout::new(&topology, &ctl), Err(EngineError::Cancelled)), "after {n_looks} looks");
    }
}
