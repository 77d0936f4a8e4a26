//! The window through its accessible names: no display, no renderer, no real dialog.

#![expect(clippy::expect_used, reason = "tests fail loudly")]

mod actions;
mod appearance;
mod canvas;
mod comparison;
mod families;
mod flow;
mod graph;
mod guide;
mod import;
mod keyboard;
mod languages;
mod large;
mod layers;
mod leaving;
mod looks;
mod methods;
mod monitor;
mod names;
mod node;
mod parallel;
mod pictures;
mod pilot;
mod recovery;
mod report;
mod report_page;
mod runs_table;
mod selection;
mod sessions;
mod sizes;
mod stress;
mod tools;
mod tradeoff;
mod training;
mod verdict;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Id, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, TouchPhase, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use unifews::session::{Command, Session};
use unifews::ui::actions::Action;
use unifews::ui::dialogs::{Answer, Answered, Ask, Dialogs};
use unifews::ui::views::Pane;
use unifews::ui::{App, Settings};

/// Longest that a test waits for anything; far more than it needs on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a test lets the user choose, in order; nothing when the list is empty.
#[derive(Debug, Clone, Default)]
struct Choices {
    answers: Arc<Mutex<VecDeque<PathBuf>>>,
    asked: Arc<Mutex<Vec<Ask>>>,
    /// Whether the desktop has no dialogs.
    is_without: Arc<Mutex<bool>>,
}

impl Choices {
    fn then(&self, path: impl Into<PathBuf>) {
        self.answers.lock().expect("not poisoned").push_back(path.into());
    }

    fn last_asked(&self) -> Option<Ask> {
        self.asked.lock().expect("not poisoned").last().cloned()
    }
}

impl Dialogs for Choices {
    fn ask(&mut self, ask: Ask, answered: Answered) {
        self.asked.lock().expect("not poisoned").push(ask);
        let chosen = self.answers.lock().expect("not poisoned").pop_front();
        answered(match chosen {
            None if *self.is_without.lock().expect("not poisoned") => Answer::NoDialog,
            chosen => Answer::Chosen(chosen.into_iter().collect()),
        });
    }

    fn reveal(&mut self, _folder: PathBuf) {}
}

/// Rings whenever anything asks for another frame at once, as every job does when it has an answer: what waits for a job waits for this,
/// and not for a time. The time that the window itself sees is the harness' own.
#[derive(Debug, Clone, Default)]
struct Bell(Arc<(Mutex<bool>, Condvar)>);

impl Bell {
    /// Longest between two looks, for what comes without a ring.
    const LOOK_EVERY: Duration = Duration::from_millis(50);

    /// That of a window.
    fn of(harness: &Harness<'_, App>) -> Self {
        harness.ctx.data(|data| data.get_temp(Id::unique("bell"))).expect("installed with the window")
    }

    fn install(harness: &Harness<'_, App>) {
        let bell = Self::default();
        harness.ctx.data_mut(|data| data.insert_temp(Id::unique("bell"), bell.clone()));
        harness.ctx.set_request_repaint_callback(move |info| {
            if info.delay.is_zero() {
                *bell.0.0.lock().expect("not poisoned") = true;
                bell.0.1.notify_all();
            }
        });
    }

    /// Waits until it has rung since the last time, at most so long.
    fn wait(&self, at_most: Duration) {
        let has_rung = self.0.0.lock().expect("not poisoned");
        let (mut has_rung, _) =
            self.0.1.wait_timeout_while(has_rung, at_most, |has_rung| !*has_rung).expect("not poisoned");
        *has_rung = false;
    }
}

/// A window of this size on two workers.
fn window(size: [f32; 2], choices: &Choices) -> Harness<'static, App> {
    painted(size, choices, &canvas::Canvas::default())
}

/// As [`window`], with what it draws on a canvas.
fn painted(size: [f32; 2], choices: &Choices, canvas: &canvas::Canvas) -> Harness<'static, App> {
    with_settings(size, choices, canvas, Settings::default())
}

/// As [`painted`], with settings of the test's own.
fn with_settings(
    size: [f32; 2],
    choices: &Choices,
    canvas: &canvas::Canvas,
    settings: Settings,
) -> Harness<'static, App> {
    let dialogs = Box::new(choices.clone());
    let builder = Harness::builder().with_size(size).with_max_steps(8).with_step_dt(1.0 / 60.0);
    let mut harness = builder.renderer(canvas.clone()).build_eframe(move |cc| {
        let settings = Settings { n_threads: 2, dialogs, ..settings };
        App::new(&cc.egui_ctx, settings).expect("workers")
    });
    // The harness' default would be smaller than a heatmap's texture.
    harness.input_mut().max_texture_side = Some(8192);
    Bell::install(&harness);
    harness.step();
    harness
}

/// Steps frames until `is_there` answers yes.
fn wait(harness: &mut Harness<'_, App>, what: &str, is_there: impl Fn(&Session) -> bool) {
    let (began, bell) = (Instant::now(), Bell::of(harness));
    while !is_there(harness.state().session()) {
        let notices = harness.state().session().store().notices.all();
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}; notices {notices:?}");
        harness.step();
        bell.wait(Bell::LOOK_EVERY);
    }
    harness.run_steps(2);
}

/// A window with the smallest sample open and its model trained.
fn with_karate(size: [f32; 2], choices: &Choices) -> Harness<'static, App> {
    let mut harness = window(size, choices);
    harness.get_by_role_and_label(Role::Button, "Karate club").click();
    wait(&mut harness, "the first picture", |s| s.is_idle() && s.store().shown().is_some());
    harness
}

/// The table of two runs of the smallest sample as published, each with a δa and a δw of its own.
fn with_runs(size: [f32; 2], choices: &Choices, deltas: [(f64, f64); 2]) -> Harness<'static, App> {
    let mut h = with_karate(size, choices);
    for (at, (delta_a, delta_w)) in deltas.into_iter().enumerate() {
        let mut recipe = h.state().session().store().recipe.clone();
        recipe.recovery = None;
        (recipe.edges.delta, recipe.weights.delta) = (vec![delta_a], vec![delta_w]);
        h.state().send(Command::SetRecipe(Box::new(recipe), None));
        h.run_steps(2);
        h.state().send(Command::Prune);
        wait(&mut h, "a run", |s| s.store().runs.len() == at + 1 && s.is_idle());
    }
    let ctx = h.ctx.clone();
    h.state_mut().perform(Action::Show(Pane::Runs), &ctx);
    h.run_steps(3);
    h
}

/// Turns the wheel with the pointer at a place.
fn wheel(h: &Harness<'_, App>, at: Pos2, points: f32) {
    h.hover_at(at);
    h.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
}

/// A file that is dropped onto the window.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl eframe::egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("not read by the window".to_owned())
    }
}
