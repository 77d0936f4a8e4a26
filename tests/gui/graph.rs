//! The graph as a drawing: what opens with a graph alone, layers and colours, a node under the pointer, the film, what is saved.
//!
//! How long our own code takes for a frame while panning is printed, not judged. In CI the graph for that is small; sizes that matter:
//!
//! ```sh
//! UNIFEWS_DRAWN_NODES=2485,20000,169343 cargo test --release --test gui frames_while_panning -- --nocapture
//! ```

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Pos2, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::plot::{GraphLayout, GraphMarks, NodeColouring, NodeShades, Standing};
use unifews::session::{Command, LayoutRequest, MarksRequest, Session, ShadesRequest, format};
use unifews::ui::App;
use unifews::ui::dialogs::Ask;
use unifews::ui::views::Pane;

use super::{Choices, wait, wheel, window, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];
const DRAWING: &str = "Drawing of the graph";

fn layout(session: &Session) -> Option<Arc<GraphLayout>> {
    let dataset = Arc::clone(&session.store().graph.as_ref()?.dataset);
    let (request, layout) = session.store().desk.answer::<LayoutRequest>(LayoutRequest::SLOT)?;
    Arc::ptr_eq(&request.dataset, &dataset).then_some(layout)
}

fn marks(session: &Session) -> Option<Arc<GraphMarks>> {
    let run = session.store().shown()?;
    let (request, marks) = session.store().desk.answer::<MarksRequest>(MarksRequest::SLOT)?;
    Arc::ptr_eq(&request.run, run).then_some(marks)
}

fn shades(session: &Session) -> Option<Arc<NodeShades>> {
    session.store().desk.answer::<ShadesRequest>(ShadesRequest::SLOT).map(|(_, shades)| shades)
}

/// A sample graph without a model.
fn with_graph_alone(spec: &str) -> Harness<'static, App> {
    let mut h = window(SIZE, &Choices::default());
    h.state().send(Command::Open(spec.to_owned()));
    wait(&mut h, "the graph", |s| s.store().graph.is_some());
    wait(&mut h, "the drawing", |s| s.is_idle() && shades(s).is_some());
    h.run_steps(3);
    h
}

/// Karate club with its model, and the graph in front.
fn with_karate_drawn(choices: &Choices) -> Harness<'static, App> {
    let mut h = with_karate(SIZE, choices);
    assert_eq!(h.state().shown_pane(), Some(Pane::Layers), "a sample with its model begins with the layers");
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    h.run_steps(2);
    assert_eq!(h.state().shown_pane(), Some(Pane::Graph), "by its keys");
    wait(&mut h, "the drawing", |s| s.is_idle() && marks(s).is_some() && shades(s).is_some());
    h.run_steps(3);
    h
}

fn drawing(h: &Harness<'_, App>) -> Rect {
    h.get_by_role_and_label(Role::Image, DRAWING).rect()
}

/// Where a drawn node is on the screen while all of the drawing is in view.
fn place(h: &Harness<'_, App>, at: usize) -> Pos2 {
    let (rect, layout) = (drawing(h), layout(h.state().session()).expect("laid out"));
    let scale = layout.fit(rect.width(), rect.height(), 14.0);
    let ([x, y], [mx, my]) = (layout.places()[at], layout.middle());
    rect.center() + scale * vec2(x - mx, y - my)
}

fn choose(h: &mut Harness<'_, App>, list: &str, choice: &str) {
    h.get_by_role_and_label(Role::ComboBox, list).click();
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, choice).click();
    h.run_steps(3);
}

fn chosen(h: &Harness<'_, App>, list: &str) -> String {
    h.get_by_role_and_label(Role::ComboBox, list).value().unwrap_or_default()
}

