//! Every family of networks in the window: chosen with its settings, trained, its heatmaps drawn; attention head by head.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::model::{Activation, Aggregation, Architecture, Family, HopWeights, Jumping, Skip};
use unifews::engine::plot::{RasterMode, Side};
use unifews::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use unifews::engine::sparsify::{
    Compat, EdgeMode, HopOrder, Precision, PrecisionRule, Quirk, Recipe, Schedule, Training, ValueType, WeightMode,
};
use unifews::session::{Command, Phase, PictureRequest, Session};
use unifews::ui::App;
use unifews::ui::actions::Action;
use unifews::ui::views::Pane;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

fn small(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 8, ..Architecture::new(family) };
    if shape.has("heads") {
        shape.heads = 4;
    }
    if shape.has("hops") {
        shape.hops = 3;
    }
    shape
}

/// Trains a network of the family for a few epochs and waits for its picture.
fn train(h: &mut Harness<'_, App>, shape: Architecture, change: impl FnOnce(&mut Recipe)) {
    let mut recipe = Recipe { model: shape.clone(), ..Recipe::default() };
    (recipe.edges.delta, recipe.weights.delta) = (vec![0.5], vec![0.5]);
    recipe.training = Some(Training { epochs: 3, ..Training::official(shape.architecture) });
    change(&mut recipe);
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    h.state().send(Command::Train);
    h.run_steps(2);
    wait(h, "the training", |s| s.store().training.phase != Phase::Running && s.is_idle());
    let store = h.state().session().store();
    assert_eq!(store.training.phase, Phase::Done, "{shape:?}: {:?}", store.notices.all());
    wait(h, "its heatmaps", move |s| {
        let run = s.store().shown().filter(|r| s.store().is_current(r) && r.model.architecture == shape);
        s.is_idle() && run.is_some()
    });
}

fn show(h: &mut Harness<'_, App>, pane: Pane) {
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Show(pane), &ctx);
    h.run_steps(4);
}

/// Chooses from a combo box by its name.
/// Folds a part of the recipe out.
fn unfold(h: &mut Harness<'_, App>, title: &str) {
    h.get_by_label_contains(title).scroll_to_me();
    h.run_steps(4);
    h.get_by_label_contains(title).click();
    h.run_steps(12);
}

fn choose(h: &mut Harness<'_, App>, combo: &str, choice: &str) {
    h.get_by_role_and_label(Role::ComboBox, combo).scroll_to_me();
    h.run_steps(3);
    h.get_by_role_and_label(Role::ComboBox, combo).click();
    h.run_steps(4);
    h.get_by_role_and_label(Role::Button, choice).click();
    h.run_steps(4);
}

#[test]
fn decoupled_networks_are_timed_with_embeddings_as_bf16() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    train(&mut h, small(Family::Gcn), |_| {});
    unfold(&mut h, "More settings");
    assert!(h.query_by_role_and_label(Role::ComboBox, "Node order").is_none(), "nothing hops in a GCN");
    unfold(&mut h, "More settings");
    train(&mut h, small(Family::Appnp), |_| {});
    unfold(&mut h, "More settings");
    choose(&mut h, "Embeddings", "bf16");
    choose(&mut h, "Node order", "by community");
    let rule = h.state().session().store().recipe.propagation;
    assert_eq!((rule.embeddings, rule.order), (Precision::Bf16, HopOrder::Community));
    h.state().send(Command::Prune);
    h.run_steps(2);
    wait(&mut h, "the run", |s| {
        let timing = s.store().shown().and_then(|run| run.timing.as_ref());
        s.is_idle() && timing.is_some_and(|timing| timing.low.is_some())
    });
    h.run_steps(3);
    h.get_by_label("Low precision").scroll_to_me();
    h.get_by_label("  its error");
}

#[test]
fn low_precision_is_chosen_undone_measured_and_said() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    train(&mut h, small(Family::Gat), |_| {});
    unfold(&mut h, "More settings");
    let entries =
        |h: &Harness<'_, App>| h.get_by_role_and_label(Role::ComboBox, "Entries as").accesskit_node().is_disabled();
    assert!(entries(&h), "attention computes its coefficients");
    train(&mut h, small(Family::Gcn), |_| {});
    assert!(!entries(&h));
    choose(&mut h, "Weights as", "int8");
    choose(&mut h, "Entries as", "bf16");
    let rule = |h: &Harness<'_, App>| h.state().session().store().recipe.precision;
    let both = PrecisionRule { weights: ValueType::Int8, entries: ValueType::Bf16 };
    assert_eq!(rule(&h), both);
    h.state().send(Command::Undo);
    h.run_steps(4);
    assert_eq!(rule(&h), PrecisionRule { entries: ValueType::F32, ..both });
    h.state().send(Command::Redo);
    h.run_steps(4);
    assert_eq!(rule(&h), both);
    h.state().send(Command::Prune);
    h.run_steps(2);
    wait(&mut h, "the run", |s| {
        let timing = s.store().shown().and_then(|run| run.timing.as_ref());
        s.is_idle() && timing.is_some_and(|timing| timing.low.is_some())
    });
    h.run_steps(3);
    h.get_by_label("Low precision").scroll_to_me();
    h.get_by_label("  its error");
    h.get_by_label("  its memory");
}

