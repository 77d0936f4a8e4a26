//! Fields and notes that several panels have.

use eframe::egui;

use crate::engine::sparsify::Recipe;
use crate::io::LoadReport;
use crate::session::{Command, PagePart, markdown};
use crate::ui::context::{ViewCx, WindowRequest};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{LIST_HEIGHT, chip, shown, strong, value_row, weak};
use crate::ui::words::Say as _;

/// A combo box; `key` is of its name, and `selected` what it shows.
pub(super) fn combo(ui: &mut egui::Ui, key: &str, selected: &str, add: impl FnOnce(&mut egui::Ui)) {
    wide_combo(ui, key, selected, 136.0, add);
}

/// The same where little room is left.
pub(super) fn narrow_combo(ui: &mut egui::Ui, key: &str, selected: &str, add: impl FnOnce(&mut egui::Ui)) {
    wide_combo(ui, key, selected, 84.0, add);
}

fn wide_combo(ui: &mut egui::Ui, key: &str, selected: &str, width: f32, add: impl FnOnce(&mut egui::Ui)) {
    let list = egui::ComboBox::from_id_salt(key).selected_text(selected).width(width).height(LIST_HEIGHT).truncate();
    let response = list.show_ui(ui, add).response;
    response.widget_info(|| {
        let name = ui.words().text(key);
        let mut info = egui::WidgetInfo::labeled(egui::Role::ComboBox, ui.is_enabled(), name);
        info.current_text_value = Some(selected.to_owned());
        info
    });
}

/// A choice in a list, with what it does.
pub(super) fn option<T: PartialEq>(ui: &mut egui::Ui, chosen: &mut T, value: T, key: &str) {
    let words = ui.words();
    ui.selectable_value(chosen, value, words.text(key)).on_hover_text(words.hint(key));
}

/// The name of what follows, with what it is.
pub(super) fn titled(ui: &mut egui::Ui, key: &str) -> egui::Response {
    let words = ui.words();
    ui.label(words.text(key)).on_hover_text(words.hint(key))
}

/// Parts of the recipe that are rarely wanted, folded away until they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// How recovery goes about it.
    Recovery,
    /// What decides a run beside its thresholds.
    More,
}

impl Fold {
    fn id(self) -> egui::Id {
        egui::Id::unique(match self {
            Self::Recovery => "fold recovery",
            Self::More => "fold more",
        })
    }

    fn key(self) -> &'static str {
        match self {
            Self::Recovery => "recipe-fold-recovery",
            Self::More => "recipe-fold-more",
        }
    }

    /// Folds it out where it is drawn next.
    pub(super) fn open(self, ctx: &egui::Context) {
        ctx.data_mut(|data| data.insert_temp(self.id(), true));
    }

    /// The fold; `n_changed` of its settings are not as usual.
    pub(super) fn ui(self, ui: &mut egui::Ui, n_changed: usize, add: impl FnOnce(&mut egui::Ui)) {
        let title = ui.words().text(self.key());
        let title = match n_changed {
            0 => title,
            n => ui.words().with("recipe-fold-changed", &[("title", title.into()), ("n", n.into())]),
        };
        let open = ui.data_mut(|data| data.remove_temp::<bool>(self.id()));
        egui::CollapsingHeader::new(title).id_salt(self.id()).open(open).show_unindented(ui, add);
    }
}

/// The head of the inspector: what is looked at, whether its class changed, and the ways out. `page` is all that is known, as it is copied; none
/// while it is looked up.
pub(super) fn inspected_ui(
    cx: &ViewCx<'_>,
    ui: &mut egui::Ui,
    title: &str,
    (says, is_changed): (Option<&str>, bool),
    is_current: bool,
    page: Option<&dyn Fn() -> Vec<PagePart>>,
) {
    let (tokens, words) = (cx.tokens, ui.words());
    ui.horizontal(|ui| {
        ui.label(strong(title).size(tokens::TEXT));
        let (ink, ground) =
            if is_changed { (tokens.warning, tokens.warning_weak) } else { (tokens.text_weak, tokens.sunken) };
        if let Some(says) = says {
            chip(ui, says, ink, ground);
        }
        if !is_current {
            ui.label(weak(tokens, words.text("inspected-looking")));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.small_button(words.text("inspected-close")).on_hover_text(words.hint("inspected-close")).clicked() {
                cx.out.send(Command::SelectNode(None));
            }
            if let Some(page) = page
                && ui.small_button(words.text("inspected-copy")).on_hover_text(words.hint("inspected-copy")).clicked()
            {
                cx.out.request(WindowRequest::Copy(markdown(&page())));
            }
        });
    });
}

