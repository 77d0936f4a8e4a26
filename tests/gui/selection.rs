//! Several nodes by a box, a lasso or their ids, what the inspector says of them, and what reaches a single one over its hops.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, Pos2, Rect, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::experiment::{EgoNetwork, Run};
use unifews::engine::plot::GraphLayout;
use unifews::session::{
    Command, EgoPicture, EgoRequest, LayoutRequest, MarksRequest, NodesReport, NodesRequest, Session, ShadesRequest,
};
use unifews::ui::App;

use super::{Choices, wait, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];
const DRAWING: &str = "Drawing of the graph";

/// Karate club with its model, and the graph in front.
fn drawn(choices: &Choices) -> Harness<'static, App> {
    let mut h = with_karate(SIZE, choices);
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    h.run_steps(2);
    wait(&mut h, "the drawing", |session| {
        let desk = &session.store().desk;
        let is_coloured = desk.answer::<ShadesRequest>(ShadesRequest::SLOT).is_some();
        session.is_idle() && is_coloured && desk.answer::<MarksRequest>(MarksRequest::SLOT).is_some()
    });
    h.run_steps(3);
    h
}

fn shown(h: &Harness<'_, App>) -> Arc<Run> {
    Arc::clone(h.state().session().store().shown().expect("a run"))
}

/// Where all nodes are on the screen while all of the drawing is in view.
fn places(h: &Harness<'_, App>) -> (Rect, Vec<Pos2>) {
    let rect = h.get_by_role_and_label(Role::Image, DRAWING).rect();
    let desk = &h.state().session().store().desk;
    let layout: Arc<GraphLayout> = desk.answer::<LayoutRequest>(LayoutRequest::SLOT).expect("laid out").1;
    let scale = layout.fit(rect.width(), rect.height(), 14.0);
    let [mx, my] = layout.middle();
    let place = |[x, y]: &[f32; 2]| rect.center() + scale * vec2(x - mx, y - my);
    (rect, layout.places().iter().map(place).collect())
}

/// Presses at the first point, goes through the others, lets go at the last.
fn draw(h: &mut Harness<'_, App>, modifiers: Modifiers, path: &[Pos2]) {
    h.event(Event::ModifiersChanged(modifiers));
    h.drag_at(path[0]);
    h.step();
    for at in path {
        h.hover_at(*at);
        h.step();
    }
    h.drop_at(path[path.len() - 1]);
    h.step();
    h.event(Event::ModifiersChanged(Modifiers::NONE));
    h.run_steps(3);
}

/// A line around a circle, in small steps.
fn around(centre: Pos2, radius: f32) -> Vec<Pos2> {
    let point = |at: i32| {
        let angle = at as f32 / 40.0 * std::f32::consts::TAU;
        centre + radius * vec2(angle.cos(), angle.sin())
    };
    (0..=40).map(point).collect()
}

fn selected(h: &Harness<'_, App>) -> Vec<u32> {
    h.state().session().store().selected_nodes().map_or_else(Vec::new, |nodes| nodes.to_vec())
}

fn report(session: &Session) -> Option<Arc<NodesReport>> {
    let store = session.store();
    let run = store.shown().filter(|run| store.is_current(run))?;
    let nodes = Arc::clone(store.selected_nodes()?);
    store.desk.answer_to(&NodesRequest { run: Arc::clone(run), nodes })
}

fn reported(h: &mut Harness<'_, App>) -> Arc<NodesReport> {
    wait(h, "the report", |session| session.is_idle() && report(session).is_some());
    h.run_steps(3);
    report(h.state().session()).expect("there")
}

