//! The head of the verdict: a pill, one sentence, the limit it is held against, and the question that a recovered run stands or falls with.

use eframe::egui::{self, Align, Layout, RichText};

use crate::engine::experiment::Run;
use crate::engine::sparsify::{NodesAre, RecoveryRule};
use crate::session::{BREAKS_AT, Command, Grade, Verdict};
use crate::ui::context::ViewCx;
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{chip, weak};
use crate::ui::words::Say as _;

/// Lines of small print that are kept for the sentence, so that what stands below does not move.
const LINES: f32 = 4.0;
/// Height of such a line.
const LINE: f32 = 14.0;

/// Of numbers that come before the recovered ones.
pub(super) const PLAIN_SAYS: &str = "head-plain-says";

/// Draws it. `is_plain`: the run is the answer without recovery, and the recovered one is on its way.
pub(super) fn head_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, run: &Run, is_plain: bool) {
    let words = ui.words();
    let verdict = Verdict::in_words(run, cx.session.store().limit, cx.session.words());
    ui.horizontal(|ui| {
        let (icon, ink, ground) = looks(cx.tokens, verdict.grade);
        if is_plain {
            // Not what the recipe asks for: no grade of it yet.
            chip(ui, &words.text("head-plain"), cx.tokens.text_weak, cx.tokens.sunken)
                .on_hover_text(words.text(PLAIN_SAYS));
        } else {
            chip(ui, &format!("{icon} {}", verdict.word), ink, ground).on_hover_text(words.with(
                "head-grades",
                &[("why", verdict.why.as_str().into()), ("times", format!("{BREAKS_AT}").into())],
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
    let words = ui.words();
    let mut points = 100.0 * cx.session.store().limit;
    let number = egui::DragValue::new(&mut points)
        .range(0.0..=50.0)
        .clamp_existing_to_range(false)
        .speed(0.05)
        .fixed_decimals(1)
        .suffix(words.text("certificate-points"));
    let response = ui.add(number.update_while_editing(false));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, words.text("head-limit")));
    let says = words.text("head-limit-says");
    if response.on_hover_text(&says).changed() {
        cx.out.send(Command::SetLimit(points / 100.0));
    }
    ui.label(weak(cx.tokens, words.text("head-limit-label")).size(tokens::SMALL)).on_hover_text(says);
}

/// Whether the nodes to be scored are in the graph now: what recovery fitted holds for those alone.
fn question_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, rule: &RecoveryRule) {
    let words = ui.words();
    let question = weak(cx.tokens, words.text("head-question")).size(tokens::SMALL);
    ui.add(egui::Label::new(question).wrap());
    let mut nodes_are = rule.nodes_are;
    ui.horizontal(|ui| {
        ui.radio_value(&mut nodes_are, NodesAre::Static, words.text("head-static"))
            .on_hover_text(words.text("head-static-says"));
        ui.radio_value(&mut nodes_are, NodesAre::New, words.text("head-new"))
            .on_hover_text(words.text("head-new-says"));
    });
    if nodes_are != rule.nodes_are {
        let mut recipe = cx.session.store().recipe.clone();
        recipe.recovery = Some(rule.for_nodes(nodes_are));
        cx.out.send(Command::SetRecipe(Box::new(recipe), None));
    }
}
