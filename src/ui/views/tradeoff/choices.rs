//! Which methods are compared, over which shares and seeds: the column beside the charts, and their legend.

use eframe::egui::{self, Sense, vec2};

use crate::engine::experiment::{ComparePlan, Method};
use crate::engine::plot::{Curve, CurveStyle, colour_of};
use crate::session::trial_words::{method_title, side_key};
use crate::session::words::Words;
use crate::session::{Command, format};
use crate::ui::actions::Action;
use crate::ui::tokens::{self, Tokens};
use crate::ui::views::{ViewCx, WindowRequest};
use crate::ui::widgets::plot::swatch;
use crate::ui::widgets::{strong, weak};
use crate::ui::words::Say as _;

/// Most steps between the two ends.
const MOST_STEPS: usize = 50;
/// Most seeds.
const MOST_SEEDS: usize = 50;

pub(super) fn ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let (store, words) = (cx.session.store(), cx.session.words());
    let mut plan = store.plan.clone();
    let propagates = store.effective_recipe().model.n_graph_steps() > 0;
    ui.spacing_mut().item_spacing.y = 2.0;
    for is_of_edges in [true, false] {
        let is_usable = propagates || !is_of_edges;
        ui.add_enabled_ui(is_usable, |ui| side_ui(ui, cx.tokens, &mut plan, is_of_edges))
            .response
            .on_disabled_hover_text(words.text("tradeoff-choice-no-graph"));
    }
    recovery_ui(ui, &mut plan);
    ui.add_space(6.0);
    range_ui(ui, cx.tokens, &mut plan);
    ui.add_space(8.0);
    let button = egui::Button::new(words.text("tradeoff-choice-compare"));
    let response = ui.add_enabled(Action::Compare.is_enabled(cx.session), button);
    let tip = Action::Compare.tip(words);
    if response.on_hover_text(&tip).on_disabled_hover_text(words.text("tradeoff-choice-needs")).clicked() {
        cx.out.request(WindowRequest::Do(Action::Compare));
    }
    let run = plan.clone().runnable(propagates);
    let text = words.with("tradeoff-choice-runs", &[("n", format::count(run.len() as u64).into())]);
    ui.label(weak(cx.tokens, text).size(tokens::SMALL)).on_hover_text(words.hint("tradeoff-choice-runs"));
    if plan != store.plan {
        cx.out.send(Command::SetPlan(plan));
    }
}

fn side_ui(ui: &mut egui::Ui, tokens: &Tokens, plan: &mut ComparePlan, is_of_edges: bool) {
    let (words, side) = (ui.words(), side_key(is_of_edges));
    let title = if is_of_edges { "tradeoff-choice-edges" } else { "tradeoff-choice-weights" };
    let offered = Method::offered(plan.has_recovery);
    let all = || offered.iter().copied().filter(|m| m.is_of_edges() == is_of_edges);
    ui.horizontal(|ui| {
        ui.label(strong(words.text(title)));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let is_full = all().all(|m| plan.methods.contains(&m));
            let text = words.text(if is_full { "tradeoff-choice-none" } else { "tradeoff-choice-all" });
            let response = ui.add(egui::Link::new(egui::RichText::new(text).size(tokens::SMALL)));
            let name = if is_full { "tradeoff-choice-none-of" } else { "tradeoff-choice-all-of" };
            let name = words.with(name, &[("side", side.into())]);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, true, &name));
            if response.on_hover_text(&name).clicked() {
                plan.methods.retain(|m| m.is_of_edges() != is_of_edges);
                if !is_full {
                    plan.methods.extend(all());
                }
                sort(plan);
            }
        });
    });
    for method in all() {
        let title = method_title(method, words);
        let mut is_chosen = plan.methods.contains(&method);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let response = ui.add(egui::Checkbox::without_text(&mut is_chosen));
            let names = [("side", side.into()), ("method", title.clone().into())];
            let name = words.with("tradeoff-choice-method", &names);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_chosen, &name));
            let (rect, _) = ui.allocate_exact_size(vec2(22.0, 16.0), Sense::hover());
            let ink = if is_chosen { 1.0 } else { 0.35 };
            let curve = Curve { style: CurveStyle::Marked, colour: colour_of(method), ..Curve::default() };
            let painter = ui.painter().clone();
            let mut painter = painter;
            painter.multiply_opacity(ink);
            swatch(&painter, tokens, &curve, rect.shrink2(vec2(1.0, 4.0)));
            let text = egui::RichText::new(title);
            let text = if is_chosen { text } else { text.color(tokens.text_weak) };
            let label = ui.add(egui::Label::new(text).truncate().sense(Sense::click()));
            let is_clicked = label.clicked();
            let tip = |r: egui::Response| r.on_hover_text(method.source());
            tip(label);
            if tip(response).changed() || is_clicked {
                if plan.methods.contains(&method) {
                    plan.methods.retain(|m| *m != method);
                } else {
                    plan.methods.push(method);
                    sort(plan);
                }
            }
        });
    }
    ui.add_space(6.0);
}

