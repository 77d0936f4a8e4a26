//! Triangles are made once for a state, and again when it is another.

use std::time::Instant;

use eframe::egui::{CentralPanel, Context, RawInput};

use super::*;
use crate::ui::tokens::Themes;

const N_LINES: usize = 10_000;

/// Ten axes that say different things of every line.
fn axes() -> Vec<ParallelAxis> {
    let values = |axis: usize| (0..N_LINES).map(|line| ((line * 7919 + axis * 104_729) % 10_007) as f64).collect();
    (0..10).filter_map(|axis| ParallelAxis::new(format!("axis {axis}"), values(axis))).collect()
}

/// One frame; answers with what it cost in seconds, its triangles made ready for the graphics card.
fn frame(ctx: &Context, chart: &mut Parallel, axes: &[ParallelAxis], revision: u64) -> f64 {
    let themes = Themes::load();
    let spec = ParallelSpec {
        name: "lines",
        axes,
        n_lines: N_LINES,
        colour: Some(9),
        revision,
        line: &|line| format!("line {line}"),
        here: None,
    };
    let began = Instant::now();
    let input =
        RawInput { screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1400.0, 800.0))), ..RawInput::default() };
    let output = ctx.run_ui(input, |ui| {
        CentralPanel::default().show(ui, |ui| chart.ui(ui, &themes.light, 700.0, &spec));
    });
    let shapes = ctx.tessellate(output.shapes, output.pixels_per_point);
    assert!(!shapes.is_empty());
    began.elapsed().as_secs_f64()
}

#[test]
fn ten_thousand_lines_are_made_once_and_drawn_in_every_frame() {
    let (ctx, axes, mut chart) = (Context::default(), axes(), Parallel::default());
    let mut first = 0.0;
    for _ in 0..3 {
        first = frame(&ctx, &mut chart, &axes, 1).max(first);
    }
    let made = |chart: &Parallel| chart.drawn.as_ref().map(|drawn| Arc::clone(&drawn.meshes[1])).expect("drawn");
    let mesh = made(&chart);
    assert_eq!(mesh.vertices.len(), N_LINES * 9 * 4);
    let times: Vec<f64> = (0..20).map(|_| frame(&ctx, &mut chart, &axes, 1)).collect();
    assert!(Arc::ptr_eq(&mesh, &made(&chart)), "the same triangles");
    let median = crate::engine::timing::median(&times);
    println!("10,000 lines: {:.1} ms a frame, {:.1} ms where they are made", 1e3 * median, 1e3 * first);
    // A limit, another order and other lines each make them anew.
    chart.limits.insert("axis 3".to_owned(), [0.0, 500.0]);
    frame(&ctx, &mut chart, &axes, 1);
    let limited = made(&chart);
    assert!(!Arc::ptr_eq(&mesh, &limited) && limited.vertices.len() < mesh.vertices.len() / 10);
    let n_within = axes[3].values.iter().filter(|value| **value <= 500.0).count();
    assert_eq!(chart.drawn.as_ref().map(|drawn| drawn.n_within), Some(n_within));
    chart.order.swap(0, 1);
    frame(&ctx, &mut chart, &axes, 1);
    assert!(!Arc::ptr_eq(&limited, &made(&chart)));
    let swapped = made(&chart);
    frame(&ctx, &mut chart, &axes, 2);
    assert!(!Arc::ptr_eq(&swapped, &made(&chart)));
}

#[test]
fn limits_from_end_to_end_are_none() {
    let axes = axes();
    let mut chart = Parallel::default();
    chart.limit(&axes[0], [3.0, 9.0]);
    assert!(chart.has_limits());
    chart.limit(&axes[0], axes[0].range);
    assert!(!chart.has_limits());
    chart.limit(&axes[0], [3.0, 9.0]);
    chart.clear();
    assert!(!chart.has_limits());
}
