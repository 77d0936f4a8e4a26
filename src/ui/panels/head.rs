//! The head of the verdict: a pill, one sentence, the limit it is held against, and the question that a recovered run stands or falls with.

use eframe::egui::{self, Align, Layout, RichText};

use crate::engine::experiment::Run;
use crate::engine::sparsify::{NodesAre, RecoveryRule};
use crate::session::{BREAKS_AT, Command, Grade, Verdict};
use crate::ui::context::ViewCx;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{chip, weak};

/// Lines of small print that are kept for the sentence, so that what stands below does not move.
const LINES: f32 = 4.0;
/// Height of such a line.
const LINE: f32 = 14.0;

/// Of numbers that come before the recovered ones.
pub(super) const PLAIN_SAYS: &str =
    "Unifews as published at these thresholds; the recovered answer takes longer and follows";

/// Draws it. `is_plain`: the run is the answer without recovery, and the recovered one is on its way.
pub(super) fn head_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run, is_plain: bool) {
    let verdict = Verdict::of(run, cx.session.store().limit);
    ui.horizontal(|ui| {
        let (icon, ink, ground) = looks(cx.tokens, verdict.grade);
        if is_plain {
            // Not what the recipe asks for: no grade of it yet.
            chip(ui, "as published, recovered follows", cx.tokens.text_weak, cx.tokens.sunken).on_hover_text(PLAIN_SAYS);
        } else {
            chip(ui, &format!("{icon} {}", verdict.word), ink, ground).on_hover_text(format!(
            "{}\n\nSafe: the loss on validation and test nodes and its standard error together keep within the limit, or no more nodes \
             change their class than that. Breaks: more than {BREAKS_AT} times the limit is lost",
            verdict.why
        ));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| limit_ui(ui, cx));
    });
    let width = ui.available_width();
    ui.allocate_ui_with_layout(egui::vec2(width, LINES * LINE), Layout::top_down(Align::Min), |ui| {
        ui.set_min_size(egui::vec2(width, LINES * LINE));
        let text = RichText::new(&verdict.sentence).size(tokens::SMALL);
        ui.add(egui::Label::new(text).wrap()).on_hover_text(&verdict.why);
    });
    if let Some(rule) = &cx.session.store().recipe.recovery {
        question_ui(ui, cx, rule);
    }
}

fn looks(tokens: &Tokens, grade: Grade) -> (&'static str, egui::Color32, egui::Color32) {
    match grade {
        Grade::Safe => ("✓", tokens.success, tokens.sunken),
        Grade::Costs => ("⚠", tokens.warning, tokens.warning_weak),
        Grade::Breaks => ("✕", tokens.failure, tokens.failure_weak),
        Grade::Unclear => ("?", tokens.text_weak, tokens.sunken),
    }
}

fn limit_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    let mut points = 100.0 * cx.session.store().limit;
    let number = egui::DragValue::new(&mut points)
        .range(0.0..=50.0)
        .clamp_existing_to_range(false)
        .speed(0.05)
        .fixed_decimals(1)
        .suffix(" points");
    let response = ui.add(number.update_while_editing(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Limit"));
    let says = "Points of accuracy that a run may lose and still be called safe; kept with the window's settings";
    if response.on_hover_text(says).changed() {
        cx.out.send(Command::SetLimit(points / 100.0));
    }
    ui.label(weak(cx.tokens, "limit").size(tokens::SMALL)).on_hover_text(says);
}

/// Whether the nodes to be scored are in the graph now: what recovery fitted holds for those alone.
fn question_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, rule: &RecoveryRule) {
    let question = weak(cx.tokens, "Are the nodes to be scored in this graph now?").size(tokens::SMALL);
    ui.add(egui::Label::new(question).wrap());
    let mut nodes_are = rule.nodes_are;
    ui.horizontal(|ui| {
        ui.radio_value(&mut nodes_are, NodesAre::Static, "Yes, static").on_hover_text(
            "Entries, values and weights are fitted to what the unpruned model says of these very nodes",
        );
        ui.radio_value(&mut nodes_are, NodesAre::New, "No, they arrive later").on_hover_text(
            "Static numbers do not hold for those: entries go by a rule that asks the unpruned model nothing about them, and the test nodes \
             play them",
        );
    });
    if nodes_are != rule.nodes_are {
        let mut recipe = cx.session.store().recipe.clone();
        recipe.recovery = Some(rule.for_nodes(nodes_are));
        cx.out.send(Command::SetRecipe(Box::new(recipe), None));
    }
}
