//! The heatmaps: found by name, zoomed and panned, told under the pointer, saved; and the histogram that is the slider.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Color32, ColorImage, Key, Modifiers, OutputCommand, Pos2, Shape, ViewportCommand, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::plot::{NodeOrder, Side};
use unifews::session::{AtlasRequest, Command, PictureRequest, Session};
use unifews::ui::App;

use super::{Choices, wait, wheel, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

fn is_drawn(session: &Session) -> bool {
    let current = session.store().shown().filter(|r| session.store().is_current(r));
    session.is_idle()
        && current.is_some_and(|run| {
            let slot = PictureRequest::slot_of(Side::Edges, 0, false);
            session
                .store()
                .desk
                .answer::<PictureRequest>(&slot)
                .is_some_and(|(r, _)| std::sync::Arc::ptr_eq(&r.run, run))
        })
}

/// A window with the heatmaps of the smallest sample drawn.
fn drawn(choices: &Choices) -> Harness<'static, App> {
    let mut h = with_karate(SIZE, choices);
    wait(&mut h, "the heatmaps", is_drawn);
    h
}

fn in_view(h: &Harness<'_, App>, name: &str) -> String {
    h.get_by_label(name).value().unwrap_or_default()
}

fn scroll(h: &mut Harness<'_, App>, at: Pos2, points: f32) {
    h.hover_at(at);
    h.step();
    wheel(h, at, points);
    h.run_steps(30);
}

#[test]
fn every_matrix_of_every_layer_has_a_heatmap_with_a_name() {
    let choices = Choices::default();
    let h = drawn(&choices);
    for name in ["Edges of layer 1", "Weights of layer 1", "Edges of layer 2", "Weights of layer 2"] {
        let rect = h.get_by_role_and_label(Role::Image, name).rect();
        assert!(rect.width() > 200.0 && rect.height() > 120.0, "{name} at {rect:?}");
        assert!(h.ctx.content_rect().contains_rect(rect), "{name} at {rect:?} without scrolling");
        h.get_by_role_and_label(Role::Slider, &format!("Threshold of {}", name.to_lowercase()));
    }
}

#[test]
fn wheel_keys_and_double_click_move_what_is_in_view() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let name = "Edges of layer 1";
    let whole = in_view(&h, name);
    assert!(whole.contains("0 to 33"), "{whole}");
    let centre = h.get_by_label(name).rect().center();

    scroll(&mut h, centre, 120.0);
    let near = in_view(&h, name);
    assert_ne!(near, whole, "the wheel comes nearer");
    assert_eq!(in_view(&h, "Edges of layer 2"), whole, "each heatmap for itself");

    h.drag_at(centre);
    h.step();
    h.hover_at(centre + vec2(60.0, 40.0));
    h.step();
    h.drop_at(centre + vec2(60.0, 40.0));
    h.run_steps(2);
    let moved = in_view(&h, name);
    assert_ne!(moved, near, "a drag moves it");

    // The drag gave it the focus.
    h.key_press(Key::ArrowRight);
    h.run_steps(2);
    assert_ne!(in_view(&h, name), moved, "so does an arrow key");
    h.key_press(Key::Num0);
    h.run_steps(2);
    assert_eq!(in_view(&h, name), whole, "0 shows all");
    h.key_press(Key::Plus);
    h.run_steps(2);
    assert_ne!(in_view(&h, name), whole, "+ comes nearer");
    h.key_press(Key::Minus);
    h.run_steps(2);
    assert_eq!(in_view(&h, name), whole, "- goes back");
}

#[test]
fn the_pointer_tells_which_entry_and_why() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let rect = h.get_by_label("Edges of layer 1").rect();
    // The first place of the diagonal is a self-loop in every order.
    h.hover_at(rect.left_top() + vec2(rect.width(), rect.height()) / 68.0);
    for _ in 0..60 {
        h.step();
        if h.query_by_label("self-loop, never removed").is_some() {
            return;
        }
    }
    panic!("no tooltip");
}

