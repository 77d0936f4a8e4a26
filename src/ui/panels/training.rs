//! Network and training settings, for the next `Train`.

use eframe::egui;

use super::fields::{combo, number, real, warning};
use super::network;
use crate::engine::sparsify::baselines::Ramp;
use crate::engine::sparsify::{Recipe, Schedule, Training, WeightMode};
use crate::session::fitted_to;
use crate::ui::context::ViewCx;
use crate::ui::widgets::weak;

/// Everything that `Train` uses, folded away until it is wanted; `typed` are the hops' weights while they are being typed.
pub(super) fn settings_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe, typed: &mut Option<String>) {
    ui.add_space(4.0);
    egui::CollapsingHeader::new("Network").id_salt("network").show(ui, |ui| network::ui(ui, cx, recipe, typed));
    egui::CollapsingHeader::new("Training").id_salt("training").show(ui, |ui| training_ui(ui, cx, recipe));
}

fn training_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe) {
    let family = recipe.model.architecture;
    let mut training = recipe.training.clone().unwrap_or_else(|| Training::official(family));
    let before = training.clone();
    egui::Grid::new("training").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
        ui.label("Pruning").on_hover_text("Whether training prunes as it goes");
        combo(ui, "Pruning while training", schedule_text(training.schedule).0, |ui| {
            for schedule in [Schedule::Dense, Schedule::During, Schedule::Lottery] {
                let (name, says) = schedule_text(schedule);
                ui.selectable_value(&mut training.schedule, schedule, name).on_hover_text(says);
            }
        });
        ui.end_row();
        if training.schedule != Schedule::Dense {
            ui.label("Growth").on_hover_text("How the thresholds grow over the first half of the epochs");
            combo(ui, "Growth of the thresholds", &training.ramp.title().to_lowercase(), |ui| {
                for ramp in Ramp::ALL {
                    let name = ramp.title().to_lowercase();
                    ui.selectable_value(&mut training.ramp, ramp, name).on_hover_text(ramp.source());
                }
            });
            ui.end_row();
        }
        if training.schedule == Schedule::Lottery {
            let says = "How often weights are removed and the others set back; then the last training";
            number(ui, "Rounds", says, &mut training.rounds, 1..=64);
        }
        number(ui, "Epochs", "Passes over the training nodes; of every round", &mut training.epochs, 1..=100_000);
        real(ui, "Step size", "Adam's learning rate", &mut training.learning_rate, 0.0..=1.0);
        real(ui, "Weight decay", "L2 penalty added to the gradient", &mut training.weight_decay, 0.0..=1.0);
        number(
            ui,
            "Patience",
            "Epochs without a better validation accuracy before the step size is halved",
            &mut training.patience,
            1..=100_000,
        );
        if recipe.model.architecture.is_trained_in_batches() {
            number(
                ui,
                "Batch",
                "Training nodes per step; 0 takes all at once",
                &mut training.batch_size,
                0..=1_000_000,
            );
        }
    });
    if training.schedule == Schedule::Dense {
        ui.checkbox(&mut training.inductive, "Without the test nodes").on_hover_text(
            "Inductive: the test nodes and their entries are not there while the model is trained, so that they are new to it; they are scored in \
             the whole graph. For a model that will meet nodes that arrive later",
        );
    } else {
        training.inductive = false;
    }
    if training.schedule != Schedule::Dense && recipe.recovery.is_some() {
        warning(
            ui,
            cx,
            "Training that prunes knows no recovery: train without pruning, or switch Recover accuracy off",
        );
    }
    if training.schedule == Schedule::Lottery && recipe.weights.mode != WeightMode::Target {
        warning(ui, cx, "The lottery removes a share: weights need the mode target");
        if ui.button("Use target").on_hover_text("Half of the weights, until the slider says otherwise").clicked() {
            (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
        }
    } else {
        let asked = Recipe { training: Some(training.clone()), ..fitted_to(recipe, &recipe.model) };
        if let Some(fault) = asked.check().err().filter(|_| recipe.model.check().is_ok()) {
            warning(ui, cx, &fault.to_string());
        }
    }
    if ui
        .button("Authors' settings")
        .on_hover_text("The settings of the authors' experiments for this family")
        .clicked()
    {
        let Training { schedule, ramp, rounds, .. } = training;
        training = Training { schedule, ramp, rounds, ..Training::official(family) };
    }
    ui.label(weak(cx.tokens, "Used by Train; a given model is pruned as it is"));
    if training != before {
        recipe.training = Some(training);
    }
}

fn schedule_text(schedule: Schedule) -> (&'static str, &'static str) {
    match schedule {
        Schedule::Dense => ("none", "The model is trained dense"),
        Schedule::Lottery => (
            "lottery",
            "Train, remove a part of the weights, set the others back, and again (Frankle and Carbin, 2019)",
        ),
        Schedule::During => (
            "as it trains",
            "Masks are recomputed in every step; in the second half of the epochs weight masks only grow",
        ),
    }
}
