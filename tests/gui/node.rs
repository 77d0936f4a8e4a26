//! A node is looked at: found by its id, or by a click on an entry; it stays while the recipe moves, and Esc lets it go.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::experiment::{self, RunOptions, matrix_facts};
use unifews::engine::sparsify::EdgeMode;
use unifews::session::{Command, MatrixRequest, NodeReport, NodeRequest, Session};
use unifews::ui::App;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

/// The report about the run that is shown.
fn report(session: &Session) -> Option<Arc<NodeReport>> {
    let store = session.store();
    let run = store.shown().filter(|run| store.is_current(run))?;
    store.desk.answer_to(&NodeRequest { run: Arc::clone(run), node: store.selected_node()? })
}

fn looked(h: &mut Harness<'_, App>) -> Arc<NodeReport> {
    wait(h, "the report", |session| session.is_idle() && report(session).is_some());
    h.run_steps(3);
    report(h.state().session()).expect("there")
}

fn find(h: &mut Harness<'_, App>, id: &str) {
    h.key_press_modifiers(Modifiers::COMMAND, Key::F);
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Find an action").type_text(id);
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, &format!("Look at node {id}")).click();
    h.run_steps(3);
}

#[test]
fn a_node_is_found_by_its_id_and_stays_while_the_recipe_moves() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    assert!(h.query_by_label("Nothing is selected").is_none(), "the pane is hidden");
    let id = h.state().session().store().shown().expect("a preview").dataset.node_id(33);
    find(&mut h, &id);
    let first = looked(&mut h);
    assert_eq!(h.state().session().store().selected_node(), Some(33));
    for line in &first.says {
        assert!(h.query_by_label(line).is_some(), "{line}");
    }
    let pane = h.get_by_role_and_label(Role::Label, &format!("Node {id}")).rect();
    assert!(h.ctx.content_rect().contains_rect(pane), "{pane:?}");
    assert!(h.query_by_label("neighbour").is_some() && h.query_by_label("put back").is_some(), "its neighbours");

    // Everything goes; then every neighbour is cut, and the report says what each would change.
    let before = h.state().session().store().recipe.clone();
    let mut recipe = before.clone();
    recipe.recovery = None;
    recipe.edges.delta = vec![10.0];
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    let second = looked(&mut h);
    assert!(first.around != second.around, "another run");
    assert!(second.around.neighbours.iter().all(|neighbour| neighbour.effect.is_some()), "{second:?}");
    assert!(second.around.steps.iter().all(|step| step.n_kept == 0));
    h.state().send(Command::Undo);
    h.run_steps(2);
    assert_eq!(h.state().session().store().recipe.edges.delta, before.edges.delta);
    assert_eq!(looked(&mut h).around, first.around, "undo takes the recipe back, not the selection");

    // A neighbour is a click away.
    let neighbour = first.around.neighbours[0].source;
    let name = h.state().session().store().shown().expect("a run").dataset.node_id(neighbour as usize);
    h.query_all_by_role_and_label(Role::Link, &name).next().expect("a link to it").click_accesskit();
    h.run_steps(2);
    assert_eq!(looked(&mut h).around.node, neighbour);
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), None);
    assert!(h.query_by_label("put back").is_none(), "the pane is hidden again");
}

#[test]
fn a_click_on_an_entry_looks_at_its_target() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let place = h.get_by_role_and_label(Role::Image, "Edges of layer 1").rect();
    h.hover_at(place.center());
    h.run_steps(2);
    h.get_by_role_and_label(Role::Image, "Edges of layer 1").click();
    h.run_steps(3);
    let found = looked(&mut h);
    assert_eq!(h.state().session().store().selected_node(), Some(found.around.node));
    // Another graph has no such node.
    h.state().send(Command::OpenSample("sample:cora".to_owned()));
    h.run_steps(2);
    wait(&mut h, "the other graph", |session| {
        session.store().graph.as_ref().is_some_and(|graph| graph.stats.n_nodes > 2_000)
    });
    assert_eq!(h.state().session().store().selected_node(), None);
}