#[test]
fn every_family_trains_and_shows_every_matrix_in_every_mode() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    for family in Family::ALL {
        show(&mut h, Pane::Layers);
        train(&mut h, small(family), |_| {});
        let run = Arc::clone(h.state().session().store().shown().expect("a run"));
        let walks = run.recipe.model.n_graph_steps() > 0;
        let edges = if run.recipe.model.is_decoupled() { "Edges of hop 1" } else { "Edges of layer 1" };
        assert_eq!(h.query_by_role_and_label(Role::Image, edges).is_some(), walks, "{family:?}");
        h.get_by_role_and_label(Role::Image, "Weights of layer 1");
        assert_eq!(h.query_by_label("This network propagates over no graph").is_some(), !walks, "{family:?}");
        // Every matrix of a layer can be chosen, and is drawn.
        let fullest = run.pruned.steps.iter().max_by_key(|s| s.weights.len()).expect("a step");
        let matrices: Vec<String> = (0..fullest.weights.len()).map(|nth| fullest.matrix_name(nth)).collect();
        assert_eq!(h.query_by_role_and_label(Role::ComboBox, "Weights").is_some(), matrices.len() > 1, "{family:?}");
        for (nth, name) in matrices.iter().enumerate().filter(|_| matrices.len() > 1) {
            choose(&mut h, "Weights", name);
            wait(&mut h, "the matrix", move |s| s.is_idle() && is_drawn(s, Side::Weights(nth)));
            assert!(h.query_by_label(&format!("Layer 1 weights {name}")).is_some(), "{family:?} {name}");
        }
        let own = h.state().session().store().shown().is_some_and(|r| Side::Edges.n_heads(&r.pruned.steps[0]) > 0);
        for mode in RasterMode::ALL.into_iter().chain(own.then_some(RasterMode::Attention(None))) {
            choose(&mut h, "Show", mode.title());
            wait(&mut h, "the mode", Session::is_idle);
        }
        choose(&mut h, "Show", RasterMode::Strength.title());
        for pane in [Pane::Entries, Pane::Training, Pane::Tradeoff, Pane::Export] {
            show(&mut h, pane);
            wait(&mut h, "the view", Session::is_idle);
        }
        // Its card.
        assert!(h.query_by_label(family.title()).is_some(), "the family stands on the card of {family:?}");
        for name in ["Parameters", "Trained on", "Val accuracy", "Test accuracy"] {
            assert!(h.query_by_label(name).is_some(), "{name} of {family:?}");
        }
    }
}

fn is_drawn(session: &Session, side: Side) -> bool {
    let step = session.store().shown().and_then(|r| r.pruned.steps.iter().position(|s| !s.weights.is_empty()));
    let slot = step.map(|step| PictureRequest::slot_of(side, step, false)).unwrap_or_default();
    session.store().desk.answer::<PictureRequest>(&slot).is_some_and(|(r, _)| r.raster.side == side)
}

fn mode_drawn(session: &Session, step: usize) -> Option<RasterMode> {
    let slot = PictureRequest::slot_of(Side::Edges, step, false);
    session.store().desk.answer::<PictureRequest>(&slot).map(|(r, _)| r.raster.mode)
}

