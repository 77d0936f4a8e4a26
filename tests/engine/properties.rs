//! Laws that hold for every graph, model and recipe, tried on small ones that shrink to the smallest that breaks one.

use std::sync::Arc;

use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use unifews::engine::control::Control;
use unifews::engine::diffusion::Diffusion;
use unifews::engine::experiment::{Run, RunOptions, masked_forward, propagated, run};
use unifews::engine::graph::{
    Dataset, DatasetParts, Direction, Features, GraphStats, Labels, SelfLoops, Split, Topology, degree_histogram,
    resolve_split, stratified,
};
use unifews::engine::kernels::{Csr, spmm};
use unifews::engine::model::{Architecture, Family, Model, StepKind};
use unifews::engine::sparsify::{EdgeMask, EdgeMode, EdgeRule, Identity, Recipe, WeightMode, WeightRule, propagate};

use crate::shared::control;

/// Features of every node.
const WIDTH: usize = 3;
/// Classes of every model.
const N_CLASSES: usize = 2;
const LOOPS: [SelfLoops; 3] = [SelfLoops::Removed, SelfLoops::AsStored, SelfLoops::Added];
const DIRECTIONS: [Direction; 3] = [Direction::Symmetrised, Direction::AsStored, Direction::Reversed];

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn dataset(topology: Topology, features: Array2<f32>) -> Arc<Dataset> {
    let parts = DatasetParts {
        name: "drawn".into(),
        source: "test".into(),
        topology,
        features: Features::from_dense(features),
        labels: None,
        splits: Vec::new(),
        node_ids: None,
        edge_weights: None,
    };
    Dataset::try_new(parts).expect("parts that fit").shared()
}

/// Structures of a few nodes: directed or not, with and without self-loops, isolated nodes among them.
fn structures(directions: &'static [Direction]) -> impl Strategy<Value = Topology> {
    let pairs = |n: usize| vec((0..n as u32, 0..n as u32), 0..3 * n);
    (1usize..12).prop_flat_map(move |n| (Just(n), pairs(n), select(directions), select(&LOOPS[..]))).prop_map(
        |(n, pairs, direction, loops)| Topology::from_edges(n, &pairs, direction, loops).expect("valid pairs").0,
    )
}

/// Graphs with features in quarters, which are `at_least` so large; at 0, nodes and features without any value are among them.
fn graphs(at_least: i8) -> impl Strategy<Value = Arc<Dataset>> {
    graphs_of(&DIRECTIONS, at_least)
}

/// As [`graphs`], read in one of these directions.
fn graphs_of(directions: &'static [Direction], at_least: i8) -> impl Strategy<Value = Arc<Dataset>> {
    let value = (at_least..=8, any::<bool>()).prop_map(|(size, is_negative)| if is_negative { -size } else { size });
    let with_features = move |topology: Topology| {
        let n = topology.n_nodes();
        (Just(topology), vec(value.clone(), n * WIDTH))
    };
    structures(directions).prop_flat_map(with_features).prop_map(|(topology, values)| {
        let values = values.into_iter().map(|v| f32::from(v) / 4.0).collect();
        let features = Array2::from_shape_vec((topology.n_nodes(), WIDTH), values).expect("a value for each");
        dataset(topology, features)
    })
}

/// The step that removed every entry.
fn removed_at(mask: &EdgeMask) -> &[u8] {
    mask.removed_at().expect("progressive")
}

fn architecture(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 8, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    shape
}

fn families() -> impl Strategy<Value = Family> {
    select(&Family::ALL[..])
}

/// A recipe with one δ for all steps; in target mode δ is taken as a share.
fn recipe(family: Family, (edges, delta_a): (EdgeMode, f64), (weights, delta_w): (WeightMode, f64)) -> Recipe {
    let share = |is_target: bool, delta: f64| vec![if is_target { delta.min(1.0) } else { delta }];
    Recipe {
        model: architecture(family),
        edges: EdgeRule { mode: edges, delta: share(edges == EdgeMode::Target, delta_a), ..EdgeRule::default() },
        weights: WeightRule {
            mode: weights,
            delta: share(weights == WeightMode::Target, delta_w),
            ..WeightRule::default()
        },
        ..Recipe::default()
    }
}