/// In the order they are offered.
fn sort(plan: &mut ComparePlan) {
    let all = Method::offered(true);
    plan.methods.sort_by_key(|method| all.iter().position(|m| m == method));
}

fn range_ui(ui: &mut egui::Ui, tokens: &Tokens, plan: &mut ComparePlan) {
    let ends = (plan.shares.first().copied().unwrap_or(0.1), plan.shares.last().copied().unwrap_or(0.9));
    let before = (percent(ends.0), percent(ends.1), plan.shares.len());
    let (mut from, mut to, mut steps) = before;
    let words = ui.words();
    ui.label(strong(words.text("tradeoff-choice-share"))).on_hover_text(words.hint("tradeoff-choice-share"));
    egui::Grid::new("plan").num_columns(2).spacing([8.0, 3.0]).show(ui, |ui| {
        let mut number = |key: &str, value: &mut u64, range: std::ops::RangeInclusive<u64>, unit: &str| {
            let says = words.hint(key);
            let label = ui.label(weak(tokens, words.text(key))).on_hover_text(&says);
            let field = egui::DragValue::new(value)
                .range(range)
                .clamp_existing_to_range(false)
                .suffix(unit)
                .speed(0.2)
                .update_while_editing(false);
            ui.add(field).on_hover_text(says).labelled_by(label.id);
            ui.end_row();
        };
        number("tradeoff-choice-from", &mut from, 0..=100, " %");
        number("tradeoff-choice-to", &mut to, 0..=100, " %");
        let mut n = steps as u64;
        number("tradeoff-choice-steps", &mut n, 1..=MOST_STEPS as u64, "");
        steps = n as usize;
        let mut n = plan.seeds.len() as u64;
        number("tradeoff-choice-seeds", &mut n, 1..=MOST_SEEDS as u64, "");
        if n as usize != plan.seeds.len() {
            plan.seeds = (1..=n).collect();
        }
    });
    if (from, to, steps) != before {
        plan.shares = shares(from, to.max(from), steps);
    }
    tick_ui(ui, words, &mut plan.has_model_per_seed, "tradeoff-choice-model-per-seed");
}

/// The switch between methods as published and methods with the same recovery.
fn recovery_ui(ui: &mut egui::Ui, plan: &mut ComparePlan) {
    let words = ui.words();
    tick_ui(ui, words, &mut plan.has_recovery, "tradeoff-choice-recovery");
}

fn tick_ui(ui: &mut egui::Ui, words: &Words, is_on: &mut bool, key: &str) {
    ui.checkbox(is_on, words.text(key)).on_hover_text(words.hint(key));
}

fn percent(share: f64) -> u64 {
    (100.0 * share.clamp(0.0, 1.0)).round() as u64
}

/// Evenly spaced shares, in percent from `from` to `to`.
fn shares(from: u64, to: u64, steps: usize) -> Vec<f64> {
    let last = steps.saturating_sub(1).max(1) as f64;
    let at = |i: usize| from as f64 + (to - from) as f64 * i as f64 / last;
    // Four decimals: what is written is what is used.
    (0..steps.max(1)).map(|i| (at(i) * 100.0).round() / 10_000.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_go_from_end_to_end() {
        assert_eq!(shares(10, 90, 3), [0.1, 0.5, 0.9]);
        assert_eq!(shares(10, 90, 9), ComparePlan::default().shares);
        assert_eq!((shares(50, 50, 2), shares(20, 80, 1)), (vec![0.5, 0.5], vec![0.2]));
    }

    #[test]
    fn methods_stay_in_the_order_they_are_offered() {
        let mut plan = ComparePlan { methods: Method::all().into_iter().rev().collect(), ..ComparePlan::default() };
        sort(&mut plan);
        assert_eq!(plan.methods, Method::all());
    }
}
