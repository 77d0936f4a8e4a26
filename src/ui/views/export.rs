//! Export: what a bundle will hold, how large it will be, and what was written.

use eframe::egui;

use super::{View, ViewCx, WindowRequest};
use crate::session::{Exported, Phase, RunEntry, RunId, Store, format};
use crate::ui::panels::recipe_summary;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{card, empty_state, mono, section, strong, weak};

/// The view; it holds only which run is chosen.
#[derive(Debug, Default)]
pub(super) struct Export {
    chosen: Option<RunId>,
}

impl View for Export {
    fn title(&self) -> &'static str {
        "Export"
    }

    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        let Some(entry) = self.entry(store) else {
            return empty_state(
                ui,
                cx.tokens,
                "Nothing to export yet",
                "Prune (Ctrl+Enter) makes the run that a bundle is written from",
            );
        };
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(760.0);
            section(ui, cx.tokens, "Run");
            let mut chosen = entry.id;
            let label =
                |e: &RunEntry| format!("{} · {} · {}", e.name, e.run.dataset.name(), recipe_summary(&e.run.recipe));
            let combo = egui::ComboBox::from_id_salt("run").selected_text(label(entry)).width(420.0);
            let response = combo
                .show_ui(ui, |ui| {
                    for e in store.runs.iter().rev() {
                        ui.selectable_value(&mut chosen, e.id, label(e));
                    }
                })
                .response;
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Run to export"));
            self.chosen = Some(chosen);
            contents_ui(ui, cx.tokens, entry);
            ui.add_space(8.0);
            let is_busy = store.export.phase == Phase::Running;
            ui.horizontal(|ui| {
                let button = egui::Button::new("Export bundle…");
                if ui.add_enabled(!is_busy, button).on_hover_text("Choose a folder and write").clicked() {
                    cx.out.request(WindowRequest::ExportDialog(entry.id));
                }
                match store.export.phase {
                    Phase::Running => ui.label(weak(cx.tokens, "Writing, then replaying to verify")),
                    Phase::Cancelled => ui.label(weak(cx.tokens, "Cancelled; nothing was left behind")),
                    Phase::Failed => ui.colored_label(cx.tokens.failure, "✕ It could not be written; see the notices"),
                    Phase::Idle | Phase::Done => ui.label(""),
                };
            });
            if let Some(last) = &store.export.last {
                ui.add_space(8.0);
                written_ui(ui, cx, last);
            }
        });
    }
}

impl Export {
    /// The chosen run, else the one that is shown, else the newest.
    fn entry<'a>(&self, store: &'a Store) -> Option<&'a RunEntry> {
        let chosen = self.chosen.and_then(|id| store.run(id));
        chosen.or_else(|| store.finished_run()).or_else(|| store.runs.last())
    }
}

/// What will be written, with sizes before compression.
fn contents_ui(ui: &mut egui::Ui, tokens: &Tokens, entry: &RunEntry) {
    section(ui, tokens, "What will be written");
    let run = &entry.run;
    let n_parameters = run.model.n_parameters() as u64;
    let steps = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref());
    let (n_steps, n_kept) = steps.fold((0u64, 0u64), |(n, k), e| (n + 1, k + e.n_after as u64));
    let rows = run.dataset.n_nodes() as u64 * n_steps * 4;
    let n_weights: u64 = run.pruned.masks.weights.iter().map(|w| w.len() as u64).sum();
    let lines: [(&str, String, Option<u64>); 7] = [
        (
            "model.safetensors",
            "surviving weights, zeros where removed; PyTorch names".to_owned(),
            Some(n_parameters * 4),
        ),
        ("masks.safetensors", "1 = kept, same shapes".to_owned(), Some(n_weights)),
        (
            "edges/",
            format!("{n_steps} matrices as SciPy CSR, {} entries in all", format::count(n_kept)),
            Some(n_kept * 8 + rows),
        ),
        ("logits.npy", "output of the pruned model".to_owned(), Some(run.pruned.logits.len() as u64 * 4)),
        (
            "predictions.csv",
            "node, label, class before and after, margin".to_owned(),
            Some(run.dataset.n_nodes() as u64 * 28),
        ),
        ("metrics.json, manifest.json, recipe.toml", "numbers, hashes, the complete recipe".to_owned(), None),
        ("load_bundle.py, README.md", "how to run it, for whoever receives this".to_owned(), None),
    ];
    egui::Grid::new("files").num_columns(3).spacing([16.0, 3.0]).show(ui, |ui| {
        for (file, says, size) in &lines {
            ui.label(mono(*file));
            ui.label(weak(tokens, size.map_or_else(String::new, |s| format!("≤ {}", format::bytes(s)))));
            ui.label(says);
            ui.end_row();
        }
    });
}

fn written_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, last: &Exported) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        let total: u64 = last.files.iter().map(|(_, size)| size).sum();
        ui.horizontal(|ui| {
            if last.is_verified {
                ui.colored_label(cx.tokens.success, "✓ Verified")
                    .on_hover_text("Read back and run again: every logit has the same bits");
            } else {
                ui.colored_label(cx.tokens.warning, "⚠ Not verified");
            }
            ui.label(strong(format!("{} files, {}", last.files.len(), format::bytes(total))));
        });
        ui.add(egui::Label::new(mono(last.folder.display().to_string())).wrap());
        ui.horizontal(|ui| {
            if ui.button("Copy replay command").on_hover_text(&last.replay).clicked() {
                cx.out.request(WindowRequest::Copy(last.replay.clone()));
            }
            if ui.button("Show in folder").clicked() {
                cx.out.request(WindowRequest::Reveal(last.folder.clone()));
            }
        });
        egui::CollapsingHeader::new("Files").id_salt("written").show(ui, |ui| {
            egui::Grid::new("written files").num_columns(2).spacing([16.0, 2.0]).show(ui, |ui| {
                for (name, size) in &last.files {
                    ui.label(mono(name));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        ui.label(weak(cx.tokens, format::bytes(*size)));
                    });
                    ui.end_row();
                }
            });
        });
    });
}
