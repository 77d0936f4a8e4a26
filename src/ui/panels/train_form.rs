//! Asks before a training starts: for how long, how wide, how fast, and says what it will take. Enter starts it.

use eframe::egui::{self, Key, vec2};

use super::fields::{number_row, real_row, warning};
use crate::engine::sparsify::{Recipe, Training};
use crate::session::jobs::Lane;
use crate::session::{Command, Session, format};
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{strong, weak};
use crate::ui::words::Say as _;

/// The form; holds what is being chosen while it is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct TrainForm {
    draft: Option<Draft>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Draft {
    epochs: usize,
    hidden: usize,
    learning_rate: f64,
}

impl Draft {
    /// As the recipe has it, or the authors for its family.
    fn of(recipe: &Recipe) -> Self {
        let training = training_of(recipe);
        Self { epochs: training.epochs, hidden: recipe.model.hidden, learning_rate: training.learning_rate }
    }

    /// The recipe with what was chosen; as it was where that is the same.
    fn put_into(self, mut recipe: Recipe) -> Recipe {
        if self == Self::of(&recipe) {
            return recipe;
        }
        let (epochs, learning_rate) = (self.epochs, self.learning_rate);
        recipe.training = Some(Training { epochs, learning_rate, ..training_of(&recipe) });
        recipe.model.hidden = self.hidden;
        recipe
    }
}

fn training_of(recipe: &Recipe) -> Training {
    recipe.training.clone().unwrap_or_else(|| Training::official(recipe.model.architecture))
}

impl TrainForm {
    /// Opens it with the recipe's own settings.
    pub(in crate::ui) fn open(&mut self, session: &Session) {
        self.draft = Some(Draft::of(&session.store().recipe));
    }

    /// Closes it; answers whether it was open.
    pub(in crate::ui) fn close(&mut self) -> bool {
        self.draft.take().is_some()
    }

    /// Draws it while it is open.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, cx: &ViewCx<'_>) {
        let Some(mut draft) = self.draft else { return };
        let Some(graph) = &cx.session.store().graph else {
            self.draft = None;
            return;
        };
        let words = cx.session.words();
        let (mut is_open, mut is_done) = (true, false);
        egui::Window::new(words.text("training-start-title"))
            .id(egui::Id::unique("train form"))
            .open(&mut is_open)
            .collapsible(false)
            .resizable(false)
            .default_width(360.0)
            .anchor(egui::Align2::CENTER_TOP, vec2(0.0, 72.0))
            .show(ctx, |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                let recipe = draft.put_into(cx.session.store().recipe.clone());
                let dataset = &graph.dataset;
                let network = recipe.model.title(dataset.features().width(), dataset.n_classes());
                let names = [("network", network.into()), ("graph", dataset.name().to_owned().into())];
                ui.label(strong(words.with("training-network-on", &names)));
                egui::Grid::new("train form").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
                    number_row(ui, "training-epochs-to-train", &mut draft.epochs, 1..=100_000);
                    number_row(ui, "training-hidden-width", &mut draft.hidden, 1..=65_536);
                    real_row(ui, "training-learning-rate", &mut draft.learning_rate, 0.0..=1.0);
                });
                let recipe = draft.put_into(cx.session.store().recipe.clone());
                let can_start = needs_ui(ui, cx, &recipe);
                ui.add_space(2.0);
                is_done = buttons_ui(ui, cx, recipe, can_start);
            });
        self.draft = Some(draft).filter(|_| is_open && !is_done);
    }
}

/// What it will take; answers whether it can be started.
fn needs_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &Recipe) -> bool {
    let words = ui.words();
    let small = |text: String| weak(cx.tokens, text).size(tokens::SMALL);
    let Some((needed, free)) = cx.session.train_memory(recipe) else {
        warning(ui, cx, &words.text("training-does-not-hold"));
        return false;
    };
    let memory = [("needed", format::bytes(needed).into()), ("free", format::bytes(free).into())];
    let memory = words.with("training-memory", &memory);
    if needed > free {
        warning(ui, cx, &memory);
    } else {
        ui.label(small(memory));
    }
    let time = match cx.session.train_secs(recipe) {
        Some(secs) => words.with("training-time", &[("time", format::seconds(secs).into())]),
        None => words.text("training-time-unknown"),
    };
    ui.add(egui::Label::new(small(time)).wrap());
    if cx.session.is_busy(&Lane::Train) {
        warning(ui, cx, &words.text("training-is-running"));
    }
    ui.label(small(words.text("training-other-settings")));
    true
}

/// Starts it, or not; answers whether the form is done with.
fn buttons_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: Recipe, can_start: bool) -> bool {
    let words = ui.words();
    // While a number is typed Enter ends the typing.
    let is_typing = ui.ctx().text_edit_focused();
    let is_entered = !is_typing && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        let start =
            ui.add_enabled(can_start, egui::Button::new(words.text("training-start")).min_size(vec2(112.0, 0.0)));
        if ui.memory(|memory| memory.focused().is_none()) {
            start.request_focus();
        }
        let is_left = ui.add(egui::Button::new(words.text("training-not-now")).min_size(vec2(84.0, 0.0))).clicked();
        if !is_left && can_start && (start.clicked() || is_entered) {
            if recipe != cx.session.store().recipe {
                cx.out.send(Command::SetRecipe(Box::new(recipe), None));
            }
            cx.out.send(Command::Train);
            return true;
        }
        is_left
    })
    .inner
}