#[test]
fn dragging_a_threshold_changes_delta_as_one_step() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let deltas = |h: &Harness<'_, App>| {
        let recipe = &h.state().session().store().recipe;
        (recipe.edges.delta.clone(), recipe.weights.delta.clone())
    };
    for (name, of_edges) in [("Threshold of edges of layer 1", true), ("Threshold of weights of layer 2", false)] {
        let before = deltas(&h);
        let rect = h.get_by_role_and_label(Role::Slider, name).rect();
        let at = |share: f32| rect.left_center() + vec2(rect.width() * share, 0.0);
        h.hover_at(at(0.5));
        h.step();
        h.drag_at(at(0.5));
        h.step();
        for share in [0.55, 0.6, 0.7] {
            h.hover_at(at(share));
            h.step();
        }
        h.drop_at(at(0.7));
        wait(&mut h, "the picture of the new threshold", is_drawn);
        let after = deltas(&h);
        assert_ne!(after.0 != before.0, after.1 != before.1, "one side only");
        assert_eq!(after.0 != before.0, of_edges, "the side of the histogram");
        let (low, high) = if of_edges { (before.0[0], after.0[0]) } else { (before.1[0], after.1[0]) };
        assert!(high.is_finite() && high > 0.0 && (high - low).abs() > 1e-6, "{low} {high}");
        // What was asked for is what was used.
        let run = h.state().session().store().shown().expect("a run");
        assert_eq!(run.recipe.edges.delta, after.0);
        h.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        h.run_steps(2);
        assert_eq!(deltas(&h), before, "one step back");
        wait(&mut h, "the picture before", is_drawn);
    }
}

#[test]
fn keys_and_readers_move_a_threshold_too() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let delta = |h: &Harness<'_, App>| h.state().session().store().recipe.edges.delta[0];
    let before = delta(&h);
    h.get_by_role_and_label(Role::Slider, "Threshold of edges of layer 1").increment_accesskit();
    wait(&mut h, "the picture", is_drawn);
    assert!(delta(&h) > before, "{} is not above {before}", delta(&h));
    h.get_by_role_and_label(Role::Slider, "Threshold of edges of layer 1").set_value_accesskit(0.0);
    wait(&mut h, "the picture", is_drawn);
    assert!(delta(&h).abs() < 1e-12, "{}", delta(&h));
}

#[test]
fn a_heatmap_is_saved_as_picture_and_as_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = drawn(&choices);
    for (item, file, begins) in [
        ("Save PNG…", "heatmap.png", &b"\x89PNG"[..]),
        ("Save SVG…", "heatmap.svg", b"<"),
        ("Save data as CSV…", "heatmap.csv", b"\"source node, by class\",target node"),
    ] {
        let path = folder.path().join(file);
        choices.then(&path);
        h.get_by_label("Edges of layer 1").click_secondary();
        h.run_steps(3);
        h.get_by_label(item).click();
        h.run_steps(2);
        wait(&mut h, file, |s| s.is_idle() && path.exists());
        let bytes = std::fs::read(&path).expect("written");
        assert!(bytes.starts_with(begins), "{file} begins with {:?}", &bytes[..bytes.len().min(40)]);
    }
}