#[test]
fn attention_is_shown_combined_and_head_by_head() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    train(&mut h, small(Family::Gat), |_| {});
    assert!(
        h.query_by_role_and_label(Role::ComboBox, "Attention of layer 1").is_none(),
        "only where attention is shown"
    );
    choose(&mut h, "Show", "attention");
    wait(&mut h, "the attention", |s| s.is_idle() && mode_drawn(s, 1) == Some(RasterMode::Attention(None)));
    assert!(h.query_by_role_and_label(Role::ComboBox, "Attention of layer 2").is_none(), "it has one head");
    assert_eq!(h.query_all_by_label("attention α").count(), 2, "the legends");
    for head in 0..4 {
        choose(&mut h, "Attention of layer 1", &format!("head {}", head + 1));
        wait(&mut h, "the head", move |s| s.is_idle() && mode_drawn(s, 0) == Some(RasterMode::Attention(Some(head))));
        let chosen = h.get_by_role_and_label(Role::ComboBox, "Attention of layer 1").value();
        assert_eq!(chosen, Some(format!("head {}", head + 1)));
    }
    assert_eq!(mode_drawn(h.state().session(), 1), Some(RasterMode::Attention(None)), "each layer for itself");
    // The pointer tells every head's.
    let rect = h.get_by_label("Edges of layer 1").rect();
    h.hover_at(rect.left_top() + eframe::egui::vec2(rect.width(), rect.height()) / 68.0);
    let mut told = false;
    for _ in 0..60 {
        h.step();
        told |= h.query_by_label_contains("(heads ").is_some();
    }
    assert!(told, "no tooltip");
    // Another network without attention goes back to what all have.
    train(&mut h, small(Family::Gcn), |_| {});
    assert_eq!(h.get_by_role_and_label(Role::ComboBox, "Show").value().as_deref(), Some("strength"));
}

fn recipe(h: &Harness<'_, App>) -> Recipe {
    h.state().session().store().recipe.clone()
}

fn spin(h: &mut Harness<'_, App>, name: &str, value: f64) {
    h.get_by_role_and_label(Role::SpinButton, name).set_value_accesskit(value);
    h.run_steps(3);
}

#[test]
fn every_familys_settings_are_in_the_panel() {
    let choices = Choices::default();
    // High enough for the whole panel.
    let mut h = with_karate([1440.0, 2600.0], &choices);
    h.get_by_label("Network").click();
    h.run_steps(4);
    choose(&mut h, "Family", "GAT");
    assert_eq!(recipe(&h).model.architecture, Family::Gat);
    spin(&mut h, "Heads", 2.0);
    spin(&mut h, "Last heads", 3.0);
    choose(&mut h, "Attention", "GAT");
    assert!(h.query_by_label("Shared weights").is_none(), "the first form has one transformation");
    choose(&mut h, "Attention", "GATv2");
    h.get_by_label("Shared weights").click();
    h.run_steps(3);
    let model = recipe(&h).model;
    assert_eq!((model.heads, model.out_heads, model.share_weights), (2, 3, true));
    assert!(h.query_by_role_and_label(Role::SpinButton, "r").is_none(), "attention has no r");
    // What cannot be is told at once.
    spin(&mut h, "Heads", 5.0);
    assert!(h.query_by_label_contains("model.heads: expected a divisor of hidden").is_some());

    choose(&mut h, "Family", "GraphSAGE");
    h.get_by_label("Root weight").click();
    h.run_steps(3);
    assert!(!recipe(&h).model.root_weight);
    choose(&mut h, "Aggregation", "maximum");
    choose(&mut h, "Activation", "ELU");
    choose(&mut h, "Jumping knowledge", "concatenation");
    choose(&mut h, "Skip connections", "residual, before the activation");
    let model = recipe(&h).model;
    assert_eq!((model.aggregation, model.activation), (Aggregation::Max, Activation::Elu));
    assert_eq!((model.jumping, model.skip), (Jumping::Cat, Skip::ResidualBeforeActivation));

    choose(&mut h, "Family", "GCNII");
    spin(&mut h, "α", 0.3);
    spin(&mut h, "θ", 1.5);
    let model = recipe(&h).model;
    assert!((model.alpha - 0.3).abs() < 1e-9 && (model.theta - 1.5).abs() < 1e-9, "{model:?}");

    choose(&mut h, "Family", "GBP");
    spin(&mut h, "Hops", 2.0);
    choose(&mut h, "Hop weights", "heat kernel");
    spin(&mut h, "Heat time t", 2.5);
    assert_eq!((recipe(&h).model.hop_weights, recipe(&h).model.heat_time), (HopWeights::Heat, 2.5));
    assert!(h.query_by_role_and_label(Role::SpinButton, "α").is_none(), "the heat kernel has no α");
    choose(&mut h, "Hop weights", "given");
    let field = h.get_by_role_and_label(Role::TextInput, "Given");
    field.focus();
    h.run_steps(2);
    h.key_press_modifiers(Modifiers::COMMAND, Key::A);
    h.run_steps(2);
    h.get_by_role_and_label(Role::TextInput, "Given").type_text("1 0.5 0.25");
    h.run_steps(2);
    h.key_press(Key::Enter);
    h.run_steps(3);
    assert_eq!(recipe(&h).model.hop_weights, HopWeights::Given(vec![1.0, 0.5, 0.25]));
    spin(&mut h, "Hops", 4.0);
    assert_eq!(recipe(&h).model.hop_weights, HopWeights::Given(vec![1.0, 0.5, 0.25, 0.0, 0.0]), "as many as hops");
    recipe(&h).model.check().expect("a network");
}

