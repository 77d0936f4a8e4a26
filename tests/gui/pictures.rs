//! What is drawn and what is printed come from the same number.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, vec2};
use egui_kittest::kittest::Queryable as _;
use unifews::engine::plot::{RasterMode, Side};
use unifews::session::{Command, PictureRequest, Session, format};

use super::{Choices, wait, wheel, with_karate};

const SIZE: [f32; 2] = [1440.0, 900.0];

/// The share removed of what a heatmap draws, by the counts of its texels and by the colours themselves where they say it.
fn drawn(session: &Session, side: Side, step: usize, mode: RasterMode) -> Option<(f64, Option<f64>)> {
    let (request, picture) =
        session.store().desk.answer::<PictureRequest>(&PictureRequest::slot_of(side, step, false))?;
    let current = session.store().shown().filter(|run| session.store().is_current(run))?;
    if request.raster.mode != mode || !Arc::ptr_eq(&request.run, current) {
        return None;
    }
    let raster = &picture.raster;
    let (mut removed, mut all, mut kept_by_colour) = (0.0, 0.0, 0.0);
    for (at, shade) in picture.shades.iter().enumerate() {
        let (stay, go) = raster.removable(at);
        removed += f64::from(go);
        all += f64::from(stay + go);
        kept_by_colour += f64::from(stay + go) * f64::from(shade.colour) / 255.0;
    }
    let has_shares = mode == RasterMode::Kept || (mode == RasterMode::WhenRemoved && side != Side::Edges);
    Some((removed / all, has_shares.then_some(1.0 - kept_by_colour / all)))
}

#[test]
fn every_heatmap_draws_the_share_that_stands_under_it() {
    let choices = Choices::default();
    let mut h = with_karate(SIZE, &choices);
    h.state().send(Command::Prune);
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let mut is_first = true;
    for mode in RasterMode::ALL {
        if !is_first {
            h.get_by_role_and_label(Role::ComboBox, "Show").click();
            h.run_steps(2);
            h.get_by_role_and_label(Role::Button, mode.title()).click();
        }
        is_first = false;
        for step in 0..2 {
            for side in [Side::Edges, Side::WEIGHTS] {
                wait(&mut h, "the picture", |s| drawn(s, side, step, mode).is_some() && s.is_idle());
                let run = Arc::clone(h.state().session().store().shown().expect("a run"));
                let trace = &run.pruned.steps[step];
                let printed = match side {
                    Side::Edges => trace.edges.as_ref().expect("edges").sparsity(),
                    Side::Weights(nth) => trace.weights[nth].sparsity(),
                };
                let label = format!("removed {}", format::percent(printed));
                assert!(h.query_all_by_label(&label).next().is_some(), "{label} stands under {side:?} of {step}");
                let (counted, coloured) = drawn(h.state().session(), side, step, mode).expect("drawn");
                assert!(
                    (counted - printed).abs() < 1e-9,
                    "{mode:?} {side:?} {step}: {counted} drawn, {printed} printed"
                );
                if let Some(coloured) = coloured {
                    assert!((coloured - printed).abs() < 0.004, "{mode:?} {side:?} {step}: {coloured} for {printed}");
                }
            }
        }
    }
    // Nearer and back: the same.
    let centre = h.get_by_role_and_label(Role::Image, "Weights of layer 1").rect().center();
    h.hover_at(centre);
    h.step();
    wheel(&h, centre, 240.0);
    h.run_steps(20);
    h.drag_at(centre);
    h.step();
    h.drop_at(centre + vec2(1.0, 0.0));
    h.run_steps(3);
    h.key_press(Key::Num0);
    h.run_steps(3);
    let mode = RasterMode::WhenRemoved;
    wait(&mut h, "the whole again", |s| drawn(s, Side::WEIGHTS, 0, mode).is_some() && s.is_idle());
    let run = Arc::clone(h.state().session().store().shown().expect("a run"));
    let (counted, _) = drawn(h.state().session(), Side::WEIGHTS, 0, mode).expect("drawn");
    assert!((counted - run.pruned.steps[0].weights[0].sparsity()).abs() < 1e-9);
}