/// A number of things.
pub(super) fn number(
    ui: &mut egui::Ui,
    name: &str,
    says: &str,
    value: &mut usize,
    range: std::ops::RangeInclusive<usize>,
) {
    let label = ui.label(name).on_hover_text(says);
    ui.add(egui::DragValue::new(value).range(range).clamp_existing_to_range(false).update_while_editing(false))
        .labelled_by(label.id);
    ui.end_row();
}

/// A number.
pub(super) fn real(ui: &mut egui::Ui, name: &str, says: &str, value: &mut f64, range: std::ops::RangeInclusive<f64>) {
    let label = ui.label(name).on_hover_text(says);
    let number =
        egui::DragValue::new(value).range(range).clamp_existing_to_range(false).speed(1e-4).update_while_editing(false);
    ui.add(number.custom_formatter(|v, _| format!("{v}"))).labelled_by(label.id);
    ui.end_row();
}

/// A number of things; `key` is of its name, and of what it is.
pub(super) fn number_row(ui: &mut egui::Ui, key: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>) {
    let words = ui.words();
    number(ui, &words.text(key), &words.hint(key), value, range);
}

/// A number; `key` is of its name, and of what it is.
pub(super) fn real_row(ui: &mut egui::Ui, key: &str, value: &mut f64, range: std::ops::RangeInclusive<f64>) {
    let words = ui.words();
    real(ui, &words.text(key), &words.hint(key), value, range);
}

/// What cannot be as it stands.
pub(super) fn warning(ui: &mut egui::Ui, cx: &ViewCx<'_>, text: &str) {
    let text = egui::RichText::new(format!("⚠ {text}")).color(cx.tokens.warning).size(tokens::SMALL);
    ui.add(egui::Label::new(text).wrap());
}

/// Says that the network of the recipe is not the open model's, where that is so.
pub(super) fn network_note(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &Recipe) {
    if let Some(model) = &cx.session.store().model
        && model.model.architecture != recipe.model
    {
        ui.label(weak(cx.tokens, ui.words().text("recipe-network-differs")));
    }
}

/// A field for a path or a sample's name; Enter opens it.
pub(super) fn path_field(cx: &ViewCx<'_>, ui: &mut egui::Ui, typed: &mut String) {
    let words = ui.words();
    let field =
        egui::TextEdit::singleline(typed).hint_text(words.text("field-path-or-sample")).desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, words.text("field-path")));
    let is_entered = response.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
    if is_entered && !typed.trim().is_empty() {
        cx.out.send(Command::Import(vec![typed.trim().to_owned()]));
        typed.clear();
    }
}

/// The name of what is open, and where it is from.
pub(super) fn title_row(ui: &mut egui::Ui, tokens: &Tokens, title: &str, source: &str) {
    ui.add_space(2.0);
    ui.add(egui::Label::new(strong(title).size(tokens::HEADING)).truncate());
    if !source.is_empty() {
        ui.add(egui::Label::new(weak(tokens, source).size(tokens::SMALL)).truncate()).on_hover_text(shown(source));
    }
    ui.add_space(2.0);
}

/// Warnings that are shown; the others are counted.
const SHOWN_WARNINGS: usize = 100;

/// The first warnings, then a count.
pub(super) fn warnings_ui(ui: &mut egui::Ui, tokens: &Tokens, report: &LoadReport) {
    let warning = |text: String| egui::RichText::new(shown(text)).color(tokens.warning).size(tokens::SMALL);
    for text in report.warnings.iter().take(SHOWN_WARNINGS) {
        ui.label(warning(format!("⚠ {text}")));
    }
    let n_more = report.warnings.len().saturating_sub(SHOWN_WARNINGS);
    if n_more > 0 {
        ui.label(warning(ui.words().with("read-report-more", &[("n", n_more.into())])));
    }
}

/// Warnings in the open, facts on request.
pub(super) fn report_ui(ui: &mut egui::Ui, tokens: &Tokens, report: &LoadReport, id: &str) {
    warnings_ui(ui, tokens, report);
    if report.facts.is_empty() && report.ignored.is_empty() {
        return;
    }
    let words = ui.words();
    egui::CollapsingHeader::new(words.text("read-report-title")).id_salt(id).show(ui, |ui| {
        if !report.format.is_empty() {
            value_row(ui, tokens, &words.text("read-report-format"), &report.format).on_hover_text(&report.format);
        }
        for fact in &report.facts {
            value_row(ui, tokens, &fact.name, &fact.value).on_hover_text(shown(&fact.value));
        }
        for ignored in &report.ignored {
            let text = words.with("read-report-not-used", &[("what", ignored.as_str().into())]);
            ui.label(weak(tokens, text).size(tokens::SMALL));
        }
    });
}
