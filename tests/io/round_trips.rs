//! What is written is read back: every recipe in every form, every model, graph and bundle of a few nodes.

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{
    Dataset, DatasetParts, Direction, Features, HopOrder, Labels, SelfLoops, Split, Topology,
};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::baselines::{EdgeRanking, Ramp, WeightRanking};
use unifews::engine::sparsify::{
    Compat, EdgeMode, EdgeRule, HopRule, Identity, Lock, PinnedEntry, Pins, Precision, Quirk, Recipe, Schedule,
    Training, WeightMode, WeightRule,
};
use unifews::io::bundle::{BundleOptions, read_bundle, replay, write_bundle_as};
use unifews::io::stored::write_stored_graph;
use unifews::io::{RecipeForm, read_graph, read_model, recipe_from_text, recipe_to_text, write_model};

use crate::support::control;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Numbers as people and programs write them: large, small, and with every digit.
fn deltas(n_steps: usize) -> impl Strategy<Value = Vec<f64>> {
    let delta = prop_oneof![Just(0.0), 0.0f64..1.0, Just(0.1 + 0.2), Just(1e-300), Just(f64::MIN_POSITIVE)];
    let one_or_each = select(vec![1, n_steps.max(1)]);
    one_or_each.prop_flat_map(move |n| vec(delta.clone(), n))
}

fn architectures() -> impl Strategy<Value = Architecture> {
    (select(&Family::ALL[..]), 1usize..4, 0.0f64..1.0).prop_map(|(family, layers, dropout)| {
        let own = Architecture::new(family);
        let hops = if own.is_decoupled() { layers + 1 } else { 0 };
        Architecture { hidden: 8, hops, layers, dropout, ..own }
    })
}

fn trainings() -> impl Strategy<Value = Training> {
    (1usize..500, 0.0f64..1.0, select(&[Schedule::Dense, Schedule::During][..]), any::<u16>(), any::<bool>()).prop_map(
        |(epochs, learning_rate, schedule, batch_size, is_linear)| Training {
            epochs,
            learning_rate,
            schedule,
            batch_size: batch_size.into(),
            ramp: if is_linear { Ramp::Linear } else { Ramp::Cubic },
            ..Training::default()
        },
    )
}

/// Recipes that are valid, of every family.
fn recipes() -> impl Strategy<Value = Recipe> {
    architectures()
        .prop_flat_map(|model| {
            let edges = (
                deltas(model.n_graph_steps()),
                select(&[EdgeMode::Absolute, EdgeMode::Relative, EdgeMode::Target][..]),
            );
            let weights =
                (deltas(model.layers), select(&[WeightMode::Absolute, WeightMode::Relative, WeightMode::Target][..]));
            let names = select(vec![
                "auto",
                "seed42",
                "stratified:50/25/25@7",
                "a name: with = signs # and \"quotes\"",
                "名前",
            ]);
            let quirks = vec(select(&Quirk::ALL[..]), 0..4);
            let beside = (any::<u64>(), names, quirks, any::<bool>(), select(vec![HopOrder::Stored, HopOrder::Rcm]));
            (Just(model), edges, weights, beside, option::of(trainings()))
        })
        .prop_map(
            |(
                model,
                (delta_a, edge_mode),
                (delta_w, weight_mode),
                (seed, split, quirks, has_more, order),
                training,
            )| {
                let ranks_edges = has_more && edge_mode == EdgeMode::Target;
                let ranks_weights = has_more && weight_mode == WeightMode::Target;
                let propagation =
                    HopRule { order, embeddings: if has_more { Precision::Bf16 } else { Precision::F32 } };
                Recipe {
                    seed,
                    split: split.to_owned(),
                    compat: quirks.into_iter().fold(Compat::CLEAN, Compat::with),
                    propagation: if model.is_decoupled() { propagation } else { HopRule::default() },
                    edges: EdgeRule {
                        mode: edge_mode,
                        delta: delta_a,
                        identity: if has_more && !model.has("attention") {
                            Identity::Residual
                        } else {
                            Identity::SelfLoop
                        },
                        lock: if has_more { Lock::File("nodes of mine.txt".into()) } else { Lock::Val },
                        ranking: ranks_edges.then_some(EdgeRanking::Random),
                        pins: std::sync::Arc::default(),
                    },
                    weights: WeightRule {
                        mode: weight_mode,
                        delta: delta_w,
                        ranking: ranks_weights.then_some(WeightRanking::Magnitude),
                    },
                    model,
                    training,
                    ..Recipe::default()
                }
            },
        )
}

