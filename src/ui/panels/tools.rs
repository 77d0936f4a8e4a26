//! Work that is not about what is open, each in a small window of its own: options, progress, the result, copying.

use eframe::egui;

use crate::engine::experiment::arrival_way;
use crate::engine::model::Family;
use crate::session::jobs::Lane;
use crate::session::{Command, Phase, PublishedTable, ReproducePlan, TruthPlan, markdown};
use crate::ui::context::{ArrivalField, ViewCx, WindowRequest};
use crate::ui::panels::status_bar::job_ui;
use crate::ui::tokens;
use crate::ui::widgets::{chip, mono, page_ui, weak};
use crate::ui::words::Say as _;

/// Which tool is open, and what is chosen in them.
#[derive(Debug, Default)]
pub(in crate::ui) struct Tools {
    open: Option<Tool>,
    is_quick: bool,
    plan: ReproducePlan,
    /// The plan's seeds as they are typed.
    seeds: Option<String>,
    /// Nodes to be scored, as they are typed.
    nodes: String,
    /// Files of nodes that arrive, as they are typed or chosen: features, edges.
    arrivals: [String; 2],
    /// Where the table of what is left finds its graphs, as it is typed.
    data: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Tool {
    Bench,
    ScoreNodes,
    Reproduce,
}

impl Tool {
    fn key(self) -> &'static str {
        match self {
            Self::Bench => "tools-bench",
            Self::ScoreNodes => "tools-score",
            Self::Reproduce => "tools-published",
        }
    }

    fn id(self) -> egui::Id {
        egui::Id::unique(match self {
            Self::Bench => "tool bench",
            Self::ScoreNodes => "tool score nodes",
            Self::Reproduce => "tool reproduce",
        })
    }
}

impl Tools {
    /// Opens a tool, or closes it when it is the open one.
    pub(in crate::ui) fn toggle(&mut self, tool: Tool) {
        self.open = if self.open == Some(tool) { None } else { Some(tool) };
    }

    /// Closes the tool; answers whether one was open. What it began goes on.
    pub(in crate::ui) fn close(&mut self) -> bool {
        self.open.take().is_some()
    }

    /// Names a file of nodes that arrive.
    pub(in crate::ui) fn set_arrivals(&mut self, field: ArrivalField, path: String) {
        self.arrivals[field as usize] = path;
    }

    /// Draws the open tool.
    pub(in crate::ui) fn ui(&mut self, ctx: &egui::Context, cx: &ViewCx<'_>) {
        let Some(tool) = self.open else { return };
        let mut is_open = true;
        let room = ctx.content_rect().size() - egui::vec2(48.0, 96.0);
        egui::Window::new(cx.session.words().text(tool.key()))
            .id(tool.id())
            .open(&mut is_open)
            .collapsible(false)
            .resizable(false)
            .default_width(760.0_f32.min(room.x))
            .max_height(room.y)
            .scroll([true, true])
            .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
            .show(ctx, |ui| match tool {
                Tool::Bench => self.bench_ui(cx, ui),
                Tool::ScoreNodes => self.nodes_ui(cx, ui),
                Tool::Reproduce => self.reproduce_ui(cx, ui),
            });
        if !is_open {
            self.open = None;
        }
    }

