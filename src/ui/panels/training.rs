//! Network and training settings, for the next `Train`.

use eframe::egui;

use super::recipe::{combo, network_note};
use crate::engine::model::{Architecture, Family, Order};
use crate::engine::sparsify::{Recipe, Schedule, Training};
use crate::ui::views::ViewCx;
use crate::ui::widgets::weak;

/// Everything that `Train` uses, folded away until it is wanted.
pub(super) fn settings_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe) {
    ui.add_space(4.0);
    egui::CollapsingHeader::new("Network").id_salt("network").show(ui, |ui| {
        network_note(ui, cx, recipe);
        network_ui(ui, recipe);
    });
    egui::CollapsingHeader::new("Training").id_salt("training").show(ui, |ui| training_ui(ui, cx, recipe));
}

fn network_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let model = &mut recipe.model;
    let family = model.architecture;
    let mut wanted = family;
    egui::Grid::new("network").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
        ui.label("Family");
        combo(ui, "Family", family.title(), |ui| {
            for f in Family::ALL {
                ui.selectable_value(&mut wanted, f, f.title()).on_hover_text(f.about());
            }
        });
        ui.end_row();
        number(ui, "Layers", "Layers with weights", &mut model.layers, 1..=64);
        number(ui, "Hidden", "Width between layers", &mut model.hidden, 1..=65_536);
        if model.is_decoupled() {
            number(ui, "Hops", "Propagation steps before the MLP", &mut model.hops, 1..=250);
        } else {
            ui.label("Order").on_hover_text("Which of the two steps of a layer comes first; the masks depend on it");
            combo(ui, "Order", order_text(model.order), |ui| {
                for order in [Order::TransformFirst, Order::PropagateFirst] {
                    ui.selectable_value(&mut model.order, order, order_text(order));
                }
            });
            ui.end_row();
        }
        real(ui, "Dropout", "Share of values dropped between layers while training", &mut model.dropout, 0.0..=0.95);
        real(ui, "r", "In T = D^(r-1) A D^(-r): 0.5 is symmetric, 0 is row-stochastic", &mut model.norm_r, 0.0..=1.0);
        ui.label("");
        ui.checkbox(&mut model.batch_norm, "Batch normalisation");
        ui.end_row();
    });
    if wanted != family {
        recipe.model = Architecture { hidden: model.hidden, ..Architecture::new(wanted) };
        recipe.edges.delta.truncate(1);
        recipe.weights.delta.truncate(1);
        if !recipe.model.is_decoupled() && recipe.edges.mode == crate::engine::sparsify::EdgeMode::Mass {
            recipe.edges.mode = crate::engine::sparsify::EdgeMode::default();
        }
    }
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
        number(ui, "Epochs", "Passes over the training nodes", &mut training.epochs, 1..=100_000);
        real(ui, "Step size", "Adam's learning rate", &mut training.learning_rate, 0.0..=1.0);
        real(ui, "Weight decay", "L2 penalty added to the gradient", &mut training.weight_decay, 0.0..=1.0);
        number(
            ui,
            "Patience",
            "Epochs without a better validation accuracy before the step size is halved",
            &mut training.patience,
            1..=100_000,
        );
        if recipe.model.is_decoupled() {
            number(
                ui,
                "Batch",
                "Training nodes per step; 0 takes all at once",
                &mut training.batch_size,
                0..=1_000_000,
            );
        }
    });
    if ui
        .button("Authors' settings")
        .on_hover_text("The settings of the authors' experiments for this family")
        .clicked()
    {
        training = Training { schedule: training.schedule, ..Training::official(family) };
    }
    ui.label(weak(cx.tokens, "Used by Train; a given model is pruned as it is"));
    if training != before {
        recipe.training = Some(training);
    }
}

fn number(ui: &mut egui::Ui, name: &str, says: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>) {
    let label = ui.label(name).on_hover_text(says);
    ui.add(egui::DragValue::new(value).range(range).update_while_editing(false)).labelled_by(label.id);
    ui.end_row();
}

fn real(ui: &mut egui::Ui, name: &str, says: &str, value: &mut f64, range: std::ops::RangeInclusive<f64>) {
    let label = ui.label(name).on_hover_text(says);
    let number = egui::DragValue::new(value).range(range).speed(1e-4).update_while_editing(false);
    ui.add(number.custom_formatter(|v, _| format!("{v}"))).labelled_by(label.id);
    ui.end_row();
}

fn order_text(order: Order) -> &'static str {
    match order {
        Order::TransformFirst => "transform first",
        Order::PropagateFirst => "propagate first",
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