/// Ids of all kinds: numbers, what only looks like one, and text.
fn by_hand() -> Pins {
    let entry = |source: &str, target: &str| PinnedEntry { source: source.to_owned(), target: target.to_owned() };
    Pins { keep: vec![entry("7", "007"), entry("1e5", "-3")], remove: vec![entry("東京", "a \"b\": c")] }
}

/// Graphs of a few nodes with labels, a split, and perhaps weights.
fn graphs() -> impl Strategy<Value = Dataset> {
    let pairs = |n: usize| vec((0..n as u32, 0..n as u32), 0..3 * n);
    (2usize..10)
        .prop_flat_map(move |n| {
            let values = vec((-40i8..40).prop_map(|v| f32::from(v) / 16.0), 3 * n);
            (Just(n), pairs(n), values, vec(0u32..3, n), any::<bool>())
        })
        .prop_map(|(n, pairs, values, classes, has_weights)| {
            let (topology, _) =
                Topology::from_edges(n, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("valid pairs");
            let weights = (0..topology.n_entries()).map(|k| 0.5 + (k % 5) as f32 / 3.0).collect();
            let classes = classes.iter().map(|c| if *c == 2 { Labels::UNLABELLED } else { *c }).collect();
            let last = n as u32 - 1;
            let split = Split { name: "file".into(), train: (0..last).collect(), val: Vec::new(), test: vec![last] };
            Dataset::try_new(DatasetParts {
                name: "drawn".into(),
                source: "test".into(),
                edge_weights: has_weights.then_some(weights),
                topology,
                features: Features::from_dense(Array2::from_shape_vec((n, 3), values).expect("a value for each")),
                labels: Some(Labels::new(classes)),
                splits: vec![split],
                node_ids: Some((0..n).map(|u| format!("node {u} é")).collect()),
            })
            .expect("parts that fit")
        })
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn a_recipe_is_read_as_it_was_written(mut recipe in recipes(), has_pins in any::<bool>()) {
        if has_pins {
            recipe.edges.pins = std::sync::Arc::new(by_hand());
        }
        recipe.check().expect("valid");
        for form in [RecipeForm::Toml, RecipeForm::Json, RecipeForm::Yaml] {
            let text = recipe_to_text(&recipe, form).expect("a text");
            let read = recipe_from_text(&text, Path::new("recipe")).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&read, &recipe, "{}", text);
        }
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn a_model_is_read_as_it_was_written(shape in architectures(), seed in 0u64..1000) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let model = Model::init(&shape, 3, 2, seed);
        write_model(&path, &model).expect("written");
        let (read, report) = read_model(path.to_str().expect("UTF-8")).expect("a model");
        prop_assert_eq!(read, model);
        prop_assert!(report.warnings.is_empty() && report.ignored.is_empty(), "{:?}", report);
    }

    #[test]
    fn a_graph_is_read_as_it_was_stored(graph in graphs()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("graph");
        write_stored_graph(&graph, &path, &control()).expect("written");
        let (read, _) = read_graph(path.to_str().expect("UTF-8"), &control()).expect("a graph");
        prop_assert_eq!(read.topology(), graph.topology());
        prop_assert_eq!(read.edge_weights(), graph.edge_weights());
        prop_assert_eq!(read.features(), graph.features());
        prop_assert_eq!(read.labels(), graph.labels());
        prop_assert_eq!(read.splits(), graph.splits());
        prop_assert_eq!(read.node_ids(), graph.node_ids());
    }

    /// Invariant: a bundle that was exported and read back gives bit-identical logits.
    #[test]
    fn a_bundle_is_read_as_it_was_exported(
        graph in graphs(),
        recipe in recipes(),
        seed in 0u64..1000,
        is_archive in any::<bool>(),
        without_features in any::<bool>(),
    ) {
        // The nodes that are locked stand in no file here, and a name that the graph's split does not have is refused.
        let mut recipe = Recipe { split: "auto".into(), ..recipe };
        recipe.edges.lock = Lock::Test;
        let ctl = control();
        let graph = Arc::new(graph);
        let model = Arc::new(Model::init(&recipe.model, 3, 2, seed));
        let made = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join(if is_archive { "b.zip" } else { "b" });
        let options = BundleOptions { without_features, ..BundleOptions::default() };
        write_bundle_as(&made, options, &target, &ctl).expect("written");
        let bundle = read_bundle(&target).expect("a bundle");
        prop_assert_eq!(&bundle.recipe, &made.recipe);
        prop_assert_eq!(&bundle.masks(graph.topology()).expect("masks"), &made.pruned.masks);
        prop_assert_eq!(&bundle.logits, &made.pruned.logits);
        let report = replay(&bundle, &graph, &ctl).expect("replays");
        prop_assert!(report.is_identical(), "{:?}", report);
    }
}
