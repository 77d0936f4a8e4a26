//! Two runs on one page: what it says in words, masks as pictures, nodes that change, and the recipes line by line.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Rect, Shape};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::engine::plot::Side;
use unifews::session::{CompareRequest, ComparedPictureRequest, Comparison, DiffSide, Picture, Session, format};
use unifews::ui::App;

use super::{Choices, wait, wheel, with_runs};

/// High enough that the whole page is seen at once.
const SIZE: [f32; 2] = [1500.0, 3200.0];

fn compared(session: &Session) -> Option<Arc<Comparison>> {
    let [a, b] = session.store().compared[..] else { return None };
    let run = |id| session.store().run(id).map(|entry| Arc::clone(&entry.run));
    session.store().desk.answer_to(&CompareRequest { a: run(a)?, b: run(b)? })
}

fn drawn(session: &Session, side: Side, step: usize) -> Option<Arc<Picture>> {
    let slot = ComparedPictureRequest::slot_of(side, step, false);
    session.store().desk.answer::<ComparedPictureRequest>(&slot).map(|(_, picture)| picture)
}

/// A window with two runs, the second of which removes far more, on their page.
fn on_the_page(choices: &Choices) -> Harness<'static, App> {
    on_a_page_of(SIZE, choices)
}

fn on_a_page_of(size: [f32; 2], choices: &Choices) -> Harness<'static, App> {
    let mut h = with_runs(size, choices, [(0.3, 0.3), (2.5, 2.5)]);
    for name in ["Compare Run 1", "Compare Run 2"] {
        h.get_by_label(name).click();
        h.run_steps(2);
    }
    wait(&mut h, "the comparison", |s| s.is_idle() && compared(s).is_some());
    h
}

#[test]
fn what_is_computed_is_what_stands_on_the_page() {
    let choices = Choices::default();
    let h = on_the_page(&choices);
    let found = compared(h.state().session()).expect("there");
    assert!(h.query_by_label("Run 1 against Run 2").is_some());
    assert!(!found.says.is_empty() && found.difference.parts.len() == 2);
    for sentence in &found.says {
        assert_eq!(h.query_all_by_label(sentence).count(), 1, "{sentence}");
    }
    let removed = found.says.iter().find(|says| says.contains("of the entries")).expect("said");
    assert!(removed.starts_with("B removes "), "the second run removes more: {removed}");
    for row in &found.numbers {
        assert!(h.query_all_by_label(&row.a).count() >= 1 && h.query_all_by_label(&row.b).count() >= 1, "{row:?}");
    }
    for step in &found.difference.steps {
        for count in [step.entries.both, step.entries.first_alone, step.entries.neither] {
            assert!(h.query_all_by_label(&format::count(count)).count() >= 1, "{count}");
        }
    }
    for line in found.recipe.iter().filter(|line| line.side != DiffSide::Both) {
        let text = format!("{} {}", line.side.sign(), line.text);
        assert!(h.query_all_by_label(&text).count() >= 1, "{text}");
    }
}

#[test]
fn heatmaps_count_what_the_table_says() {
    let choices = Choices::default();
    let mut h = on_the_page(&choices);
    wait(&mut h, "the pictures", |s| s.is_idle() && drawn(s, Side::WEIGHTS, 1).is_some());
    let session = h.state().session();
    let found = compared(session).expect("there");
    for name in ["Edges of layer 1, A and B", "Weights of layer 1, A and B", "Edges of layer 2, A and B"] {
        assert!(h.query_by_role_and_label(Role::Image, name).is_some(), "{name}");
    }
    for step in &found.difference.steps {
        let picture = drawn(session, Side::Edges, step.step).expect("drawn");
        let mut sum = [0u64; 4];
        for counts in &picture.raster.compared {
            sum.iter_mut().zip(counts).for_each(|(sum, n)| *sum += u64::from(*n));
        }
        let own: u64 = picture.raster.own.iter().map(|n| u64::from(*n)).sum();
        let entries = step.entries;
        let expected = [entries.first_alone, entries.second_alone, entries.both + own, entries.neither];
        assert_eq!(sum, expected, "{}", step.title);
        assert!(entries.first_alone > 0, "the runs must differ for the test to say anything");
    }
}