#[test]
fn a_graph_alone_is_drawn_first_and_its_layers_once_it_has_a_model() {
    let mut h = with_graph_alone("sample:karate");
    assert_eq!(h.state().shown_pane(), Some(Pane::Graph));
    let layout = layout(h.state().session()).expect("laid out");
    assert_eq!((layout.nodes().len(), layout.n_all_nodes()), (34, 34));
    assert!(h.query_by_label(&format!("34 nodes, {} edges", layout.edges().len())).is_some());
    assert!(h.query_by_label("No model is open").is_some(), "what comes next is said here");
    assert!(h.query_by_role_and_label(Role::ComboBox, "Edges of").is_none(), "nothing is removed yet");
    h.get_by_role_and_label(Role::ComboBox, "Nodes by").click();
    h.run_steps(2);
    assert!(h.query_by_role_and_label(Role::Button, "class").is_some());
    assert!(h.query_by_role_and_label(Role::Button, "prediction").is_none(), "there is no prediction");
    h.key_press(Key::Escape);
    h.run_steps(2);

    let mut recipe = h.state().session().store().recipe.clone();
    recipe.model.hidden = 8;
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Train a model").click();
    h.run_steps(3);
    h.get_by_role_and_label(Role::Button, "Start training").click();
    wait(&mut h, "the model", |s| s.is_idle() && s.store().shown().is_some());
    assert_eq!(h.state().shown_pane(), Some(Pane::Training), "where the training was");
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    wait(&mut h, "what the run did", |s| s.is_idle() && marks(s).is_some());
    assert!(h.query_by_label("No model is open").is_none());
    let again = super::graph::layout(h.state().session());
    assert!(again.is_none_or(|again| *again == *layout), "the same picture, with a model or without");
}

#[test]
fn whoever_looks_at_something_else_stays_there() {
    let mut h = window(SIZE, &Choices::default());
    h.state().send(Command::Open("sample:karate".to_owned()));
    wait(&mut h, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert_eq!(h.state().shown_pane(), Some(Pane::Graph));
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    h.run_steps(2);
    h.state().send(Command::Open("sample:powerlaw?nodes=300&edges=900&features=4&classes=3&seed=3".to_owned()));
    h.run_steps(2);
    wait(&mut h, "an answer", Session::is_idle);
    assert_eq!(h.state().shown_pane(), Some(Pane::Runs));
}

#[test]
fn layers_are_chosen_and_what_they_remove_is_said() {
    let choices = Choices::default();
    let mut h = with_karate_drawn(&choices);
    let run = Arc::clone(h.state().session().store().shown().expect("a preview"));
    assert_eq!(chosen(&h, "Edges of"), "Layer 1");
    for (at, step) in run.pruned.steps.iter().enumerate() {
        choose(&mut h, "Edges of", &step.title());
        assert_eq!(chosen(&h, "Edges of"), step.title());
        let removed = format::percent(step.edges.as_ref().expect("edges").sparsity());
        let says = format!("removed {removed} of the entries in {}", step.title().to_lowercase());
        let nodes = "34 nodes, 78 edges";
        assert!(h.query_by_label(&format!("{nodes}; {says}")).is_some(), "{says}");
        // What is drawn is what the mask says.
        let (marks, layout) =
            (marks(h.state().session()).expect("marked"), layout(h.state().session()).expect("laid out"));
        for (edge, standing) in layout.edges().iter().zip(&marks.steps[at].edges) {
            let [a, b] = edge.ends.map(|end| layout.nodes()[end as usize] as usize);
            let topology = run.dataset.topology();
            let hears = |u, v| topology.find(u, v).is_some_and(|k| run.pruned.masks.edges.is_kept(k, step.idx));
            let expected = match (hears(a, b), hears(b, a)) {
                (true, true) => Standing::Kept,
                (false, false) => Standing::Removed,
                _ => Standing::KeptOneWay,
            };
            assert_eq!(*standing, expected, "{a} and {b} in {}", step.title());
        }
    }
    choose(&mut h, "Edges of", "Unpruned");
    assert!(h.query_by_label("34 nodes, 78 edges").is_some(), "nothing is removed there");
}

#[test]
fn nodes_are_coloured_by_whatever_is_chosen_and_the_legend_says_so() {
    let choices = Choices::default();
    let mut h = with_karate_drawn(&choices);
    for by in NodeColouring::ALL {
        choose(&mut h, "Nodes by", by.title());
        wait(&mut h, "the colours", |s| s.is_idle() && shades(s).is_some_and(|shades| shades.by == by));
        let shades = shades(h.state().session()).expect("coloured");
        assert!(h.query_by_label(&format!("Nodes by {}", by.title())).is_some(), "{by:?}");
        assert!(!shades.legend.is_empty(), "{by:?}");
        for entry in &shades.legend {
            assert!(h.query_all_by_label(&entry.name).next().is_some(), "{by:?}: {}", entry.name);
        }
        let counted: usize = shades.legend.iter().filter_map(|entry| entry.n_nodes).sum();
        assert!(counted == 34 || by == NodeColouring::MessageRemoved, "{by:?}: {counted} nodes in the legend");
    }
}

#[test]
fn a_click_selects_a_node_and_escape_lets_it_go() {
    let choices = Choices::default();
    let mut h = with_karate_drawn(&choices);
    let node = 33;
    let at = place(&h, node);
    let id = h.state().session().store().shown().expect("a run").dataset.node_id(node);
    assert!(h.query_by_label("message removed").is_none());
    h.hover_at(at);
    h.run_steps(60);
    assert!(h.query_by_label("message removed").is_some(), "what is known of it is beside the pointer");
    assert!(h.query_all_by_label(&id).next().is_some(), "and its id");
    h.drag_at(at);
    h.step();
    h.drop_at(at);
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), Some(node as u32));
    wait(&mut h, "the report", Session::is_idle);
    let says = h.get_by_role_and_label(Role::Image, DRAWING).value().unwrap_or_default();
    assert!(says.ends_with(&format!("selected {id}")), "{says}");
    h.key_press(Key::Escape);
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), None);
}

