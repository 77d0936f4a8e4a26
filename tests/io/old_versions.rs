//! Files of earlier versions are opened for ever, or refused by name: what `tests/fixtures/v1` holds was written by version 0.1.0.

use std::path::PathBuf;

use unifews::engine::graph::{Direction, SelfLoops};
use unifews::engine::model::Family;
use unifews::engine::sparsify::{
    Compat, EdgeMode, HopOrder, Identity, Lock, Precision, Recipe, Schedule, Training, WeightMode,
};
use unifews::io::bundle::{Bundle, Metrics, graph_of, read_bundle, replay};
use unifews::io::{MemoryBudget, read_graph, read_model, read_recipe, recipe_from_text};

use crate::support::control;

fn v1(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1").join(name)
}

/// Opens a bundle and runs it again on the graph that it names.
fn replayed(name: &str) -> Bundle {
    let ctl = control();
    let bundle = read_bundle(v1(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(bundle.manifest.format, "unifews-bundle/1", "{name}");
    let (graph, _) = graph_of(&bundle, None, MemoryBudget::SYSTEM, &ctl).expect(name);
    let report = replay(&bundle, &graph, &ctl).expect(name);
    if bundle.recipe.model.architecture == Family::Gat {
        // Attention's exponentials are the system's, whose last bit may differ between machines.
        assert!(report.max_abs_difference < 1e-6 && report.n_edge_values_different == 0, "{name}: {report:?}");
    } else {
        assert!(report.is_identical(), "{name}: {report:?}");
    }
    assert_eq!(report.n_logits, 68, "{name}");
    assert!(report.sparse.is_some(), "{name}");
    bundle
}

#[test]
fn a_bundle_of_every_family_opens_and_replays() {
    for family in Family::ALL {
        let key = family.key();
        let name = if family == Family::Gcn { "gcn-bundle".to_owned() } else { format!("{key}-bundle.zip") };
        let bundle = replayed(&name);
        assert_eq!(bundle.recipe.model.architecture, family);
        assert!(bundle.manifest.model.trained_on.is_some(), "{name}");
        // Times were measured of one; all others say that they were not.
        assert_eq!(bundle.metrics.timing.is_some(), family == Family::Gcn, "{name}");
    }
}

#[test]
fn what_a_bundles_recipe_meant_it_means_today() {
    let appnp = replayed("appnp-bundle.zip").recipe;
    assert_eq!((appnp.model.hops, appnp.edges.mode, &appnp.edges.delta[..]), (4, EdgeMode::Target, &[0.3][..]));
    assert_eq!((appnp.propagation.embeddings, appnp.propagation.order), (Precision::Bf16, HopOrder::Rcm));
    let sgc = replayed("sgc-bundle.zip").recipe;
    assert_eq!(
        (sgc.edges.mode, sgc.edges.identity, sgc.compat),
        (EdgeMode::Mass, Identity::ResidualLoop, Compat::OFFICIAL)
    );
    let gbp = replayed("gbp-bundle.zip").recipe;
    assert_eq!((gbp.edges.lock, gbp.split.as_str()), (Lock::Test, "stratified:50/25/25@7"));
    assert!((gbp.model.heat_time - 3.0).abs() < 1e-12);
}

#[test]
fn recipes_in_every_form_are_read() {
    let gcn = read_recipe(v1("gcn.recipe.toml")).expect("a recipe");
    let training = Training { epochs: 20, ..Training::default() };
    assert_eq!(gcn, Recipe { threads: 1, model: gcn.model.clone(), training: Some(training), ..Recipe::default() });
    assert_eq!((gcn.model.hidden, gcn.model.layers), (8, 2));

    let bundled = read_recipe(v1("gcn-bundle/recipe.toml")).expect("a recipe");
    assert_eq!((bundled.edges.mode, &bundled.edges.delta[..]), (EdgeMode::Absolute, &[0.05, 0.1][..]));
    assert_eq!((bundled.weights.mode, &bundled.weights.delta[..]), (WeightMode::Target, &[0.5][..]));
    for name in ["gcn-bundle.recipe.json", "gcn-bundle.recipe.yaml"] {
        assert_eq!(read_recipe(v1(name)).expect(name), bundled, "{name}");
    }

    let lottery = read_recipe(v1("lottery.recipe.toml")).expect("a recipe");
    assert_eq!(lottery.graph.direction, Some(Direction::Symmetrised));
    assert_eq!(lottery.graph.self_loops, Some(SelfLoops::Removed));
    assert_eq!(lottery.edges.lock, Lock::Val);
    let training = lottery.training.expect("a training");
    assert_eq!((training.schedule, training.rounds), (Schedule::Lottery, 2));
}

/// A recipe grows by keys whose default means what the program did before it had them: the first recipe ever is still one.
#[test]
fn a_recipe_with_nothing_but_its_format_is_the_default() {
    let recipe = recipe_from_text("format = \"unifews-recipe/1\"\n", &v1("none.toml")).expect("a recipe");
    assert_eq!(recipe, Recipe::default());
}

#[test]
fn a_trained_model_and_a_stored_graph_are_read() {
    let spec = |name: &str| v1(name).to_str().expect("UTF-8").to_owned();
    let (model, report) = read_model(&spec("gcn.safetensors")).expect("a model");
    assert!(report.warnings.is_empty() && report.ignored.is_empty(), "{report:?}");
    assert_eq!((model.title().as_str(), model.trained_on.map(|t| t.epochs)), ("GCN 34-8-2", Some(20)));
    let ctl = control();
    let (stored, report) = read_graph(&spec("karate-stored"), &ctl).expect("a graph");
    assert!(report.warnings.is_empty() && report.ignored.is_empty(), "{report:?}");
    let (sample, _) = read_graph("sample:karate", &ctl).expect("a sample");
    assert_eq!((stored.topology(), stored.features()), (sample.topology(), sample.features()));
    assert_eq!((stored.labels(), stored.splits()), (sample.labels(), sample.splits()));
}

#[test]
fn what_earlier_metrics_say_of_bf16_is_read() {
    let bundle = replayed("gcn-bundle");
    let mut metrics = serde_json::to_value(&bundle.metrics).expect("JSON");
    let bf16 = serde_json::json!({
        "secs": 0.5, "speedup": 1.5, "speedup_interval": [1.4, 1.6], "largest_difference": 0.01,
        "relative_error": 0.001, "agreement": 0.99, "test": null
    });
    metrics["timing"]["bf16"] = bf16;
    let read: Metrics = serde_json::from_value(metrics).expect("metrics");
    let found = read.timing.and_then(|timing| timing.bf16).expect("what was measured");
    assert_eq!((found.secs, found.speedup, found.agreement), (Some(0.5), Some(1.5), 0.99));
    assert_eq!(found.stored_as.to_string(), "embeddings bf16");
    assert!(read.low.is_none());
}