#[test]
fn an_entry_is_kept_and_removed_by_hand_wherever_thresholds_move() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.recovery = None;
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Relative, vec![10.0]);
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    find(&mut h, "33");
    let free = looked(&mut h);
    assert!(free.around.neighbours.iter().all(|neighbour| neighbour.by_hand.is_none() && neighbour.is_cut()));
    let source = free.around.neighbours[0].source;
    let name = h.state().session().store().shown().expect("a run").dataset.node_id(source as usize);

    let choose = |h: &mut Harness<'_, App>, choice: &str| {
        let chooser = format!("Entry from {name}");
        // A report that comes in the meantime would move the rows.
        looked(h);
        h.get_by_role_and_label(Role::ComboBox, &chooser).scroll_to_me();
        h.run_steps(10);
        h.get_by_role_and_label(Role::ComboBox, &chooser).click();
        h.run_steps(3);
        h.get_by_role_and_label(Role::Button, choice).click();
        h.run_steps(3);
    };
    choose(&mut h, "keep");
    let kept = looked(&mut h);
    let of =
        |report: &NodeReport| report.around.neighbours.iter().find(|n| n.source == source).cloned().expect("there");
    assert!(of(&kept).by_hand == Some(true) && !of(&kept).is_cut(), "{:?}", of(&kept));
    assert!(h.query_by_label("1 kept, 0 removed").is_some(), "the recipe says so");
    // It is part of the recipe, and stays where thresholds move.
    let mut recipe = h.state().session().store().recipe.clone();
    assert_eq!(recipe.edges.pins.len(), 1);
    recipe.edges.delta = vec![0.0];
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    choose(&mut h, "remove");
    let removed = looked(&mut h);
    assert!(of(&removed).by_hand == Some(false) && of(&removed).steps.iter().all(|step| !step.is_kept));
    assert_eq!(removed.around.neighbours.iter().filter(|neighbour| neighbour.is_cut()).count(), 1);
    // A step to undo each.
    let label = h.state().session().undo_label().map(str::to_owned);
    assert_eq!(label, Some(format!("Remove {name} → 33 by hand")));
    h.state().send(Command::Undo);
    h.run_steps(2);
    assert_eq!(of(&looked(&mut h)).by_hand, Some(true));
    // All of them, and back.
    h.get_by_role_and_label(Role::Button, "Remove").scroll_to_me();
    h.run_steps(10);
    h.get_by_role_and_label(Role::Button, "Remove").click();
    h.run_steps(3);
    let none = looked(&mut h);
    assert!(none.around.neighbours.iter().all(|neighbour| neighbour.by_hand == Some(false) && neighbour.is_cut()));
    h.get_by_role_and_label(Role::Button, "Clear what was decided by hand").scroll_to_me();
    h.run_steps(10);
    h.get_by_role_and_label(Role::Button, "Clear what was decided by hand").click();
    h.run_steps(3);
    let free = looked(&mut h);
    let edges = &h.state().session().store().recipe.edges;
    assert!(free.around.neighbours.iter().all(|neighbour| !neighbour.is_cut()), "δ of 0 removes nothing: {edges:?}");
    assert!(h.query_by_role_and_label(Role::Button, "Clear what was decided by hand").is_none());
}

