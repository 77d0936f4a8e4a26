//! Long curves, and how fast they are drawn.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use eframe::egui::{self, pos2, vec2};
use egui_kittest::Harness;

use super::long::{Short, ShortenRequest, long_curves_ui};
use crate::engine::plot::{Curve, Curves};
use crate::session::Session;
use crate::ui::context::{CommandQueue, ViewCx};
use crate::ui::frames::FrameTimes;
use crate::ui::tokens::Themes;

/// What the harness draws.
struct Long {
    answered: Receiver<()>,
    session: Session,
    themes: Themes,
    out: CommandQueue,
    curves: Arc<Curves>,
    frames: FrameTimes,
    near: Option<(usize, usize)>,
}

impl Long {
    fn ui(&mut self, ui: &mut egui::Ui) {
        let began = Instant::now();
        self.session.poll();
        let tokens = self.themes.of(egui::Theme::Dark).clone();
        let cx = ViewCx { session: &self.session, tokens: &tokens, out: &self.out };
        self.near = long_curves_ui(&cx, ui, "Long", &self.curves, 500.0).near;
        for (_, command) in self.out.take_commands() {
            self.session.apply_from("test", command);
        }
        self.frames.add(began.elapsed());
    }

    /// Until a job has answered, at most so long.
    fn rest(&self, at_most: Duration) {
        self.answered.recv_timeout(at_most).unwrap_or_default();
    }

    fn short(&self) -> Option<Arc<Short>> {
        self.session.store().desk.answer::<ShortenRequest>("curves Long").map(|(_, short)| short)
    }
}

fn wait(h: &mut Harness<'_, Long>) {
    let began = Instant::now();
    loop {
        h.step();
        if h.state().session.is_idle() && h.state().short().is_some() {
            return;
        }
        assert!(began.elapsed() < Duration::from_mins(2), "waited too long");
        h.state().rest(Duration::from_millis(50));
    }
}

/// Also what `docs/benchmarks/window.md` says about curves: run it alone with `--nocapture`.
#[test]
fn a_million_points_are_drawn_with_two_per_column() {
    const N: usize = 1_000_000;
    let points = (0..N).map(|i| [i as f64, (i as f64 * 1e-5).sin() + f64::from(i as u32 % 1009 * 7919 % 1009) * 1e-3]);
    let curve = Curve { name: "noisy".into(), points: points.collect(), ..Curve::default() };
    let curves = Arc::new(Curves { title: "Long".into(), series: vec![curve], ..Curves::default() });
    let (sender, answered) = sync_channel(1);
    let session = Session::new(2, Arc::new(move || sender.try_send(()).unwrap_or_default())).expect("workers");
    let (out, frames) = (CommandQueue::default(), FrameTimes::default());
    let long = Long { answered, session, themes: Themes::load(), out, curves, frames, near: None };
    let mut h = Harness::builder()
        .with_size([1200.0, 600.0])
        .with_context_setup(|ctx| crate::ui::theme::install(ctx, &Themes::load()))
        .build_ui_state(|ui: &mut egui::Ui, long: &mut Long| long.ui(ui), long);
    wait(&mut h);
    let n_drawn = |h: &Harness<'_, Long>| h.state().short().expect("drawn").curves.series[0].points.len();
    let n_columns = 1200;
    assert!((1000..=2 * n_columns + 2).contains(&n_drawn(&h)), "{} points", n_drawn(&h));
    let at = pos2(600.0, 300.0);
    let mut smallest = usize::MAX;
    for round in 0..2 {
        for _ in 0..150 {
            h.hover_at(at);
            h.event(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: vec2(0.0, if round == 0 { 60.0 } else { -60.0 }),
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Wheel,
                modifiers: egui::Modifiers::NONE,
            });
            h.step();
            h.state().rest(Duration::from_millis(4));
        }
        wait(&mut h);
        smallest = smallest.min(n_drawn(&h));
        assert!(n_drawn(&h) <= 4 * n_columns + 4, "{} points with room at the sides", n_drawn(&h));
    }
    assert!(smallest < 1000, "near enough few points are left, {smallest}");
    let frames = &h.state().frames;
    println!(
        "{} frames over {N} points: own code median {:.2} ms, 95 % {:.2} ms, longest {:.2} ms",
        frames.len(),
        1000.0 * frames.median(),
        1000.0 * frames.quantile(0.95),
        1000.0 * frames.quantile(1.0)
    );
}
