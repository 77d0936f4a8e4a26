//! Export: what a bundle will hold, how large it will be, forms for other programs, and what was written.

use std::collections::BTreeSet;

use eframe::egui;

use super::export_pilot::PilotForm;
use super::{View, ViewCx, WindowRequest};
use crate::engine::experiment::ValueType;
use crate::io::bundle::{BundleOptions, PlannedFile, PlannedSize, contents};
use crate::io::cluster::JobParts;
use crate::io::escaped_path;
use crate::io::export::ExportItem;
use crate::session::jobs::JobId;
use crate::session::{Command, Exported, Phase, RunEntry, RunId, Store, format};
use crate::ui::panels::recipe_summary;
use crate::ui::widgets::{card, empty_state, mono, page_ui, section, shown, strong, weak};

/// The view; it holds only what is chosen.
#[derive(Debug)]
pub(super) struct Export {
    chosen: Option<RunId>,
    /// Forms for other programs.
    items: BTreeSet<ExportItem>,
    /// What the bundle of a run will hold, as chosen.
    planned: Option<((RunId, BundleOptions), Vec<PlannedFile>)>,
    pilot: PilotForm,
    /// Why a run is no job for a cluster, where it is none.
    for_cluster: Option<(RunId, Option<String>)>,
    /// The job whose result was brought into view: one may be done before a frame has shown that it runs.
    shown: Option<JobId>,
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
        Self {
            chosen: None,
            items: items.into(),
            planned: None,
            pilot: PilotForm::default(),
            for_cluster: None,
            shown: None,
        }
    }
}

impl View for Export {
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
                shown(format!(
                    "{} · {} · {}",
                    e.name,
                    e.run.dataset.name(),
                    recipe_summary(cx.session.words(), &e.run.recipe)
                ))
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
            let options = store.export.options;
            let key = (entry.id, options);
            if self.planned.as_ref().is_none_or(|(of, _)| *of != key) {
                self.planned = Some((key, contents(&entry.run, options)));
            }
            if let Some((_, files)) = &self.planned {
                contents_ui(ui, cx, files, options, entry.run.recipe.precision.weights);
            }
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
            ui.add_space(12.0);
            self.pilot.ui(ui, cx, entry, is_busy);
            ui.add_space(12.0);
            if self.for_cluster.as_ref().is_none_or(|(of, _)| *of != entry.id) {
                let refused = JobParts::of_run(&entry.run).err().map(|error| error.to_string());
                self.for_cluster = Some((entry.id, refused));
            }
            let refused = self.for_cluster.as_ref().and_then(|(_, refused)| refused.as_deref());
            cluster_ui(ui, cx, entry.id, refused, is_busy);
            if let Some(last) = &store.export.last {
                ui.add_space(8.0);
                let written = ui.scope(|ui| written_ui(ui, cx, last)).response;
                // What came of it is below the list of what was to come.
                if store.export.phase == Phase::Done && self.shown != store.export.job {
                    written.scroll_to_me(None);
                    self.shown = store.export.job;
                }
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

/// Every file that will be written with its size, and the choices that change them.
fn contents_ui(
    ui: &mut egui::Ui,
    cx: &ViewCx<'_>,
    files: &[PlannedFile],
    options: BundleOptions,
    stored_as: ValueType,
) {
    let tokens = cx.tokens;
    section(ui, tokens, "Bundle");
    let mut chosen = options;
    ui.horizontal(|ui| {
        ui.label("Weights of the sparse model");
        if stored_as != ValueType::F32 {
            ui.label(stored_as.key()).on_hover_text("As the recipe stores weights");
            return;
        }
        for values in ValueType::ALL {
            let says = match values {
                ValueType::F32 => "32-bit floats: the same bits",
                ValueType::Bf16 => "16 bits, rounded; what that costs stands in metrics.json and below",
                ValueType::F16 => "16 bits, rounded, up to 65,504; what that costs stands in metrics.json and below",
                ValueType::Int8 => {
                    "8 bits with a scale of every output, chosen on training nodes; what that costs stands in metrics.json and below"
                }
            };
            ui.selectable_value(&mut chosen.values, values, values.key()).on_hover_text(says);
        }
    });
    ui.checkbox(&mut chosen.without_features, "Leave the node features out")
        .on_hover_text("To run the bundle then takes the graph: unifews replay BUNDLE --graph GRAPH");
    if options.without_new_nodes || files.iter().any(|file| file.name == "new_nodes.safetensors") {
        ui.checkbox(&mut chosen.without_new_nodes, "Leave out what decides of nodes that arrive").on_hover_text(
            "It may hold unpruned matrices; without it nodes that arrive cannot be scored with the bundle",
        );
    }
    if let Some(file) = files.iter().find(|file| file.name.starts_with("features.")) {
        ui.colored_label(tokens.warning, format!("⚠ Node features leave the house: {}", file.name));
    } else if files.iter().any(|file| file.name == "embedding.npy") {
        let text = "⚠ embedding.npy, which the model starts from, is made of the node features";
        ui.colored_label(tokens.warning, text);
    } else {
        ui.label(weak(tokens, "Node features stay here: whoever runs the bundle needs the graph"));
    }
    if chosen != options {
        cx.out.send(Command::SetBundleOptions(chosen));
    }
    ui.add_space(4.0);
    egui::Grid::new("files").num_columns(3).spacing([16.0, 3.0]).show(ui, |ui| {
        for file in files {
            let size = match file.size {
                PlannedSize::AtMost(bytes) => format!("≤ {}", format::bytes(bytes)),
                PlannedSize::About(bytes) => format!("≈ {}", format::bytes(bytes)),
            };
            ui.label(mono(&file.name));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(weak(tokens, size)));
            ui.label(&file.says);
            ui.end_row();
        }
    });
    let total: u64 = files.iter().map(|file| file.size.bytes()).sum();
    ui.label(weak(tokens, format!("{} files, about {}", files.len(), format::bytes(total))));
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

/// The same recipe as a job for Apache Spark, and what came of one.
fn cluster_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, id: RunId, refused: Option<&str>, is_busy: bool) {
    section(ui, cx.tokens, "For a cluster");
    let about = "The same recipe as a job for Apache Spark, for graphs that no single machine holds. It reads nodes and edges as Parquet.";
    ui.add(egui::Label::new(weak(cx.tokens, about)).wrap());
    if let Some(why) = refused {
        ui.add(egui::Label::new(weak(cx.tokens, format!("Not this run: {why}"))).wrap());
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let button = egui::Button::new("Export job…");
        let response = ui.add_enabled(!is_busy && refused.is_none(), button);
        if response.on_hover_text("Choose a folder; its README has the spark-submit lines").clicked() {
            cx.out.request(WindowRequest::ClusterDialog(id));
        }
        let response = ui.button("Compare with a run on disk…");
        if response.on_hover_text("What a job wrote, or a bundle: masks, classes and logits").clicked() {
            cx.out.request(WindowRequest::CompareRunDialog(id));
        }
    });
    let Some((of, folder, page)) = &cx.session.store().export.compared else { return };
    if *of == id {
        ui.add_space(4.0);
        card(ui, cx.tokens, |ui| {
            ui.set_width(ui.available_width());
            ui.label(strong("This run beside"));
            ui.add(egui::Label::new(mono(escaped_path(folder))).wrap());
            page_ui(ui, cx.tokens, page);
        });
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
        for note in &last.notes {
            ui.add(egui::Label::new(weak(cx.tokens, note)).wrap());
        }
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