#[test]
fn nodes_are_selected_by_box_and_lasso_and_escape_lets_them_go() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let (rect, nodes) = places(&h);
    let in_box = |part: Rect| -> Vec<u32> { (0..34).filter(|u| part.contains(nodes[*u as usize])).collect() };
    let left = Rect::from_min_max(rect.min + vec2(2.0, 2.0), pos2(rect.center().x, rect.max.y - 2.0));
    let expected = in_box(left);
    assert!(expected.len() > 1 && expected.len() < 34, "{expected:?}");

    // With Shift the tool that moves draws a box, and moves nothing.
    draw(&mut h, Modifiers::SHIFT, &[left.min, left.center(), left.max]);
    assert_eq!(selected(&h), expected);
    assert_eq!(places(&h).1, nodes);
    let says = h.get_by_role_and_label(Role::Image, DRAWING).value().unwrap_or_default();
    assert!(says.ends_with(&format!("{} selected", expected.len())), "{says}");
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert!(!h.state().session().store().has_selection());

    // A lasso around one corner of the drawing, and another one that adds to it.
    let first = nodes[33];
    let by_distance = |centre: Pos2, radius: f32| -> Vec<u32> {
        (0..34).filter(|u| nodes[*u as usize].distance(centre) < radius).collect()
    };
    // So far that no node lies on the line.
    let clear = |centre: Pos2| -> f32 {
        let mut all: Vec<f32> = nodes.iter().map(|at| at.distance(centre)).collect();
        all.sort_by(f32::total_cmp);
        let gap = (3..20).max_by(|a, b| (all[a + 1] - all[*a]).total_cmp(&(all[b + 1] - all[*b]))).expect("some");
        f32::midpoint(all[gap], all[gap + 1])
    };
    h.get_by_role_and_label(Role::Button, "Lasso").click();
    h.run_steps(2);
    let radius = clear(first);
    let mine = by_distance(first, radius);
    draw(&mut h, Modifiers::NONE, &around(first, radius));
    assert_eq!(selected(&h), mine);
    let second = nodes[0];
    let other = by_distance(second, clear(second));
    draw(&mut h, Modifiers::COMMAND, &around(second, clear(second)));
    let mut both: Vec<u32> = mine.iter().chain(&other).copied().collect();
    both.sort_unstable();
    both.dedup();
    assert_eq!(selected(&h), both);
    // Without it, it begins anew.
    draw(&mut h, Modifiers::NONE, &around(second, clear(second)));
    assert_eq!(selected(&h), other);
    // Around nothing there is nothing.
    draw(&mut h, Modifiers::NONE, &around(rect.min + vec2(8.0, 8.0), 5.0));
    assert!(!h.state().session().store().has_selection());
}

#[test]
fn the_inspector_says_what_pruning_did_to_several_nodes_and_keeps_their_entries_in_one_step() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    h.state().send(Command::SelectNodes(vec![5, 33, 2, 5]));
    h.run_steps(2);
    let first = reported(&mut h);
    assert_eq!(selected(&h), [2, 5, 33]);
    assert!(h.query_by_label("3 nodes").is_some());
    for line in &first.says {
        assert!(h.query_by_label(line).is_some(), "{line}");
    }
    assert!(first.says.iter().any(|line| line.starts_with("Accuracy") && line.contains("95 % interval")), "{first:?}");
    assert!(h.query_by_label("of these").is_some() && h.query_by_label("of all nodes").is_some());

    // All their entries are kept, and that is one step.
    let mut recipe = h.state().session().store().recipe.clone();
    (recipe.recovery, recipe.edges.delta) = (None, vec![10.0]);
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    let before = reported(&mut h);
    assert!(before.around.steps.iter().all(|step| step.message_removed[0] > 0.9), "{before:?}");
    h.get_by_role_and_label(Role::Button, "Keep all").click();
    h.run_steps(3);
    let kept = reported(&mut h);
    assert!(kept.around.steps.iter().all(|step| step.message_removed[0] == 0.0), "{kept:?}");
    assert!(kept.around.steps.iter().all(|step| step.message_removed[1] > 0.0), "all others are cut");
    assert_eq!(h.state().session().store().recipe.edges.pins.keep.len(), kept.around.n_entries);
    h.state().send(Command::Undo);
    h.run_steps(2);
    assert!(h.state().session().store().recipe.edges.pins.is_empty());
    assert_eq!(reported(&mut h).around, before.around);

    // One of them is a click away.
    let name = shown(&h).dataset.node_id(33);
    h.query_all_by_role_and_label(Role::Link, &name).next().expect("a link to it").click_accesskit();
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), Some(33));
    assert!(selected(&h).is_empty());
    // Whoever the graph does not have is left out, and one alone is a node.
    h.state().send(Command::SelectNodes(vec![34, 3, 3]));
    h.run_steps(3);
    assert_eq!((h.state().session().store().selected_node(), selected(&h).len()), (Some(3), 0));
    h.state().send(Command::SelectNodes(vec![7, 3]));
    h.run_steps(3);
    assert_eq!(selected(&h), [3, 7]);
    // Another graph has no such nodes.
    h.state().send(Command::OpenSample("sample:powerlaw?nodes=300&edges=900&features=4&classes=3&seed=3".to_owned()));
    h.run_steps(2);
    wait(&mut h, "the other graph", |session| {
        session.store().graph.as_ref().is_some_and(|graph| graph.stats.n_nodes == 300)
    });
    assert!(!h.state().session().store().has_selection());
}

