//! Network and training settings, for the next `Train`.

use eframe::egui;

use super::fields::{combo, number_row, option, real_row, titled, warning};
use super::network;
use crate::engine::sparsify::baselines::Ramp;
use crate::engine::sparsify::{Recipe, Schedule, Training, WeightMode};
use crate::session::fitted_to;
use crate::ui::context::ViewCx;
use crate::ui::widgets::weak;
use crate::ui::words::Say as _;

/// Everything that `Train` uses, folded away until it is wanted; `typed` are the hops' weights while they are being typed.
pub(super) fn settings_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe, typed: &mut Option<String>) {
    let words = ui.words();
    ui.add_space(4.0);
    egui::CollapsingHeader::new(words.text("training-network"))
        .id_salt("network")
        .show(ui, |ui| network::ui(ui, cx, recipe, typed));
    egui::CollapsingHeader::new(words.text("training-training"))
        .id_salt("training")
        .show(ui, |ui| training_ui(ui, cx, recipe));
}

fn training_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe) {
    let words = ui.words();
    let family = recipe.model.architecture;
    let mut training = recipe.training.clone().unwrap_or_else(|| Training::official(family));
    let before = training.clone();
    egui::Grid::new("training").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
        titled(ui, "training-pruning");
        combo(ui, "training-pruning-while", &words.text(schedule_key(training.schedule)), |ui| {
            for schedule in [Schedule::Dense, Schedule::During, Schedule::Lottery] {
                option(ui, &mut training.schedule, schedule, schedule_key(schedule));
            }
        });
        ui.end_row();
        if training.schedule != Schedule::Dense {
            titled(ui, "training-growth");
            combo(ui, "training-growth-thresholds", &words.text(ramp_key(training.ramp)), |ui| {
                for ramp in Ramp::ALL {
                    let name = words.text(ramp_key(ramp));
                    ui.selectable_value(&mut training.ramp, ramp, name).on_hover_text(ramp.source());
                }
            });
            ui.end_row();
        }
        if training.schedule == Schedule::Lottery {
            number_row(ui, "training-rounds", &mut training.rounds, 1..=64);
        }
        number_row(ui, "training-epochs", &mut training.epochs, 1..=100_000);
        real_row(ui, "training-step-size", &mut training.learning_rate, 0.0..=1.0);
        real_row(ui, "training-decay", &mut training.weight_decay, 0.0..=1.0);
        number_row(ui, "training-patience", &mut training.patience, 1..=100_000);
        if recipe.model.architecture.is_trained_in_batches() {
            number_row(ui, "training-batch", &mut training.batch_size, 0..=1_000_000);
        }
    });
    if training.schedule == Schedule::Dense {
        ui.checkbox(&mut training.inductive, words.text("training-inductive"))
            .on_hover_text(words.hint("training-inductive"));
    } else {
        training.inductive = false;
    }
    if training.schedule != Schedule::Dense && recipe.recovery.is_some() {
        warning(ui, cx, &words.text("training-no-recovery"));
    }
    if training.schedule == Schedule::Lottery && recipe.weights.mode != WeightMode::Target {
        warning(ui, cx, &words.text("training-lottery-target"));
        if ui.button(words.text("training-use-target")).on_hover_text(words.hint("training-use-target")).clicked() {
            (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
        }
    } else {
        let asked = Recipe { training: Some(training.clone()), ..fitted_to(recipe, &recipe.model) };
        if let Some(fault) = asked.check().err().filter(|_| recipe.model.check().is_ok()) {
            warning(ui, cx, &fault.to_string());
        }
    }
    if ui
        .button(words.text("training-authors-settings"))
        .on_hover_text(words.hint("training-authors-settings"))
        .clicked()
    {
        let Training { schedule, ramp, rounds, .. } = training;
        training = Training { schedule, ramp, rounds, ..Training::official(family) };
    }
    ui.label(weak(cx.tokens, words.text("training-used-by")));
    if training != before {
        recipe.training = Some(training);
    }
}

fn schedule_key(schedule: Schedule) -> &'static str {
    match schedule {
        Schedule::Dense => "training-schedule-dense",
        Schedule::Lottery => "training-schedule-lottery",
        Schedule::During => "training-schedule-during",
    }
}

fn ramp_key(ramp: Ramp) -> &'static str {
    match ramp {
        Ramp::Constant => "training-ramp-constant",
        Ramp::Linear => "training-ramp-linear",
        Ramp::Cubic => "training-ramp-cubic",
    }
}