    fn bench_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let (state, words) = (&cx.session.store().bench, ui.words());
        ui.label(weak(cx.tokens, words.text("tools-bench-says")));
        ui.horizontal(|ui| {
            let is_idle = !cx.session.is_busy(&Lane::Bench);
            if ui.add_enabled(is_idle, egui::Button::new(words.text("tools-measure"))).clicked() {
                cx.out.send(Command::Bench(self.is_quick));
            }
            ui.checkbox(&mut self.is_quick, words.text("tools-quick")).on_hover_text(words.hint("tools-quick"));
            if !state.page.is_empty() && ui.button(words.text("tools-copy-table")).clicked() {
                cx.out.request(WindowRequest::Copy(markdown(&state.page)));
            }
        });
        running_ui(cx, ui, &Lane::Bench, state.phase);
        page_ui(ui, cx.tokens, &state.page);
    }

    fn nodes_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let (store, words) = (cx.session.store(), ui.words());
        ui.label(weak(cx.tokens, words.text("tools-score-says")));
        ui.horizontal(|ui| {
            let label = ui.label(words.text("tools-nodes"));
            let hint = words.text("tools-nodes-ids");
            let field = egui::TextEdit::singleline(&mut self.nodes).desired_width(420.0).hint_text(hint);
            let field = ui.add(field).labelled_by(label.id);
            let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let can_start = store.shown().is_some() && !self.nodes.trim().is_empty();
            let is_asked = ui.add_enabled(can_start, egui::Button::new(words.text("tools-score-do"))).clicked()
                || is_entered && can_start;
            if is_asked {
                cx.out.send(Command::Predict(self.nodes.clone()));
            }
            if !store.answers.page.is_empty() && ui.button(words.text("tools-copy-table")).clicked() {
                cx.out.request(WindowRequest::Copy(markdown(&store.answers.page)));
            }
        });
        self.arrivals_ui(cx, ui);
        running_ui(cx, ui, &Lane::Answer, store.answers.phase);
        if let Some(by) = &store.answers.by {
            ui.horizontal(|ui| {
                ui.label(weak(cx.tokens, words.with("tools-answered-by", &[("what", by.says.as_str().into())])));
                if store.shown().is_none_or(|run| run.recipe != by.recipe) {
                    chip(ui, &words.text("tools-not-shown"), cx.tokens.warning, cx.tokens.warning_weak)
                        .on_hover_text(words.hint("tools-not-shown"));
                }
            });
        }
        page_ui(ui, cx.tokens, &store.answers.page);
    }

    /// Nodes that arrive: two files.
    fn arrivals_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let words = ui.words();
        let shown = cx.session.store().shown();
        let refused = shown.map(|run| arrival_way(&run.recipe).err());
        let has_rule = matches!(refused, Some(None));
        ui.add_space(8.0);
        ui.label(weak(cx.tokens, words.text("tools-arrivals-says")));
        for (field, key, choose_key) in ARRIVALS {
            // No grid: its columns are as narrow as what they held in the frame before.
            ui.horizontal(|ui| {
                let (begin, hint) = (ui.cursor().left(), words.hint(key));
                let label = ui.label(words.text(key)).on_hover_text(&hint);
                ui.add_space((begin + ARRIVALS_NAME_WIDTH - ui.cursor().left()).max(0.0));
                let text = &mut self.arrivals[field as usize];
                let edit = egui::TextEdit::singleline(text).desired_width(400.0).hint_text(hint);
                ui.add(edit).labelled_by(label.id);
                let choose = ui.button(words.text("tools-choose"));
                let says = words.text(choose_key);
                choose.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &says));
                if choose.clicked() {
                    cx.out.request(WindowRequest::ArrivalsDialog(field));
                }
            });
        }
        let [features, edges] = self.arrivals.each_ref().map(|text| text.trim());
        let is_complete = !features.is_empty() && !edges.is_empty();
        let is_idle = !cx.session.is_busy(&Lane::Answer);
        let button =
            ui.add_enabled(has_rule && is_complete && is_idle, egui::Button::new(words.text("tools-score-new")));
        let why = if has_rule { words.text("tools-name-both") } else { words.text("tools-belongs-to-graph") };
        if button.on_disabled_hover_text(&why).clicked() {
            cx.out.send(Command::ScoreArrivals { features: features.into(), edges: edges.into() });
        }
        if !has_rule && is_complete {
            ui.label(weak(cx.tokens, why));
        }
    }

    fn reproduce_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let (state, words) = (&cx.session.store().reproduce, ui.words());
        let plan = &mut self.plan;
        ui.label(weak(cx.tokens, words.text("tools-reproduce-says")));
        for table in PublishedTable::ALL {
            ui.radio_value(&mut plan.table, table, words.text(table_key(table)));
        }
        egui::Grid::new("reproduce").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
            let label = ui.label(words.text("tools-seeds"));
            let first = || plan.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let text = self.seeds.get_or_insert_with(first);
            let field = ui.add(egui::TextEdit::singleline(text).desired_width(FIELD_WIDTH)).labelled_by(label.id);
            if field.changed() {
                let numbers: Result<Vec<u64>, _> = text.split(',').map(|word| word.trim().parse()).collect();
                plan.seeds = numbers.unwrap_or_default();
            }
            if plan.seeds.is_empty() {
                ui.label(egui::RichText::new(words.text("tools-seeds-wrong")).color(cx.tokens.failure));
            }
            ui.end_row();
            or_authors_ui(ui, "tools-epochs", &mut plan.epochs, 200);
            or_authors_ui(ui, "tools-hidden-width", &mut plan.hidden, 512);
            if plan.table == PublishedTable::Truth {
                truth_ui(ui, plan, &mut self.data);
            }
        });
        let kept = if plan.table == PublishedTable::Truth {
            words.text("tools-truth-kept")
        } else {
            words.text("tools-runs-kept")
        };
        if plan.table != PublishedTable::Truth {
            let says = words.hint("tools-every-cell");
            ui.checkbox(&mut plan.is_full, words.text("tools-every-cell")).on_hover_text(says);
        }
        ui.label(weak(cx.tokens, kept));
        ui.horizontal(|ui| {
            let is_complete = !plan.seeds.is_empty() && !plan.truth.families.is_empty();
            let can_start = !cx.session.is_busy(&Lane::Reproduce) && is_complete;
            if ui.add_enabled(can_start, egui::Button::new(words.text("tools-reproduce"))).clicked() {
                cx.out.request(WindowRequest::ReproduceDialog(Box::new(plan.clone())));
            }
            if !state.page.is_empty() && ui.button(words.text("tools-copy-page")).clicked() {
                cx.out.request(WindowRequest::Copy(state.page.clone()));
            }
            if state.n_in_all > 0 {
                ui.label(weak(
                    cx.tokens,
                    words.with("tools-lines", &[("n", state.n_lines.into()), ("all", state.n_in_all.into())]),
                ));
            }
        });
        running_ui(cx, ui, &Lane::Reproduce, state.phase);
        if !state.page.is_empty() {
            ui.add(egui::Label::new(mono(state.page.as_str()).size(tokens::SMALL)).extend().selectable(true));
        }
    }
}