#[test]
fn rules_rankings_ramps_and_the_lottery_are_in_the_panel() {
    let choices = Choices::default();
    let mut h = with_karate([1440.0, 2600.0], &choices);
    unfold(&mut h, "More settings");
    choose(&mut h, "Rules", "official");
    assert_eq!(recipe(&h).compat, Compat::OFFICIAL);
    choose(&mut h, "Rules", "clean");
    h.get_by_label_contains("Quirks of the authors' code, 0 of").click();
    h.run_steps(4);
    for name in ["GAT edge rule", "Push rule"] {
        h.get_by_label(name).click();
        h.run_steps(3);
    }
    assert_eq!(recipe(&h).compat, Compat::CLEAN.with(Quirk::GatEdgeRule).with(Quirk::PushRule));
    assert_eq!(h.get_by_role_and_label(Role::ComboBox, "Rules").value().as_deref(), Some("some"));
    h.get_by_label("GAT edge rule").click();
    h.run_steps(3);
    assert_eq!(recipe(&h).compat, Compat::CLEAN.with(Quirk::PushRule));

    assert!(h.query_by_role_and_label(Role::ComboBox, "Edges ranked by").is_none(), "only a share can be ranked");
    choose(&mut h, "Edge mode", "target");
    choose(&mut h, "Edges ranked by", "Degree");
    assert_eq!(recipe(&h).edges.ranking, Some(EdgeRanking::Degree));
    wait(&mut h, "its preview", |s| s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r)));
    assert!(h.query_all_by_label("importance, degree").count() > 0, "the legend says what entries are ranked by");
    choose(&mut h, "Edge mode", "relative");
    assert_eq!((recipe(&h).edges.mode, recipe(&h).edges.ranking), (EdgeMode::Relative, None));
    choose(&mut h, "Weight mode", "target");
    choose(&mut h, "Weights ranked by", "Magnitude over all layers");
    assert_eq!(recipe(&h).weights.ranking, Some(WeightRanking::MagnitudeGlobal));
    choose(&mut h, "Weight mode", "relative");

    // Not the tab of the same name.
    h.get_all_by_label("Training").last().expect("the header").click();
    h.run_steps(4);
    choose(&mut h, "Pruning while training", "lottery");
    assert!(h.query_by_label_contains("weights need the mode target").is_some(), "it says what is missing");
    h.get_by_label("Use target").click();
    h.run_steps(3);
    spin(&mut h, "Rounds", 2.0);
    choose(&mut h, "Growth of the thresholds", "cubic");
    spin(&mut h, "Epochs", 2.0);
    let asked = recipe(&h);
    assert_eq!(asked.weights.mode, WeightMode::Target);
    assert_eq!(asked.training.as_ref().map(|t| (t.schedule, t.rounds)), Some((Schedule::Lottery, 2)));
    h.state().send(Command::Train);
    wait(&mut h, "the lottery", |s| s.store().training.phase == Phase::Done && s.is_idle());
    let training = &h.state().session().store().training;
    assert_eq!((training.history.len(), training.n_epochs), (6, 6), "two rounds and the last training");
}

/// With several classes per node, nothing that is shown is called accuracy.
#[test]
fn several_classes_per_node_are_scored_by_what_they_are_called() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let graph = "sample:powerlaw?nodes=120&edges=900&features=8&classes=4&labels=multi";
    h.state().send(Command::Open(graph.to_owned()));
    h.run_steps(2);
    wait(&mut h, "the graph", |s| {
        s.is_idle() && s.store().graph.as_ref().is_some_and(|g| g.dataset.labels().is_some_and(|l| l.tags().is_some()))
    });
    train(&mut h, small(Family::Gcn), |_| {});
    for label in ["Val micro-F1", "Test micro-F1", "Micro-F1"] {
        assert!(h.query_by_label(label).is_some(), "{label}");
    }
    for pane in [Pane::Layers, Pane::Training, Pane::Tradeoff] {
        show(&mut h, pane);
        for label in ["Accuracy", "Val accuracy", "Test accuracy"] {
            assert!(h.query_by_label(label).is_none(), "{label} in {pane:?}");
        }
    }
}
