//! A node is looked at: found by its id, or by a click on an entry; it stays while the recipe moves, and Esc lets it go.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::{Command, NodeReport, NodeRequest, Session};
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
    assert!(h.query_by_label("No node is selected").is_none(), "the pane is hidden");
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