fn edge_modes() -> impl Strategy<Value = EdgeMode> {
    select(&[EdgeMode::Absolute, EdgeMode::Relative, EdgeMode::Target][..])
}

fn weight_modes() -> impl Strategy<Value = WeightMode> {
    select(&[WeightMode::Absolute, WeightMode::Relative, WeightMode::Target][..])
}

fn pruned(graph: &Arc<Dataset>, recipe: &Recipe, seed: u64, ctl: &Control) -> Run {
    let model = Arc::new(Model::init(&recipe.model, WIDTH, N_CLASSES, seed));
    run(graph, &model, recipe, RunOptions::PREVIEW, None, ctl).expect("runs")
}

fn same_bits(a: &Array2<f32>, b: &Array2<f32>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

/// Whether everything that `few` removed is removed in `many`, too.
fn is_within(few: &[bool], many: &[bool]) -> bool {
    few.iter().zip(many).all(|(few, many)| !few || *many)
}

/// The graph with node `u` called `name[u]`, and for every entry its place there.
fn renamed(graph: &Dataset, name: &[u32]) -> (Arc<Dataset>, Vec<usize>) {
    let topology = graph.topology();
    let pairs: Vec<_> = topology.entries().map(|(u, v)| (name[v as usize], name[u as usize])).collect();
    let (other, _) = Topology::from_edges(graph.n_nodes(), &pairs, Direction::AsStored, SelfLoops::AsStored)
        .expect("the same pairs");
    let place = |(u, v): (u32, u32)| other.find(name[u as usize] as usize, name[v as usize] as usize);
    let places = topology.entries().map(|entry| place(entry).expect("the same entry")).collect();
    let mut features = Array2::zeros((graph.n_nodes(), WIDTH));
    for (u, row) in graph.features().to_dense().rows().into_iter().enumerate() {
        features.row_mut(name[u] as usize).assign(&row);
    }
    (dataset(other, features), places)
}

/// `T̂ P` in double precision, entry by entry: the matrix with its removed entries at 0.
fn slow_product(graph: &Dataset, values: &[f32], is_kept: impl Fn(usize) -> bool, p: &Array2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros(p.dim());
    for (k, (u, v)) in graph.topology().entries().enumerate() {
        let t = if is_kept(k) { f64::from(values[k]) } else { 0.0 };
        out.row_mut(u as usize).scaled_add(t, &p.row(v as usize));
    }
    out
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn transposing_twice_gives_the_structure_back(topology in structures(&DIRECTIONS)) {
        let once = topology.transposed();
        let twice = once.topology.transposed();
        prop_assert_eq!(&twice.topology, &topology);
        prop_assert!(twice.entry.iter().enumerate().all(|(k, at)| once.entry[*at] == k));
        for (at, (v, u)) in once.topology.entries().enumerate() {
            prop_assert_eq!(topology.find(u as usize, v as usize), Some(once.entry[at]));
        }
        prop_assert_eq!(topology.is_symmetric(), once.topology == topology);
    }

    #[test]
    fn a_masked_product_is_the_product_of_the_masked_matrix(
        graph in graphs(0),
        is_kept in vec(any::<bool>(), 40),
        values in vec(-2.0f32..2.0, 40),
        residual in any::<bool>(),
    ) {
        let topology = graph.topology();
        let (x, ctl) = (graph.features().to_dense(), control(1));
        let (mut indptr, mut indices, mut left, mut zeroed) = (vec![0], Vec::new(), Vec::new(), Vec::new());
        for u in 0..topology.n_nodes() {
            for k in topology.row_range(u) {
                let is_kept = is_kept[k % is_kept.len()];
                zeroed.push(if is_kept { values[k % values.len()] } else { 0.0 });
                if is_kept {
                    indices.push(topology.indices()[k]);
                    left.push(values[k % values.len()]);
                }
            }
            indptr.push(indices.len());
        }
        let masked = Csr { indptr: topology.indptr(), indices: topology.indices(), values: &zeroed };
        let dropped = Csr { indptr: &indptr, indices: &indices, values: &left };
        let [masked, dropped] = [masked, dropped].map(|a| spmm(a, x.view(), residual, &ctl).expect("not cancelled"));
        prop_assert!(same_bits(&masked, &dropped), "{masked} {dropped}");
        let wide = x.mapv(f64::from);
        let mut expected = slow_product(&graph, &zeroed, |_| true, &wide);
        if residual {
            expected += &wide;
        }
        let is_near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() <= 1e-5 * b.abs().max(1.0);
        prop_assert!(masked.iter().zip(&expected).all(is_near), "{masked} {expected}");
    }

    #[test]
    fn the_parts_of_a_split_hold_every_labelled_node_once(
        classes in vec(0u32..5, 0..60),
        train in 1u32..=90,
        val in 0u32..=40,
        seed in any::<u64>(),
    ) {
        // Class 4 stands for no label.
        let classes: Vec<u32> = classes.iter().map(|c| if *c == 4 { Labels::UNLABELLED } else { *c }).collect();
        let labels = Labels::new(classes.clone());
        let val = val.min(100 - train);
        let (train, val) = (f64::from(train) / 100.0, f64::from(val) / 100.0);
        let split = stratified(&labels, train, val, seed).expect("possible shares");
        split.check(classes.len()).expect("each node at most once");
        let mut all = [&split.train[..], &split.val, &split.test].concat();
        all.sort_unstable();
        let labelled: Vec<u32> = (0..classes.len() as u32).filter(|u| labels.of(*u as usize).is_some()).collect();
        prop_assert_eq!(all, labelled);
        for class in 0..labels.n_classes() {
            let count = |nodes: &[u32]| nodes.iter().filter(|u| labels.of(**u as usize) == Some(class)).count() as f64;
            let whole = count(&(0..classes.len() as u32).collect::<Vec<_>>());
            prop_assert!((count(&split.train) - whole * train).abs() <= 0.5 + 1e-9);
            prop_assert!((count(&split.val) - whole * val).abs() <= 1.0 + 1e-9);
        }
        prop_assert_eq!(&split, &stratified(&labels, train, val, seed).expect("possible shares"));
        // Its name makes it again.
        let n = classes.len();
        let topology = Topology::from_edges(n, &[], Direction::AsStored, SelfLoops::AsStored).expect("no pairs").0;
        let parts = dataset(topology, Array2::zeros((n, WIDTH))).to_parts();
        let graph = Dataset::try_new(DatasetParts { labels: Some(labels), ..parts }).expect("parts that fit");
        prop_assert_eq!(&resolve_split(&graph, &split.name, 0).expect("a name"), &split);
    }

    #[test]
    fn what_is_counted_on_a_graph_does_not_depend_on_the_names_of_its_nodes(
        (graph, name) in graphs(0).prop_flat_map(|graph| {
            let names = Just((0..graph.n_nodes() as u32).collect::<Vec<_>>()).prop_shuffle();
            (Just(graph), names)
        }),
    ) {
        let (other, places) = renamed(&graph, &name);
        prop_assert_eq!(GraphStats::of(&other), GraphStats::of(&graph));
        prop_assert_eq!(degree_histogram(other.topology()), degree_histogram(graph.topology()));
        for family in [Family::Gcn, Family::Sage, Family::Gin] {
            let recipe = Recipe { model: architecture(family), ..Recipe::default() };
            let [here, there] = [&graph, &other].map(|graph| Diffusion::of(graph, recipe.matrix()));
            prop_assert!(places.iter().enumerate().all(|(k, at)| here.values()[k].to_bits() == there.values()[*at].to_bits()));
        }
    }
}

proptest! {
    #![proptest_config(config(96))]

    /// Invariant: δ = 0 removes nothing, and in the self-loop form gives the baseline's bits.
    #[test]
    fn a_threshold_of_zero_gives_the_baseline(
        graph in graphs(0),
        family in families(),
        edges in edge_modes(),
        weights in weight_modes(),
        seed in 0u64..1000,
    ) {
        let recipe = recipe(family, (edges, 0.0), (weights, 0.0));
        let found = pruned(&graph, &recipe, seed, &control(1));
        let masks = &found.pruned.masks;
        let n_steps = masks.edges.n_steps();
        prop_assert!(removed_at(&masks.edges).iter().all(|step| usize::from(*step) == n_steps));
        prop_assert!(masks.weights.iter().flatten().all(|is_kept| *is_kept));
        prop_assert!(same_bits(&found.pruned.logits, &found.baseline_logits));
    }

    #[test]
    fn a_threshold_of_zero_removes_nothing_in_any_form(
        graph in graphs(0),
        family in select(&[Family::Sgc, Family::Appnp, Family::Gcn][..]),
        identity in select(&[Identity::Residual, Identity::ResidualLoop][..]),
        edges in edge_modes(),
    ) {
        let mut recipe = recipe(family, (edges, 0.0), (WeightMode::Relative, 0.0));
        recipe.edges.identity = identity;
        let found = pruned(&graph, &recipe, 1, &control(1));
        prop_assert!(found.pruned.edge_sparsity() < 1e-12 && found.pruned.weight_sparsity() < 1e-12);
    }

    /// Invariant: E(l+1) ⊆ E(l); self-loops stay; the trace of every step and the masks tell the same.
    #[test]
    fn what_a_step_removed_is_gone_in_every_later_one(
        graph in graphs(0),
        family in families(),
        edges in edge_modes(),
        delta in 0.0f64..2.0,
        seed in 0u64..1000,
    ) {
        let recipe = recipe(family, (edges, delta), (WeightMode::Relative, 0.5));
        let found = pruned(&graph, &recipe, seed, &control(1)).pruned;
        let (topology, mask) = (graph.topology(), &found.masks.edges);
        let mut n_before = topology.n_entries();
        for (step, edges) in found.steps.iter().filter_map(|s| s.edges.as_ref()).enumerate() {
            prop_assert_eq!(edges.n_before, n_before);
            prop_assert_eq!(edges.n_after, mask.n_kept(step));
            prop_assert!(edges.n_after <= edges.n_before);
            for k in 0..topology.n_entries() {
                prop_assert!(step == 0 || mask.is_kept(k, step - 1) || !mask.is_kept(k, step));
            }
            n_before = edges.n_after;
        }
        for (k, (u, v)) in topology.entries().enumerate() {
            prop_assert!(u != v || usize::from(removed_at(mask)[k]) == mask.n_steps(), "self-loop of {u}");
        }
    }

    /// Invariant: for fixed layer inputs sparsity never falls when a threshold rises. The inputs of a first step are fixed.
    #[test]
    fn a_higher_threshold_removes_at_least_the_same_entries_of_the_first_step(
        graph in graphs(0),
        family in families(),
        edges in edge_modes(),
        low in 0.0f64..1.5,
        more in 0.0f64..1.5,
        seed in 0u64..1000,
    ) {
        let [few, many] = [low, low + more].map(|delta| {
            let recipe = recipe(family, (edges, delta), (WeightMode::Relative, 0.0));
            let found = pruned(&graph, &recipe, seed, &control(1));
            removed_at(&found.pruned.masks.edges).iter().map(|step| *step == 0).collect::<Vec<_>>()
        });
        // A family that propagates over no graph has no step to remove at.
        prop_assert!(architecture(family).n_graph_steps() == 0 || is_within(&few, &many));
    }

    #[test]
    fn a_higher_mass_threshold_pushes_no_entry_that_a_lower_one_does_not(
        graph in graphs_of(&[Direction::Symmetrised], 0),
        low in 0.0f64..0.2,
        more in 0.0f64..0.5,
    ) {
        let [few, many] = [low, low + more].map(|delta| {
            let mut recipe = recipe(Family::Sgc, (EdgeMode::Mass, delta), (WeightMode::Relative, 0.0));
            recipe.model.hops = 1;
            let found = propagate(&graph, &recipe, &Split::default(), None, &control(1)).expect("propagates");
            removed_at(&found.edges).iter().map(|step| *step == 0).collect::<Vec<_>>()
        });
        prop_assert!(is_within(&few, &many));
    }

    #[test]
    fn a_higher_threshold_removes_at_least_the_same_weights_of_the_first_matrix(
        graph in graphs(0),
        family in families(),
        weights in weight_modes(),
        low in 0.0f64..1.5,
        more in 0.0f64..1.5,
        seed in 0u64..1000,
    ) {
        let [few, many] = [low, low + more].map(|delta| {
            let recipe = recipe(family, (EdgeMode::Relative, 0.0), (weights, delta));
            let found = pruned(&graph, &recipe, seed, &control(1));
            found.pruned.masks.weights[0].iter().map(|is_kept| !is_kept).collect::<Vec<_>>()
        });
        prop_assert!(is_within(&few, &many));
    }

    /// The rule itself, hop after hop, restated entry by entry in double precision. What is nearer to a threshold than rounding may go
    /// either way.
    #[test]
    fn a_hop_removes_what_is_below_its_threshold_and_nothing_else(
        graph in graphs(0),
        identity in select(&[Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop][..]),
        edges in edge_modes(),
        delta in 0.0f64..1.5,
    ) {
        const NEAR: f64 = 1e-5;
        let mut recipe = recipe(Family::Sgc, (edges, delta), (WeightMode::Relative, 0.0));
        recipe.edges.identity = identity;
        let requested = recipe.delta_a(0);
        let found = propagate(&graph, &recipe, &Split::default(), None, &control(1)).expect("propagates");
        let t = Diffusion::of(&graph, recipe.matrix());
        let entries: Vec<_> = graph.topology().entries().collect();
        let n_removable = entries.iter().filter(|(u, v)| u != v).count();
        let mut x = graph.features().to_dense().mapv(f64::from);
        for (step, trace) in found.steps.iter().enumerate() {
            let trace = trace.edges.as_ref().expect("a hop");
            let norms: Vec<f64> = x.rows().into_iter().map(|row| row.dot(&row).sqrt()).collect();
            let score = |k: usize| f64::from(t.values()[k]).abs() * norms[entries[k].1 as usize];
            let is_loop = |k: usize| entries[k].0 == entries[k].1;
            let walked: Vec<usize> = (0..entries.len())
                .filter(|k| usize::from(removed_at(&found.edges)[*k]) >= step)
                .filter(|k| identity != Identity::Residual || !is_loop(*k))
                .collect();
            let removed = |k: &usize| usize::from(removed_at(&found.edges)[*k]) == step;
            let mean = walked.iter().map(|k| score(*k)).sum::<f64>() / walked.len().max(1) as f64;
            prop_assert!((trace.mean_message - mean).abs() <= NEAR * mean, "{} for {mean}", trace.mean_message);
            match edges {
                EdgeMode::Relative => {
                    prop_assert!((trace.delta - requested * mean).abs() <= NEAR * requested * mean, "{}", trace.delta);
                }
                EdgeMode::Absolute => prop_assert_eq!(trace.delta.to_bits(), f64::from(requested as f32).to_bits()),
                EdgeMode::Target => {
                    // At least the share, and no more than what is as strong as the strongest that had to go.
                    let wanted = (requested * n_removable as f64).ceil() as usize;
                    let n_gone = (0..entries.len()).filter(|k| usize::from(removed_at(&found.edges)[*k]) <= step).count();
                    prop_assert!(n_gone >= wanted, "{n_gone} of {wanted}");
                    let largest = walked.iter().filter(|k| removed(k)).map(|k| score(*k)).fold(0.0f64, f64::max);
                    let n_tied = walked.iter().filter(|k| removed(k) && score(**k) >= largest * (1.0 - NEAR)).count();
                    prop_assert!(n_tied == 0 || n_gone - n_tied < wanted, "{n_gone} without {n_tied} of {wanted}");
                }
                EdgeMode::Mass => unreachable!("not drawn"),
            }
            for k in walked.iter().filter(|k| !is_loop(**k)) {
                prop_assert!(!removed(k) || score(*k) <= trace.delta * (1.0 + NEAR), "{k} was removed");
                prop_assert!(removed(k) || score(*k) >= trace.delta * (1.0 - NEAR), "{k} was kept");
            }
            let is_used = |k: usize| found.edges.is_kept(k, step) && !(is_loop(k) && identity == Identity::Residual);
            let mut next = slow_product(&graph, t.values(), is_used, &x);
            if identity != Identity::SelfLoop {
                next += &x;
            }
            x = next;
        }
    }

    /// Scores of a first hop are exact here, so a threshold that is one of them shows on which side equality falls.
    #[test]
    fn an_entry_at_the_threshold_stays(graph in graphs(0), which in any::<prop::sample::Index>()) {
        let mut recipe = recipe(Family::Sgc, (EdgeMode::Absolute, 0.0), (WeightMode::Relative, 0.0));
        recipe.model.hops = 1;
        let t = Diffusion::of(&graph, recipe.matrix());
        let x = graph.features().to_dense().mapv(f64::from);
        let norms: Vec<f32> = x.rows().into_iter().map(|row| row.dot(&row).sqrt() as f32).collect();
        let entries: Vec<_> = graph.topology().entries().collect();
        prop_assume!(!entries.is_empty());
        let scores: Vec<f32> = entries.iter().zip(t.values()).map(|((_, v), t)| t.abs() * norms[*v as usize]).collect();
        let delta = scores[which.index(scores.len())];
        recipe.edges.delta = vec![f64::from(delta)];
        let found = propagate(&graph, &recipe, &Split::default(), None, &control(1)).expect("propagates").edges;
        for (k, (u, v)) in entries.iter().enumerate() {
            prop_assert_eq!(found.is_kept(k, 0), u == v || scores[k] >= delta, "{}", k);
        }
    }

    /// The rule of the weights, restated from the norms in the trace.
    #[test]
    fn a_weight_is_removed_when_it_is_below_its_threshold_and_only_then(
        graph in graphs(0),
        weights in weight_modes(),
        delta in 0.0f64..1.5,
        seed in 0u64..1000,
    ) {
        let recipe = recipe(Family::Gcn, (EdgeMode::Relative, 0.0), (weights, delta));
        let requested = recipe.delta_w(0);
        let found = pruned(&graph, &recipe, seed, &control(1));
        for trace in found.pruned.steps.iter().flat_map(|s| &s.weights) {
            let values = &found.model.weight(trace.idx).expect("a matrix").values;
            let mask = &found.pruned.masks.weights[trace.idx];
            let norms: Vec<f64> = trace.column_norms.iter().map(|c| f64::from(*c)).collect();
            let scale = norms.iter().map(|c| c * c).sum::<f64>().sqrt() / norms.len() as f64;
            let largest = values.iter().fold(0.0f32, |most, w| most.max(w.abs()));
            let n_removed = mask.iter().filter(|is_kept| !**is_kept).count();
            let wanted = (requested * values.len() as f64).ceil() as usize;
            prop_assert!(weights != WeightMode::Target || n_removed >= wanted, "{n_removed} of {wanted}");
            let score = |(j, i): (usize, usize)| f64::from(values[(j, i)].abs()) * norms[j];
            if weights == WeightMode::Target {
                let most = mask.indexed_iter().filter(|(_, k)| !**k).map(|(at, _)| score(at)).fold(0.0, f64::max);
                let is_tied = |at| score(at) >= most * (1.0 - 1e-5);
                let n_tied = mask.indexed_iter().filter(|(at, k)| !**k && is_tied(*at)).count();
                prop_assert!(n_tied == 0 || n_removed - n_tied < wanted, "{n_removed} without {n_tied} of {wanted}");
                continue;
            }
            for (at, is_kept) in mask.indexed_iter() {
                let (limit, clamp) = match weights {
                    WeightMode::Absolute => (requested, f64::INFINITY),
                    _ if scale <= 1e-8 => (0.0, f64::INFINITY),
                    _ => (requested * scale, 0.999 * f64::from(largest) * norms[at.0]),
                };
                let limit = limit.min(clamp);
                let (least, most) = (limit * (1.0 - 1e-5), limit * (1.0 + 1e-5));
                prop_assert!(*is_kept || limit == 0.0 && score(at) == 0.0 || score(at) <= most, "{at:?} was removed");
                prop_assert!(!is_kept || score(at) >= least, "{at:?} was kept");
            }
        }
    }

    /// Hops over masks against the matrix with its removed entries at 0, in every form of what a node keeps of itself.
    #[test]
    fn propagation_over_masks_is_the_product_with_the_masked_matrix(
        graph in graphs(0),
        identity in select(&[Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop][..]),
        edges in edge_modes(),
        delta in 0.0f64..1.5,
    ) {
        let ctl = control(1);
        let mut recipe = recipe(Family::Sgc, (edges, delta), (WeightMode::Relative, 0.0));
        recipe.edges.identity = identity;
        let found = pruned(&graph, &recipe, 1, &ctl).pruned;
        let t = Diffusion::of(&graph, recipe.matrix());
        let is_loop: Vec<bool> = graph.topology().entries().map(|(u, v)| u == v).collect();
        let mut expected = graph.features().to_dense().mapv(f64::from);
        for step in 0..recipe.model.hops {
            let is_used = |k: usize| {
                found.masks.edges.is_kept(k, step) && !(is_loop[k] && identity == Identity::Residual)
            };
            let mut next = slow_product(&graph, t.values(), is_used, &expected);
            if identity != Identity::SelfLoop {
                next += &expected;
            }
            expected = next;
        }
        let ours = propagated(&graph, &recipe, &found.masks, &ctl).expect("propagates");
        let largest = expected.iter().fold(1.0f64, |most, v| most.max(v.abs()));
        let off = ours.iter().zip(&expected).fold(0.0f64, |most, (a, b)| most.max((f64::from(*a) - b).abs()));
        prop_assert!(off <= 1e-5 * largest, "off by {off:e} of {largest:e}");
    }

    /// A pruned model is the given one times its masks, and following the masks gives the bits of the pass that decided them.
    #[test]
    fn masked_inference_is_inference_with_the_masked_weights(
        graph in graphs(0),
        family in families(),
        edges in edge_modes(),
        delta_a in 0.0f64..1.5,
        weights in weight_modes(),
        delta_w in 0.0f64..1.5,
        seed in 0u64..1000,
    ) {
        let ctl = control(1);
        let recipe = recipe(family, (edges, delta_a), (weights, delta_w));
        let found = pruned(&graph, &recipe, seed, &ctl);
        let masks = &found.pruned.masks;
        let mut masked = (*found.model).clone();
        for (weight, mask) in masked.weights_mut().zip(&masks.weights) {
            ndarray::Zip::from(&mut weight.values).and(mask).for_each(|w, is_kept| *w = if *is_kept { *w } else { 0.0 });
        }
        for (ours, expected) in found.pruned.model.weights().zip(masked.weights()) {
            prop_assert_eq!(&ours.values, &expected.values);
        }
        let again = masked_forward(&graph, &masked, &recipe, Some(masks), None, &ctl).expect("runs");
        prop_assert!(same_bits(&again, &found.pruned.logits));
    }

    #[test]
    fn counts_of_operations_add_up(
        graph in graphs(1),
        family in families(),
        edges in edge_modes(),
        delta_a in 0.0f64..1.5,
        weights in weight_modes(),
        delta_w in 0.0f64..1.5,
        seed in 0u64..1000,
    ) {
        let recipe = recipe(family, (edges, delta_a), (weights, delta_w));
        let found = pruned(&graph, &recipe, seed, &control(1)).pruned;
        let n = graph.n_nodes() as u64;
        let n_loops = graph.topology().n_self_loops();
        let (mut baseline, mut kept, mut n_end) = (0, 0, 0);
        for step in &found.steps {
            if let Some(e) = &step.edges {
                let n_per_entry = if recipe.model.has("attention") { 2 * e.width } else { e.width };
                let is_kept = |k: &usize| found.masks.edges.is_kept(*k, step.idx);
                let n_kept = (0..e.n_entries).filter(is_kept).count() - n_loops;
                prop_assert_eq!(step.macs.edges_baseline, ((e.n_entries - n_loops) * n_per_entry) as u64);
                prop_assert_eq!(step.macs.edges_pruned, (n_kept * n_per_entry) as u64);
            } else {
                prop_assert!(step.kind == StepKind::Linear && step.macs.edges_baseline == 0);
            }
            let mut of_step = [0, 0];
            for w in &step.weights {
                // No value of the features is 0, and everything behind them is stored in full.
                let n_kept = found.masks.weights[w.idx].iter().filter(|is_kept| **is_kept).count();
                prop_assert_eq!((w.n_after, w.n_weights), (n_kept, w.d_in * w.d_out));
                prop_assert_eq!((w.macs_baseline, w.macs_pruned), (n * w.n_weights as u64, n * n_kept as u64));
                of_step = [of_step[0] + w.macs_baseline, of_step[1] + w.macs_pruned];
            }
            // GCNII's first and last transformation are never pruned and belong to the step beside them.
            n_end += step.macs.weights_baseline - of_step[0];
            prop_assert_eq!(step.macs.weights_baseline - of_step[0], step.macs.weights_pruned - of_step[1]);
            baseline += step.macs.baseline();
            kept += step.macs.pruned();
        }
        let end_weights = n * (recipe.model.hidden * (WIDTH + N_CLASSES)) as u64;
        prop_assert_eq!(n_end, if family == Family::Gcn2 { end_weights } else { 0 });
        prop_assert_eq!((found.macs().baseline(), found.macs().pruned()), (baseline, kept));
        let removes = found.edge_sparsity() > 0.0 || found.weight_sparsity() > 0.0;
        prop_assert_eq!(kept < baseline, removes);
    }

    /// Sums run in another order, so logits differ by rounding; what a first hop removes does not differ.
    #[test]
    fn results_follow_the_nodes_when_they_are_renamed(
        (graph, name) in graphs(0).prop_flat_map(|graph| {
            let names = Just((0..graph.n_nodes() as u32).collect::<Vec<_>>()).prop_shuffle();
            (Just(graph), names)
        }),
        family in families(),
        delta in 0.0f64..1.5,
        seed in 0u64..1000,
    ) {
        let ctl = control(1);
        let (other, places) = renamed(&graph, &name);
        let plain = recipe(family, (EdgeMode::Absolute, 0.0), (WeightMode::Absolute, 0.0));
        let [here, there] = [&graph, &other].map(|graph| pruned(graph, &plain, seed, &ctl).pruned.logits);
        let largest = here.iter().fold(1.0f32, |most, v| most.max(v.abs()));
        for (u, row) in here.rows().into_iter().enumerate() {
            for (a, b) in row.iter().zip(there.row(name[u] as usize)) {
                prop_assert!((a - b).abs() <= 1e-4 * largest, "node {u}: {a} {b}");
            }
        }
        let mut first = recipe(Family::Sgc, (EdgeMode::Absolute, delta), (WeightMode::Absolute, 0.0));
        first.model.hops = 1;
        let [here, there] = [&graph, &other].map(|graph| {
            propagate(graph, &first, &Split::default(), None, &ctl).expect("propagates").edges
        });
        prop_assert!(places.iter().enumerate().all(|(k, at)| removed_at(&here)[k] == removed_at(&there)[*at]));
    }
}