/// All texts that a frame draws.
fn texts(h: &Harness<'_, App>) -> Vec<String> {
    fn of(shape: &Shape, found: &mut Vec<String>) {
        match shape {
            Shape::Text(text) => found.push(text.galley.text().to_owned()),
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| of(shape, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    h.output().shapes.iter().for_each(|clipped| of(&clipped.shape, &mut found));
    found
}

#[test]
fn large_cells_carry_their_numbers_and_strips_their_names() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let run = std::sync::Arc::clone(h.state().session().store().shown().expect("a run"));
    let rect = h.get_by_label("Edges of layer 1").rect();
    let group = |h: &Harness<'_, App>| {
        let desk = &h.state().session().store().desk;
        let atlas =
            desk.answer::<AtlasRequest>(&format!("order {}", NodeOrder::Class.title())).expect("the nodes in order").1;
        atlas.ordering().groups()[0].clone()
    };
    let first = group(&h);
    h.hover_at(rect.left_bottom() + vec2(6.0, 5.0));
    let name = format!("{}, {} nodes", first.name, first.end - first.start);
    let is_told = (0..60).any(|_| {
        h.step();
        h.query_by_label(&name).is_some()
    });
    assert!(is_told, "{name}");

    // Nearer, every entry in view stands there as a number: a self-loop of the first nodes among them.
    let numbers = |h: &Harness<'_, App>| {
        let is_number = |text: &String| text.len() <= 6 && text.contains('.') && text.parse::<f32>().is_ok();
        texts(h).into_iter().filter(is_number).count()
    };
    let far = numbers(&h);
    for _ in 0..6 {
        scroll(&mut h, rect.left_top() + vec2(4.0, 4.0), 120.0);
    }
    wait(&mut h, "the nearer picture", is_drawn);
    h.run_steps(3);
    let near = numbers(&h);
    assert!(near > far, "{near} numbers near, {far} far; {} entries in all", run.dataset.topology().n_entries());
}

#[test]
fn linked_heatmaps_show_the_same_part() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let (first, second) = ("Edges of layer 1", "Edges of layer 2");
    let whole = in_view(&h, first);
    let weights = in_view(&h, "Weights of layer 1");
    let place = h.get_by_label(second).rect().center() - vec2(20.0, 10.0);
    scroll(&mut h, place, 120.0);
    let near = in_view(&h, second);
    assert_ne!(in_view(&h, first), near, "each for itself at first");
    h.get_by_role_and_label(Role::CheckBox, "Link zoom").click();
    h.run_steps(3);
    assert_eq!((in_view(&h, first), in_view(&h, second)), (near.clone(), near.clone()), "what was zoomed leads");

    let place = h.get_by_label(first).rect().center();
    scroll(&mut h, place, 60.0);
    let nearer = in_view(&h, first);
    assert_ne!(nearer, near);
    assert_eq!(in_view(&h, second), nearer, "the wheel moves both");
    h.drag_at(place);
    h.step();
    h.hover_at(place + vec2(30.0, 20.0));
    h.step();
    h.drop_at(place + vec2(30.0, 20.0));
    h.run_steps(2);
    let moved = in_view(&h, first);
    assert_ne!(moved, nearer);
    assert_eq!(in_view(&h, second), moved, "so does a drag");
    assert_eq!(in_view(&h, "Weights of layer 1"), weights, "weights have axes of their own");

    h.key_press(Key::Num0);
    h.run_steps(2);
    assert_eq!((in_view(&h, first), in_view(&h, second)), (whole.clone(), whole.clone()), "both show all");
    h.get_by_role_and_label(Role::CheckBox, "Link zoom").click();
    h.run_steps(2);
    scroll(&mut h, place, 60.0);
    assert_eq!(in_view(&h, second), whole, "each for itself again");
}

#[test]
fn a_map_beside_a_part_is_dragged() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let (name, map) = ("Edges of layer 1", "Map of edges of layer 1");
    assert!(h.query_by_label(map).is_none(), "all is in view");
    let centre = h.get_by_label(name).rect().center();
    scroll(&mut h, centre, 120.0);
    wait(&mut h, "the map", is_drawn);
    let (matrix, small) = (h.get_by_label(name).rect(), h.get_by_label(map).rect());
    assert!(small.left() > matrix.right() && h.ctx.content_rect().contains_rect(small), "{small:?} beside {matrix:?}");
    assert_eq!(h.get_by_label(map).value(), h.get_by_label(name).value());
    let before = in_view(&h, name);
    h.hover_at(small.center());
    h.step();
    h.drag_at(small.center());
    h.step();
    h.hover_at(small.left_top() + vec2(2.0, 2.0));
    h.step();
    h.drop_at(small.left_top() + vec2(2.0, 2.0));
    h.run_steps(2);
    let after = in_view(&h, name);
    assert_ne!(after, before);
    assert!(after.contains("node, by class 0 to") && after.contains("target node 0 to"), "the corner: {after}");
    h.get_by_label(name).focus();
    h.run_steps(2);
    h.key_press(Key::Num0);
    h.run_steps(2);
    assert!(h.query_by_label(map).is_none(), "all is in view again");
}