#[test]
fn wheel_drag_and_keys_move_the_drawing() {
    let choices = Choices::default();
    let mut h = with_karate_drawn(&choices);
    let whole = place(&h, 0);
    let middle = drawing(&h).center();
    wheel(&h, whole, 200.0);
    h.run_steps(20);
    // The node under the pointer stays there, so a click still finds it.
    h.drag_at(whole);
    h.step();
    h.drop_at(whole);
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), Some(0));
    wait(&mut h, "the report", Session::is_idle);
    // Dragged away from where it was, nobody is there any more; fitted again, it is.
    h.key_press(Key::Num0);
    h.run_steps(3);
    h.key_press(Key::Escape);
    h.run_steps(3);
    let fitted = place(&h, 33);
    h.drag_at(middle);
    h.step();
    h.hover_at(middle + vec2(60.0, 40.0));
    h.step();
    h.drop_at(middle + vec2(60.0, 40.0));
    h.run_steps(3);
    let moved = fitted + vec2(60.0, 40.0);
    h.hover_at(moved);
    h.run_steps(2);
    h.drag_at(moved);
    h.step();
    h.drop_at(moved);
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), Some(33), "it moved with the pointer");
}

#[test]
fn the_film_ends_at_the_last_layer() {
    let choices = Choices::default();
    let mut h = with_karate_drawn(&choices);
    let n_steps = marks(h.state().session()).expect("marked").steps.len();
    h.get_by_role_and_label(Role::Button, "Play").click();
    h.run_steps(3);
    assert_eq!(chosen(&h, "Edges of"), "Unpruned", "it begins with the whole graph");
    assert!(h.query_by_role_and_label(Role::Button, "Play").is_none());
    let mut seen = vec![chosen(&h, "Edges of")];
    for _ in 0..(n_steps + 2) * 90 {
        h.step();
        let now = chosen(&h, "Edges of");
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, ["Unpruned", "Layer 1", "Layer 2"]);
    assert!(h.query_by_role_and_label(Role::Button, "Play").is_some(), "it has stopped");
    // Stopped on the way, it stays where it is.
    h.get_by_role_and_label(Role::Button, "Play").click();
    h.run_steps(10);
    h.get_by_role_and_label(Role::Button, "Stop").click();
    h.run_steps(200);
    assert_eq!(chosen(&h, "Edges of"), "Unpruned");
}