#[test]
fn several_ids_are_typed_with_commas_and_a_click_with_control_adds() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let id = |h: &Harness<'_, App>, node: usize| shown(h).dataset.node_id(node);
    let typed = format!("{}, {},{}", id(&h, 4), id(&h, 9), id(&h, 30));
    h.key_press_modifiers(Modifiers::COMMAND, Key::F);
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Find an action").type_text(&typed);
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Look at 3 nodes").click();
    h.run_steps(3);
    assert_eq!(selected(&h), [4, 9, 30]);
    reported(&mut h);
    let (_, nodes) = places(&h);
    for expected in [vec![4, 9, 30, 33], vec![4, 9, 30]] {
        h.event(Event::ModifiersChanged(Modifiers::COMMAND));
        h.hover_at(nodes[33]);
        h.run_steps(2);
        h.drag_at(nodes[33]);
        h.step();
        h.drop_at(nodes[33]);
        h.step();
        h.event(Event::ModifiersChanged(Modifiers::NONE));
        h.run_steps(3);
        assert_eq!(selected(&h), expected);
    }
    // Somebody who is not there is nobody.
    h.key_press_modifiers(Modifiers::COMMAND, Key::F);
    h.run_steps(3);
    h.get_by_role_and_label(Role::TextInput, "Find an action").type_text("4, nobody");
    h.run_steps(3);
    assert!(h.query_by_label("Nothing of that name").is_some());
}

fn picture(session: &Session, n_hops: usize) -> Option<Arc<EgoPicture>> {
    let store = session.store();
    let run = store.shown().filter(|run| store.is_current(run))?;
    store.desk.answer_to(&EgoRequest { run: Arc::clone(run), node: store.selected_node()?, n_hops })
}

fn choose(h: &mut Harness<'_, App>, list: &str, choice: &str) {
    h.get_by_role_and_label(Role::ComboBox, list).click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, choice).click();
    h.run_steps(3);
}

#[test]
fn what_reaches_a_node_is_drawn_by_hops_walked_through_and_saved() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let run = shown(&h);
    let topology = run.dataset.topology();
    // Somebody with few neighbours, of which some are removed and some are not.
    let is_mixed = |u: &u32| {
        let kept = |k: usize| run.pruned.masks.edges.is_kept(k, 0);
        let others = || topology.row_range(*u as usize).filter(|k| topology.indices()[*k] != *u);
        others().any(kept) && !others().all(kept)
    };
    let node = (0..34).filter(is_mixed).min_by_key(|u| topology.row(*u as usize).len()).expect("one of them");
    h.state().send(Command::SelectNode(Some(node)));
    h.run_steps(2);
    let [all, usual] = EgoNetwork::hops_of(&run);
    assert_eq!((all, usual), (2, 2), "two layers");
    wait(&mut h, "two hops", |session| session.is_idle() && picture(session, 2).is_some());
    h.run_steps(3);
    let two = picture(h.state().session(), 2).expect("there");
    let far = two.network.nodes.iter().find(|near| near.hop == 2).expect("somebody farther away").node;
    let far_name = format!("Node {}, 2 hops away", run.dataset.node_id(far as usize));
    assert!(h.query_by_role_and_label(Role::Button, &far_name).is_some(), "{far_name}");

    choose(&mut h, "Hops of the picture", "1 hop");
    wait(&mut h, "one hop", |session| session.is_idle() && picture(session, 1).is_some());
    h.run_steps(3);
    assert!(h.query_by_role_and_label(Role::Button, &far_name).is_none());
    // Of the baseline nothing is removed.
    let removed = |h: &Harness<'_, App>| {
        let of_role = h.query_all_by_role(Role::Button);
        of_role.filter(|node| node.accesskit_node().label().is_some_and(|label| label.ends_with(", removed"))).count()
    };
    let one = picture(h.state().session(), 1).expect("there");
    let n_removed = one.network.entries.iter().filter(|entry| !entry.steps[0].is_kept).count();
    assert!(n_removed > 0, "{one:?}");
    assert_eq!(removed(&h), n_removed);
    h.get_by_role_and_label(Role::Button, "Baseline picture").click();
    h.run_steps(3);
    assert_eq!(removed(&h), 0);

    // As a table, every entry in every layer.
    let folder = tempfile::tempdir().expect("a folder");
    for (label, file, begins) in [
        ("Save data as CSV…", "a.csv", "source,target,hop,layer,T,message,threshold,kept"),
        ("Save SVG…", "a.svg", "<svg"),
        ("Save PNG…", "a.png", "\u{fffd}PNG"),
    ] {
        let path = folder.path().join(file);
        choices.then(&path);
        h.get_by_role_and_label(Role::Button, "Save the picture").click();
        h.run_steps(3);
        h.get_by_role_and_label(Role::Button, label).click();
        h.run_steps(3);
        wait(&mut h, "the file", |session| session.is_idle() && path.is_file());
        let bytes = std::fs::read(&path).expect("written");
        assert!(String::from_utf8_lossy(&bytes).starts_with(begins), "{file}");
    }
    let table = std::fs::read_to_string(folder.path().join("a.csv")).expect("text");
    assert_eq!(table.lines().count(), 1 + one.network.entries.len() * one.network.steps.len());

    // A click walks on.
    let neighbour = one.network.nodes[1].node;
    let name = format!("Neighbour {}, kept", run.dataset.node_id(neighbour as usize));
    h.get_by_role_and_label(Role::Button, &name).click();
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), Some(neighbour));
}