#[test]
fn a_click_looks_at_a_node_that_changes() {
    let choices = Choices::default();
    // Lower than the page: the table has a height of its own all the same.
    let mut h = on_a_page_of([1440.0, 900.0], &choices);
    let found = compared(h.state().session()).expect("there");
    let predictions = found.difference.predictions.as_ref().expect("predictions");
    let node = predictions.changed.first().expect("the runs say different classes").node;
    let dataset = Arc::clone(&h.state().session().store().runs[0].run.dataset);
    let row = format!("Changed node {}", dataset.node_id(node as usize));
    // Over the legends, since the wheel zooms a heatmap.
    let place = h.get_by_label_contains("A is Run 1").rect().left_center() + eframe::egui::vec2(395.0, 60.0);
    for _ in 0..60 {
        let seen = h.query_by_role_and_label(Role::Row, &row).map(|row| row.rect());
        if seen.is_some_and(|rect| h.ctx.content_rect().contains_rect(rect.translate(eframe::egui::vec2(0.0, 60.0)))) {
            break;
        }
        wheel(&h, place, -120.0);
        h.run_steps(12);
    }
    h.get_by_role_and_label(Role::Row, &row).click();
    h.run_steps(3);
    assert_eq!(h.state().session().store().selected_node(), Some(node));
}

#[test]
fn the_table_is_one_click_away_and_so_is_the_page() {
    let choices = Choices::default();
    let mut h = on_the_page(&choices);
    h.get_by_role_and_label(Role::Button, "← All runs").click();
    h.run_steps(3);
    assert!(h.query_by_label("Run 1 against Run 2").is_none());
    assert_eq!(h.state().session().store().compared.len(), 2, "they stay ticked");
    h.get_by_role_and_label(Role::Button, "Show the comparison").click();
    h.run_steps(3);
    assert!(h.query_by_label("Run 1 against Run 2").is_some());
    // Another pair has a page of its own at once.
    h.get_by_role_and_label(Role::Button, "← All runs").click();
    h.run_steps(3);
    h.get_by_label("Compare Run 1").click();
    h.run_steps(2);
    h.get_by_label("Compare Run 1").click();
    h.run_steps(3);
    assert!(h.query_by_label("Run 2 against Run 1").is_some());
}

#[test]
fn a_comparison_is_saved_with_its_four_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let choices = Choices::default();
    let mut h = on_the_page(&choices);
    let file = folder.path().join("masks.csv");
    choices.then(file.clone());
    h.get_by_role_and_label(Role::Image, "Edges of layer 1, A and B").click_secondary();
    h.run_steps(3);
    h.get_by_label("Save data as CSV…").click();
    h.run_steps(3);
    wait(&mut h, "the file", |s| s.is_idle() && file.is_file());
    let text = std::fs::read_to_string(&file).expect("written");
    assert!(text.lines().next().expect("a header").ends_with("kept,removed,A only,B only,both,neither"), "{text}");
}

/// Straight lines that a frame draws across a heatmap, through the middle of a cell.
fn lines_through(h: &Harness<'_, App>, rect: Rect) -> usize {
    fn count(shape: &Shape, rect: Rect) -> usize {
        match shape {
            Shape::LineSegment { points: [from, to], .. } => {
                let is_straight = (from.x - to.x).abs() < 0.01 || (from.y - to.y).abs() < 0.01;
                usize::from(is_straight && (*to - *from).length() > 20.0 && rect.contains(*from + (*to - *from) / 2.0))
            }
            Shape::Vec(shapes) => shapes.iter().map(|shape| count(shape, rect)).sum(),
            _ => 0,
        }
    }
    h.output().shapes.iter().map(|clipped| count(&clipped.shape, rect.shrink(2.0))).sum()
}

#[test]
fn the_place_under_the_pointer_lights_up_in_the_other_layer() {
    let choices = Choices::default();
    let mut h = on_the_page(&choices);
    wait(&mut h, "the pictures", |s| s.is_idle() && drawn(s, Side::WEIGHTS, 1).is_some());
    let rect = |h: &Harness<'_, App>, name: &str| h.get_by_role_and_label(Role::Image, name).rect();
    let (first, second) = (rect(&h, "Edges of layer 1, A and B"), rect(&h, "Edges of layer 2, A and B"));
    let weights = rect(&h, "Weights of layer 1, A and B");
    assert_eq!(lines_through(&h, second), 0);
    for (pointed, other) in [(first, second), (second, first)] {
        h.hover_at(pointed.left_top() + 0.4 * pointed.size());
        h.run_steps(2);
        assert_eq!(lines_through(&h, pointed), 4, "a cross under the pointer");
        assert_eq!(lines_through(&h, other), 4, "and at the same place of the other layer");
        assert_eq!(lines_through(&h, weights), 0, "weights have axes of their own");
    }
    h.hover_at(weights.center());
    h.run_steps(3);
    assert_eq!((lines_through(&h, first), lines_through(&h, second)), (0, 0), "it goes with the pointer");
}
