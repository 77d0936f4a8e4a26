//! Export: what a bundle will hold, how large it will be, forms for other programs, and what was written.

use std::collections::BTreeSet;

use eframe::egui;

use super::{View, ViewCx, WindowRequest};
use crate::io::export::ExportItem;
use crate::session::{Exported, Phase, RunEntry, RunId, Store, format};
use crate::ui::panels::recipe_summary;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{card, empty_state, mono, section, shown, strong, weak};

/// The view; it holds only what is chosen.
#[derive(Debug)]
pub(super) struct Export {
    chosen: Option<RunId>,
    /// Forms for other programs.
    items: BTreeSet<ExportItem>,
}

impl Default for Export {
    fn default() -> Self {
        let items = [
            ExportItem::WeightsPygSafetensors,
            ExportItem::GraphsNpz,
            ExportItem::PredictionsCsv,
            ExportItem::MetricsCsv,
            ExportItem::RecipeToml,
        ];
        Self { chosen: None, items: items.into() }
    }
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
            let label = |e: &RunEntry| {
                shown(format!("{} · {} · {}", e.name, e.run.dataset.name(), recipe_summary(&e.run.recipe)))
            };
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
            ui.add_space(12.0);
            items_ui(ui, cx, entry.id, &mut self.items, is_busy);
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
    section(ui, tokens, "Bundle");
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

/// The forms for other programs, one line per kind.
fn items_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, id: RunId, items: &mut BTreeSet<ExportItem>, is_busy: bool) {
    section(ui, cx.tokens, "For other programs");
    egui::Grid::new("items").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut rest = &ExportItem::ALL[..];
        while let Some(first) = rest.first() {
            let n = rest.iter().take_while(|item| item.group() == first.group()).count();
            let (group, others) = rest.split_at(n);
            rest = others;
            ui.label(first.group());
            ui.horizontal_wrapped(|ui| {
                for item in group {
                    let mut is_chosen = items.contains(item);
                    let response = ui.checkbox(&mut is_chosen, item.title());
                    let label = format!("{}: {}", item.group(), item.title());
                    response.widget_info(|| {
                        egui::WidgetInfo::selected(egui::Role::CheckBox, true, is_chosen, label.clone())
                    });
                    if response.on_hover_text(item.key()).changed() {
                        if is_chosen {
                            items.insert(*item);
                        } else {
                            items.remove(item);
                        }
                    }
                }
            });
            ui.end_row();
        }
    });
    ui.add_space(4.0);
    let button = egui::Button::new("Export files…");
    let response = ui.add_enabled(!is_busy && !items.is_empty(), button);
    if response.on_hover_text("Choose a folder; every file is read back and compared").clicked() {
        cx.out.request(WindowRequest::ExportItemsDialog(id, items.iter().copied().collect()));
    }
}

fn written_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, last: &Exported) {
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        let total: u64 = last.files.iter().map(|file| file.size_bytes).sum();
        let difference = last.files.iter().filter_map(|file| file.difference.as_ref().map(|d| d.0)).reduce(f64::max);
        ui.horizontal(|ui| {
            if last.is_verified {
                ui.colored_label(cx.tokens.success, "✓ Verified").on_hover_text("Read back and compared");
            } else {
                ui.colored_label(cx.tokens.warning, "⚠ Not verified");
            }
            ui.label(strong(format!("{} files, {}", last.files.len(), format::bytes(total))));
            match difference {
                None if last.is_verified => ui.label(weak(cx.tokens, "every logit has the same bits")),
                None => ui.label(""),
                Some(0.0) => ui.label(weak(cx.tokens, "every number has the same bits")),
                Some(largest) => ui.label(weak(cx.tokens, format!("largest difference {largest:.1e}"))),
            };
        });
        ui.add(egui::Label::new(mono(last.folder.display().to_string())).wrap());
        ui.horizontal(|ui| {
            if let Some(replay) = &last.replay
                && ui.button("Copy replay command").on_hover_text(replay).clicked()
            {
                cx.out.request(WindowRequest::Copy(replay.clone()));
            }
            if ui.button("Show in folder").clicked() {
                cx.out.request(WindowRequest::Reveal(last.folder.clone()));
            }
        });
        for (name, reason) in &last.left_out {
            ui.label(weak(cx.tokens, format!("Left out: {name}: {reason}")));
        }
        egui::CollapsingHeader::new("Files").id_salt("written").show(ui, |ui| {
            egui::Grid::new("written files").num_columns(3).spacing([16.0, 2.0]).show(ui, |ui| {
                for file in &last.files {
                    ui.label(mono(&file.name));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        ui.label(weak(cx.tokens, format::bytes(file.size_bytes)));
                    });
                    if let Some((largest, compared)) = &file.difference {
                        let text = if *largest == 0.0 { "same bits".to_owned() } else { format!("≤ {largest:.1e}") };
                        ui.label(weak(cx.tokens, text)).on_hover_text(format!("Compared: {compared}"));
                    }
                    ui.end_row();
                }
            });
        });
    });
}
