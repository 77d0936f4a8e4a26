//! Hidden channels that go as a whole.

use std::sync::Arc;

use ndarray::Array2;
use unifews::engine::experiment::{Run, RunOptions, masked_forward, run};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Jumping, Model};
use unifews::engine::sparsify::{
    Allocation, ChannelRule, EdgeMode, NodesAre, Recipe, RecoveryRule, WeightMode, WeightRecovery,
};

use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 300, n_entries: 2_400, n_features: 40, n_classes: 4, seed: 1 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn recipe(family: Family, channels: f64, entries: f64, weights: f64) -> Recipe {
    let mut shape = Architecture { hidden: 32, layers: 3, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    let rule = RecoveryRule { allocation: Allocation::AsGiven, ..RecoveryRule::default() };
    let channels = Some(ChannelRule { share: channels });
    let mut recipe = Recipe { model: shape, recovery: Some(rule), channels, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![entries]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![weights]);
    recipe
}

fn pruned(graph: &Arc<Dataset>, model: &Arc<Model>, recipe: &Recipe, n_threads: usize) -> Run {
    run(graph, model, recipe, RunOptions::PREVIEW, None, &control(n_threads)).expect("runs")
}

fn same(a: &Array2<f32>, b: &Array2<f32>) -> bool {
    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn the_share_of_every_hidden_representation_is_gone_and_what_is_left_replays() {
    let graph = graph();
    for family in [Family::Gcn, Family::Sage, Family::Gin, Family::Sgc, Family::Appnp, Family::Mlp] {
        for (entries, weights) in [(0.0, 0.0), (0.6, 0.5), (0.6, 0.9)] {
            let recipe = recipe(family, 0.75, entries, weights);
            let case = format!("{family:?}, {entries}, {weights}");
            let model = Arc::new(Model::init(&recipe.model, 40, 4, 3));
            let first = pruned(&graph, &model, &recipe, 1);
            assert!(!first.hidden.is_empty(), "{case}");
            for hidden in &first.hidden {
                // What is computed is filled up to whole cache lines.
                assert!(
                    hidden.n_after <= 16 && hidden.n_after >= 8.min(hidden.n_before) && hidden.n_after >= 4,
                    "{case}: {hidden:?}"
                );
            }
            // Weights into and out of what went are removed, and count.
            assert!(first.pruned.weight_sparsity() >= weights - 0.01, "{case}: {}", first.pruned.weight_sparsity());
            assert!(first.pruned.weight_sparsity() > 0.3, "{case}: {}", first.pruned.weight_sparsity());
            let masks = first.pruned.masks.clone();
            for (weight, mask) in first.pruned.model.weights().zip(&masks.weights) {
                assert!(weight.values.iter().zip(mask).all(|(w, kept)| (*w != 0.0) == *kept), "{case}");
            }
            let again = pruned(&graph, &model, &recipe, 3);
            assert!(again.pruned.masks == masks && same(&again.pruned.logits, &first.pruned.logits), "{case}");
            let replayed = masked_forward(&graph, &first.pruned.model, &recipe, Some(&masks), None, &control(2));
            assert!(same(&replayed.expect("runs"), &first.pruned.logits), "{case}");
        }
    }
}

/// `‖a - b‖ / ‖b‖`.
fn error(run: &Run) -> f64 {
    let (pruned, baseline) = (&run.pruned.logits, &run.baseline_logits);
    let square = |x: Array2<f32>| x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
    (square(pruned - &**baseline) / square((**baseline).clone())).sqrt()
}

/// The same of the logits without their bias.
fn product_error(run: &Run) -> f64 {
    let bias = |model: &Model| {
        let bias = model.parameters.iter().find(|p| p.name == "convs.1.bias").expect("a GCN of two layers");
        bias.values.clone()
    };
    let (pruned, baseline) = (&run.pruned.logits - &bias(&run.pruned.model), &*run.baseline_logits - &bias(&run.model));
    let square = |x: &Array2<f32>| x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
    (square(&(&pruned - &baseline)) / square(&baseline)).sqrt()
}

#[test]
fn channels_that_others_make_up_for_go_first_and_more_of_them_cost_more() {
    let graph = graph();
    // Half of the hidden channels are copies of the other half: nothing is lost without them.
    let plain = recipe(Family::Gcn, 0.5, 0.0, 0.0);
    let mut shape = plain.model.clone();
    shape.layers = 2;
    let mut model = Model::init(&shape, 40, 4, 3);
    let first = model.parameters.iter().position(|p| p.name == "convs.0.lin.weight").expect("a GCN");
    let values = &mut model.parameters[first].values;
    for channel in 0..16 {
        let copied = values.column(channel).to_owned();
        values.column_mut(channel + 16).assign(&copied);
    }
    let model = Arc::new(model);
    let of = |share: f64| {
        let channels = (share > 0.0).then_some(ChannelRule { share });
        pruned(&graph, &model, &Recipe { model: shape.clone(), channels, ..plain.clone() }, 2)
    };
    let half = of(0.5);
    assert!(error(&half) < 0.01, "{}", error(&half));
    let kept = &half.pruned.masks.weights[1];
    for channel in 0..16 {
        let stays = |channel: usize| kept.row(channel).iter().any(|kept| *kept);
        assert!(stays(channel) != stays(channel + 16), "one of two copies stays: {channel}");
    }
    let errors: Vec<f64> = [0.6, 0.8, 0.95].map(|share| error(&of(share))).to_vec();
    assert!(errors.windows(2).all(|pair| pair[0] < pair[1]) && errors[0] > error(&half), "{errors:?}");
    // What is said of a share is the same whatever share was asked for, and what the logits then show: they are what reads the channels, but for
    // their bias, and are fitted once more.
    let trace = &half.pruned.channels[0];
    assert_eq!((trace.weight.as_str(), trace.layer, trace.n_channels), ("convs.0.lin.weight", 0, 32));
    assert_eq!(
        (trace.n_removed, trace.order.len(), trace.errors.len()),
        (16, 28, 28),
        "as many stay as there are classes"
    );
    assert!(trace.errors.windows(2).all(|pair| pair[0] <= pair[1]) && trace.error_without(16) < 0.01, "{trace:?}");
    for share in [0.25, 0.6, 0.8] {
        let run = of(share);
        let other = &run.pruned.channels[0];
        assert_eq!((&other.order, &other.errors), (&trace.order, &trace.errors));
        let n_gone = (32.0 * share).round() as usize;
        assert_eq!((other.n_removed, trace.n_without(share)), (n_gone, n_gone));
        let is_gone = |channel: u32| run.pruned.masks.weights[1].row(channel as usize).iter().all(|kept| !*kept);
        assert!((0..32).all(|channel| is_gone(channel) == trace.rank_of(channel).is_some_and(|rank| rank < n_gone)));
        let (said, found) = (trace.error_without(n_gone), product_error(&run));
        assert!(found <= 1.05 * said + 1e-3 && found >= 0.5 * said - 1e-3, "{share}: {said} said, {found} found");
    }
    // Better than any channels, removed without making up for them.
    let random = {
        let mut narrowed = (*model).clone();
        for channel in (0..32).filter(|channel| channel % 5 != 0) {
            narrowed.weights_mut().nth(1).expect("two").values.row_mut(channel).fill(0.0);
        }
        let logits = masked_forward(&graph, &narrowed, &plain, None, None, &control(2)).expect("runs");
        let difference = &logits - &*half.baseline_logits;
        let square = |x: &Array2<f32>| x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
        (square(&difference) / square(&half.baseline_logits)).sqrt()
    };
    assert!(errors[1] < 0.7 * random, "{errors:?}, without a fit {random}");
}

#[test]
fn rules_as_published_may_decide_the_single_weights_of_what_is_left() {
    let graph = graph();
    let mut recipe = recipe(Family::Gcn, 0.5, 0.3, 0.3);
    let rule = recipe.recovery.as_mut().expect("recovers");
    rule.weights = WeightRecovery::AsIs;
    let model = Arc::new(Model::init(&recipe.model, 40, 4, 3));
    let run = pruned(&graph, &model, &recipe, 2);
    assert!(run.hidden.iter().all(|hidden| hidden.n_after <= 16), "{:?}", run.hidden);
}

#[test]
fn what_channels_do_not_go_with_is_said() {
    let refused = |change: &dyn Fn(&mut Recipe)| {
        let mut recipe = recipe(Family::Gcn, 0.5, 0.3, 0.3);
        change(&mut recipe);
        let model = Arc::new(Model::init(&recipe.model, 40, 4, 3));
        run(&graph(), &model, &recipe, RunOptions::PREVIEW, None, &control(1)).expect_err("refused").to_string()
    };
    let says = |text: String, part: &str| assert!(text.contains(part), "{text}");
    says(refused(&|r| r.recovery = None), "channels: expected a [recovery] section");
    says(refused(&|r| r.channels = Some(ChannelRule { share: 1.0 })), "channels.share: expected a share of at least 0");
    says(refused(&|r| r.channels = Some(ChannelRule { share: f64::NAN })), "found NaN");
    let new = RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() };
    says(refused(&|r| r.recovery = Some(new.clone())), "nodes_are static");
    let trained = RecoveryRule { train_epochs: 3, ..RecoveryRule::default() };
    says(refused(&|r| r.recovery = Some(trained.clone())), "train_epochs 0");
    says(refused(&|r| r.model = Architecture { hidden: 32, ..Architecture::new(Family::Gat) }), "without attention");
    says(refused(&|r| r.model = Architecture { hidden: 32, ..Architecture::new(Family::Gcn2) }), "prunable matrices");
    let joined = Architecture { jumping: Jumping::Cat, hidden: 32, ..Architecture::new(Family::Gcn) };
    says(refused(&|r| r.model = joined.clone()), "joined layers");
    let text = toml_of(&recipe(Family::Gcn, 0.25, 0.3, 0.3));
    assert!(text.contains("[channels]\nshare = 0.25"), "{text}");
}

fn toml_of(recipe: &Recipe) -> String {
    unifews::io::recipe_to_toml(recipe)
}