#[test]
fn the_drawing_is_saved_as_a_picture_and_as_a_table() {
    let choices = Choices::default();
    let mut h = with_karate_drawn(&choices);
    let folder = tempfile::tempdir().expect("a folder");
    for (label, file, begins) in [
        ("Save PNG…", "a.png", "\u{fffd}PNG"),
        ("Save SVG…", "a.svg", "<svg"),
        ("Save data as CSV…", "a.csv", "node,x,y,class,colour"),
    ] {
        let path = folder.path().join(file);
        choices.then(&path);
        h.get_by_role_and_label(Role::Image, DRAWING).click_secondary();
        h.run_steps(3);
        h.get_by_role_and_label(Role::Button, label).click();
        h.run_steps(3);
        wait(&mut h, "the file", |s| s.is_idle() && path.is_file());
        let ending = file.trim_start_matches('a');
        let name = format!("karate-club-graph-layer-1{ending}");
        assert!(
            matches!(choices.last_asked(), Some(Ask::Save { name: asked }) if asked.to_lowercase() == name),
            "{name}"
        );
        let bytes = std::fs::read(&path).expect("written");
        assert!(String::from_utf8_lossy(&bytes).starts_with(begins), "{file}");
    }
    let table = std::fs::read_to_string(folder.path().join("a.csv")).expect("text");
    assert_eq!(table.lines().count(), 35, "every node");
}

#[test]
fn a_layout_that_is_stopped_waits_to_be_asked_for() {
    let mut h = window(SIZE, &Choices::default());
    h.state().send(Command::Open("sample:powerlaw?nodes=6000&edges=30000&features=4&classes=3&seed=3".to_owned()));
    wait(&mut h, "the layout under way", |s| {
        s.store().graph.is_some() && s.store().desk.is_pending(LayoutRequest::SLOT)
    });
    h.run_steps(2);
    h.get_by_role_and_label(Role::Button, "Stop the layout").click();
    h.run_steps(2);
    wait(&mut h, "the end", Session::is_idle);
    assert!(h.query_by_label("The layout was stopped").is_some());
    h.run_steps(10);
    assert!(h.state().session().is_idle(), "it is not begun anew by itself");
    h.get_by_role_and_label(Role::Button, "Lay out the graph").click();
    h.run_steps(2);
    wait(&mut h, "the layout under way again", |s| s.store().desk.is_pending(LayoutRequest::SLOT));
}

#[test]
fn frames_while_panning_are_measured() {
    let sizes = std::env::var("UNIFEWS_DRAWN_NODES").unwrap_or_else(|_| "300".to_owned());
    for n in sizes.split(',').filter_map(|n| n.trim().parse::<usize>().ok()) {
        // As many edges for each node as arxiv has.
        let spec = format!("sample:powerlaw?nodes={n}&edges={}&features=8&classes=7&seed=5", 7 * n);
        let began = std::time::Instant::now();
        let mut h = with_graph_alone(&spec);
        println!("{n} nodes: drawn {:.1} s after they were asked for", began.elapsed().as_secs_f64());
        let layout = layout(h.state().session()).expect("laid out");
        println!("  {} nodes and {} of {} edges", layout.nodes().len(), layout.edges().len(), layout.n_all_edges());
        assert_eq!(layout.nodes().len(), n.min(GraphLayout::MAX_NODES));
        let rect = drawing(&h);
        for nearer in [0.0, 150.0, 300.0] {
            wheel(&h, rect.center(), nearer);
            h.run_steps(30);
            h.drag_at(rect.center());
            h.step();
            // As many as are remembered.
            for moved in 0..600 {
                let way = if moved % 40 < 20 { 1.0 } else { -1.0 };
                h.hover_at(rect.center() + way * vec2(3.0, 2.0) * (moved % 20) as f32);
                h.step();
            }
            h.drop_at(rect.center());
            h.step();
            let frames = h.state().frames();
            println!(
                "  the wheel turned by {nearer} points, then {} frames of panning: own code median {:.2} ms, 95 % {:.2} ms, longest {:.2} ms",
                frames.len(),
                1e3 * frames.median(),
                1e3 * frames.quantile(0.95),
                1e3 * frames.quantile(1.0)
            );
        }
    }
}