#[test]
fn large_cells_have_rows_and_columns_with_names() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let name = "Edges of layer 1";
    let desk = &h.state().session().store().desk;
    let slot = format!("order {}", NodeOrder::Class.title());
    let atlas = desk.answer::<AtlasRequest>(&slot).expect("the nodes in order").1;
    let first = atlas.dataset().node_id(atlas.ordering().order()[1] as usize);
    let n_named = |h: &Harness<'_, App>| texts(h).into_iter().filter(|text| *text == first).count();
    let far = n_named(&h);
    let rect = h.get_by_label(name).rect();
    assert!((rect.width() - rect.height()).abs() < 1.0, "a square matrix is a square: {rect:?}");
    for _ in 0..6 {
        scroll(&mut h, rect.left_top() + vec2(4.0, 4.0), 120.0);
    }
    wait(&mut h, "the nearer picture", is_drawn);
    h.run_steps(3);
    let near = n_named(&h);
    assert!(near >= far + 2, "node {first} names a row and a column: {near} times, {far} before");
}

#[test]
fn what_is_in_view_is_copied_as_a_picture() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    for name in ["Edges of layer 1", "Weights of layer 2"] {
        let size = h.get_by_label(name).rect().size();
        h.get_by_label(name).click_secondary();
        h.run_steps(3);
        h.get_by_label("Copy picture").click();
        let asked = (0..8).find_map(|_| {
            h.step();
            let mut out = h.output().viewport_output.values().flat_map(|out| &out.commands);
            out.find_map(|c| if let ViewportCommand::Screenshot(callback) = c { Some(callback.clone()) } else { None })
        });
        asked.expect("asked for what is seen").complete(Arc::new(ColorImage::filled([1440, 900], Color32::RED)));
        let copied = (0..8).find_map(|_| {
            h.step();
            h.output().platform_output.commands.iter().find_map(|command| match command {
                OutputCommand::CopyImage(image) => Some(image.size),
                _ => None,
            })
        });
        let [across, down] = copied.expect("a picture on the clipboard").map(|n| n as f32);
        assert!(across >= size.x && across < 1440.0, "{name}: {across} for {size:?}, axes and legend with it");
        assert!(down >= size.y && down < 900.0, "{name}: {down} for {size:?}");
    }
}

/// Strokes of six points along an axis: what marks a selected node at the edge of a heatmap.
fn n_marks(h: &Harness<'_, App>) -> usize {
    fn of(shape: &Shape) -> usize {
        match shape {
            Shape::LineSegment { points: [a, b], .. } => {
                let by = *b - *a;
                usize::from((by.length() - 6.0).abs() < 0.01 && (by.x == 0.0 || by.y == 0.0))
            }
            Shape::Vec(shapes) => shapes.iter().map(of).sum(),
            _ => 0,
        }
    }
    h.output().shapes.iter().map(|clipped| of(&clipped.shape)).sum()
}

#[test]
fn several_selected_nodes_are_marked_on_both_axes_of_every_layer() {
    let choices = Choices::default();
    let mut h = drawn(&choices);
    let before = n_marks(&h);
    h.state().send(Command::SelectNodes(vec![3, 8, 20]));
    h.run_steps(4);
    // Two layers of the karate club's model, two axes each.
    assert_eq!(n_marks(&h) - before, 3 * 2 * 2);
    h.state().send(Command::SelectNodes(Vec::new()));
    h.run_steps(4);
    assert_eq!(n_marks(&h), before);
}