#[test]
fn an_entry_that_is_clicked_says_what_became_of_it_in_every_layer() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let mut recipe = h.state().session().store().recipe.clone();
    recipe.recovery = None;
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Relative, vec![1.0]);
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    wait(&mut h, "the run", Session::is_idle);
    let run = Arc::clone(h.state().session().store().shown().expect("a run"));
    let mut n_looked = 0;
    for (u, v) in run.dataset.topology().entries().filter(|(u, v)| u != v).step_by(9) {
        h.state().send(Command::SelectEntry { target: u, source: v });
        h.run_steps(2);
        let report = looked(&mut h);
        assert_eq!(h.state().session().store().selected_entry(), Some((u, v)));
        let [source, target] = [v, u].map(|node| run.dataset.node_id(node as usize));
        assert!(h.query_by_label(&format!("Entry {source} → {target}")).is_some());
        let says = report.entry_says(v);
        let mask = &run.pruned.masks.edges;
        let k = run.dataset.topology().find(u as usize, v as usize).expect("there");
        // One line a layer until it goes; one more says what it would change.
        let expected = if mask.is_kept(k, 0) { 2 } else { 1 } + usize::from(!mask.is_kept(k, 1));
        assert_eq!(says.len(), expected, "{says:?}");
        for line in &says {
            assert!(h.query_by_label(line).is_some(), "{line}");
        }
        if let Some(removed) = says.iter().find(|line| line.starts_with("Removed")) {
            // What it says would keep it does.
            let enough: f64 = removed
                .split("δa of ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next())
                .expect(removed)
                .parse()
                .expect(removed);
            let mut less = run.recipe.clone();
            let step = mask.first_without(k);
            less.edges.delta = (0..2).map(|at| if at == step { enough } else { 1.0 }).collect();
            let ctl = unifews::engine::control::Control::new(1).expect("a worker");
            let again =
                experiment::run(&run.dataset, &run.model, &less, RunOptions::PREVIEW, None, &ctl).expect("a run");
            assert!(again.pruned.masks.edges.is_kept(k, step), "{removed}");
            n_looked += 1;
        }
    }
    assert!(n_looked > 3, "{n_looked}");
}

#[test]
fn a_click_on_a_weight_tells_of_it_and_of_its_matrix() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    let place = h.get_by_role_and_label(Role::Image, "Weights of layer 1").rect();
    h.hover_at(place.center());
    h.run_steps(2);
    h.get_by_role_and_label(Role::Image, "Weights of layer 1").click();
    h.run_steps(3);
    let store = h.state().session().store();
    let weight = store.selected_weight().expect("a weight");
    assert_eq!((weight.matrix, store.selected_node()), (0, None));
    let run = Arc::clone(store.shown().expect("a run"));
    let name = run.model.weight(0).expect("a matrix").name.clone();
    wait(&mut h, "the page", |session| {
        session.is_idle() && session.store().desk.answer::<MatrixRequest>(MatrixRequest::SLOT).is_some()
    });
    h.run_steps(3);
    assert!(h.query_by_label(&format!("Weights {name}")).is_some());
    // What it says is what the slow way counts.
    let mask = &run.pruned.masks.weights[0];
    let n_removed = mask.iter().filter(|kept| !**kept).count();
    let facts = matrix_facts(&run, 0).expect("a matrix");
    assert_eq!((facts.n_removed, facts.shape), (n_removed, [mask.nrows(), mask.ncols()]));
    let unread = (0..mask.nrows()).filter(|input| mask.row(*input).iter().all(|kept| !kept)).count();
    let empty = (0..mask.ncols()).filter(|output| mask.column(*output).iter().all(|kept| !kept)).count();
    assert_eq!((facts.n_unread_inputs, facts.n_empty_outputs), (unread, empty));
    let values = &run.model.weight(0).expect("a matrix").values;
    let norm = values.iter().map(|w| f64::from(*w) * f64::from(*w)).sum::<f64>().sqrt();
    assert!((facts.values[0].norm - norm).abs() < 1e-9 && facts.values[0].max >= facts.values[0].mean);
    assert!(facts.bytes[1] <= facts.bytes[0] && facts.bytes[0] == 4 * values.len() as u64);
    let line = format!("{unread} inputs that no kept weight reads, {empty} outputs that none adds to");
    assert!(h.query_by_label(&line).is_some(), "{line}");
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(!h.state().session().store().has_selection());
    assert!(matrix_facts(&run, 99).is_err());
}