fn table_key(table: PublishedTable) -> &'static str {
    match table {
        PublishedTable::PaperFig10 => "tools-table-fig10",
        PublishedTable::PaperTable3 => "tools-table-table3",
        PublishedTable::AuthorsDecoupled => "tools-table-decoupled",
        PublishedTable::Truth => "tools-table-truth",
    }
}

/// The files of nodes that arrive: keys of what they are called and are, and of choosing them.
const ARRIVALS: [(ArrivalField, &str, &str); 2] = [
    (ArrivalField::Features, "tools-new-features", "tools-choose-features"),
    (ArrivalField::Edges, "tools-new-edges", "tools-choose-edges"),
];
/// Width of their names.
const ARRIVALS_NAME_WIDTH: f32 = 140.0;

/// Room for a list of seeds.
const FIELD_WIDTH: f32 = 160.0;

/// What the table of what is left is made of: rows of a grid.
fn truth_ui(ui: &mut egui::Ui, plan: &mut ReproducePlan, data: &mut String) {
    let words = ui.words();
    let label = ui.label(words.text("tools-data-folder")).on_hover_text(words.hint("tools-data-folder"));
    let field = egui::TextEdit::singleline(data).desired_width(FIELD_WIDTH).hint_text(words.text("tools-data-ships"));
    if ui.add(field).labelled_by(label.id).changed() {
        let folder = data.trim();
        plan.truth.data = (!folder.is_empty()).then(|| folder.into());
    }
    ui.end_row();
    ui.label(words.text("tools-networks"));
    ui.horizontal(|ui| {
        for family in TruthPlan::default().families {
            let mut is_chosen = plan.truth.families.contains(&family);
            if ui.checkbox(&mut is_chosen, family.title()).changed() {
                // In the order they are offered.
                let chosen = |f: &Family| if *f == family { is_chosen } else { plan.truth.families.contains(f) };
                plan.truth.families = TruthPlan::default().families.into_iter().filter(chosen).collect();
            }
        }
    });
    ui.end_row();
}

/// A number, or the authors' own.
fn or_authors_ui(ui: &mut egui::Ui, key: &str, value: &mut Option<usize>, authors: usize) {
    let words = ui.words();
    let label = ui.label(words.text(key));
    let mut is_own = value.is_some();
    ui.horizontal(|ui| {
        let says = [("name", words.text(key).into()), ("number", authors.to_string().into())];
        let says = words.with("tools-other-number", &says);
        if ui.checkbox(&mut is_own, words.text("tools-other-than-authors")).on_hover_text(says).changed() {
            *value = is_own.then_some(authors);
        }
        if let Some(value) = value {
            ui.add(egui::DragValue::new(value).range(1..=100_000)).labelled_by(label.id);
        }
    });
    ui.end_row();
}

/// What runs in a lane with its progress and the way to stop it, or how the last work ended.
fn running_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, lane: &Lane, phase: Phase) {
    if let Some(job) = cx.session.jobs().iter().find(|job| job.lane == *lane) {
        ui.horizontal(|ui| job_ui(ui, job, cx.tokens, cx.out));
        return;
    }
    let words = ui.words();
    match phase {
        Phase::Cancelled => ui.label(weak(cx.tokens, words.text("tools-cancelled"))),
        Phase::Failed => ui.label(egui::RichText::new(words.text("tools-failed")).color(cx.tokens.failure)),
        Phase::Idle | Phase::Running | Phase::Done => return,
    };
}
