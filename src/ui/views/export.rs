//! Export: what a bundle will hold, how large it will be, forms for other programs, and what was written.

use std::collections::BTreeSet;

use eframe::egui;

use super::export_files::file_says;
use super::export_pilot::PilotForm;
use super::export_report::report_ui;
use super::{View, ViewCx, WindowRequest};
use crate::engine::experiment::ValueType;
use crate::io::bundle::{BundleOptions, PlannedFile, PlannedSize, contents};
use crate::io::cluster::JobParts;
use crate::io::escaped_path;
use crate::io::export::ExportItem;
use crate::session::jobs::JobId;
use crate::session::words::Words;
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
        let (store, words) = (cx.session.store(), cx.session.words());
        let Some(entry) = self.entry(store) else {
            return empty_state(ui, cx.tokens, &words.text("export-nothing"), &words.text("export-nothing-next"));
        };
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(760.0);
            section(ui, cx.tokens, &words.text("export-run"));
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
            let name = words.text("export-run-name");
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &name));
            self.chosen = Some(chosen);
            let options = store.export.options;
            let key = (entry.id, options);
            if self.planned.as_ref().is_none_or(|(of, _)| *of != key) {
                self.planned = Some((key, contents(&entry.run, options)));
            }
            if let Some((_, files)) = &self.planned {
                contents_ui(ui, cx, files, options, entry);
            }
            ui.add_space(8.0);
            let is_busy = store.export.phase == Phase::Running;
            ui.horizontal(|ui| {
                let button = egui::Button::new(words.text("export-bundle"));
                if ui.add_enabled(!is_busy, button).on_hover_text(words.hint("export-bundle")).clicked() {
                    cx.out.request(WindowRequest::ExportDialog(entry.id));
                }
                match store.export.phase {
                    Phase::Running => ui.label(weak(cx.tokens, words.text("export-writing"))),
                    Phase::Cancelled => ui.label(weak(cx.tokens, words.text("export-cancelled"))),
                    Phase::Failed => ui.colored_label(cx.tokens.failure, words.text("export-failed")),
                    Phase::Idle | Phase::Done => ui.label(""),
                };
            });
            ui.add_space(12.0);
            items_ui(ui, cx, entry.id, &mut self.items, is_busy);
            ui.add_space(12.0);
            self.pilot.ui(ui, cx, entry, is_busy);
            ui.add_space(12.0);
            report_ui(ui, cx, entry);
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
fn contents_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, files: &[PlannedFile], options: BundleOptions, entry: &RunEntry) {
    let (tokens, words, stored_as) = (cx.tokens, cx.session.words(), entry.run.recipe.precision.weights);
    section(ui, tokens, &words.text("export-section-bundle"));
    let mut chosen = options;
    ui.horizontal(|ui| {
        ui.label(words.text("export-weights"));
        if stored_as != ValueType::F32 {
            ui.label(stored_as.key()).on_hover_text(words.text("export-weights-by-recipe"));
            return;
        }
        for values in ValueType::ALL {
            let says = match values {
                ValueType::F32 => "export-as-f32",
                ValueType::Bf16 => "export-as-bf16",
                ValueType::F16 => "export-as-f16",
                ValueType::Int8 => "export-as-int8",
            };
            ui.selectable_value(&mut chosen.values, values, values.key()).on_hover_text(words.text(says));
        }
    });
    ui.checkbox(&mut chosen.without_features, words.text("export-no-features"))
        .on_hover_text(words.hint("export-no-features"));
    if options.without_new_nodes || files.iter().any(|file| file.name == "new_nodes.safetensors") {
        ui.checkbox(&mut chosen.without_new_nodes, words.text("export-no-new-nodes"))
            .on_hover_text(words.hint("export-no-new-nodes"));
    }
    if let Some(file) = files.iter().find(|file| file.name.starts_with("features.")) {
        let text = words.with("export-features-leave", &[("file", file.name.as_str().into())]);
        ui.colored_label(tokens.warning, text);
    } else if files.iter().any(|file| file.name == "embedding.npy") {
        ui.colored_label(tokens.warning, words.text("export-embedding-leaves"));
    } else {
        ui.label(weak(tokens, words.text("export-features-stay")));
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
            ui.label(file_says(file, &entry.run, options, words));
            ui.end_row();
        }
    });
    let total: u64 = files.iter().map(|file| file.size.bytes()).sum();
    let total = [("n", files.len().to_string().into()), ("size", format::bytes(total).into())];
    ui.label(weak(tokens, words.with("export-total", &total)));
}

/// The forms for other programs, one line per kind.
fn items_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, id: RunId, items: &mut BTreeSet<ExportItem>, is_busy: bool) {
    let words = cx.session.words();
    section(ui, cx.tokens, &words.text("export-section-items"));
    egui::Grid::new("items").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
        let mut rest = &ExportItem::ALL[..];
        while let Some(first) = rest.first() {
            let n = rest.iter().take_while(|item| item.group() == first.group()).count();
            let (group, others) = rest.split_at(n);
            rest = others;
            let group_name = group_of(*first, words);
            ui.label(&group_name);
            ui.horizontal_wrapped(|ui| {
                for item in group {
                    let mut is_chosen = items.contains(item);
                    let form = form_of(*item, words);
                    let response = ui.checkbox(&mut is_chosen, form.as_str());
                    let names = [("group", group_name.as_str().into()), ("form", form.into())];
                    let label = words.with("export-item", &names);
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
    let button = egui::Button::new(words.text("export-items"));
    let response = ui.add_enabled(!is_busy && !items.is_empty(), button);
    if response.on_hover_text(words.hint("export-items")).clicked() {
        cx.out.request(WindowRequest::ExportItemsDialog(id, items.iter().copied().collect()));
    }
}

/// What an item holds.
fn group_of(item: ExportItem, words: &Words) -> String {
    words.text(match item {
        ExportItem::WeightsPygSafetensors
        | ExportItem::WeightsPygPt
        | ExportItem::WeightsDglSafetensors
        | ExportItem::WeightsDglPt => "export-group-weights",
        ExportItem::GraphsNpz | ExportItem::GraphsMtx | ExportItem::GraphsCsv | ExportItem::GraphsPyg => {
            "export-group-graphs"
        }
        ExportItem::Onnx => "export-group-network",
        ExportItem::PredictionsCsv | ExportItem::PredictionsJson | ExportItem::PredictionsParquet => {
            "export-group-predictions"
        }
        ExportItem::MetricsCsv | ExportItem::MetricsJson | ExportItem::MetricsParquet => "export-group-metrics",
        ExportItem::RecipeToml | ExportItem::RecipeYaml | ExportItem::RecipeJson => "export-group-recipe",
    })
}

/// In which form: names of formats are the same in every language.
fn form_of(item: ExportItem, words: &Words) -> String {
    if item == ExportItem::GraphsCsv { words.text("export-edge-list") } else { item.title().to_owned() }
}

/// The same recipe as a job for Apache Spark, and what came of one.
fn cluster_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, id: RunId, refused: Option<&str>, is_busy: bool) {
    let words = cx.session.words();
    section(ui, cx.tokens, &words.text("export-section-cluster"));
    ui.add(egui::Label::new(weak(cx.tokens, words.text("export-cluster-says"))).wrap());
    if let Some(why) = refused {
        let text = words.with("export-not-this-run", &[("why", why.to_owned().into())]);
        ui.add(egui::Label::new(weak(cx.tokens, text)).wrap());
    }
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let button = egui::Button::new(words.text("export-job"));
        let response = ui.add_enabled(!is_busy && refused.is_none(), button);
        if response.on_hover_text(words.hint("export-job")).clicked() {
            cx.out.request(WindowRequest::ClusterDialog(id));
        }
        let response = ui.button(words.text("export-compare"));
        if response.on_hover_text(words.hint("export-compare")).clicked() {
            cx.out.request(WindowRequest::CompareRunDialog(id));
        }
    });
    let Some((of, folder, page)) = &cx.session.store().export.compared else { return };
    if *of == id {
        ui.add_space(4.0);
        card(ui, cx.tokens, |ui| {
            ui.set_width(ui.available_width());
            ui.label(strong(words.text("export-beside")));
            ui.add(egui::Label::new(mono(escaped_path(folder))).wrap());
            page_ui(ui, cx.tokens, page);
        });
    }
}

fn written_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, last: &Exported) {
    let words = cx.session.words();
    card(ui, cx.tokens, |ui| {
        ui.set_width(ui.available_width());
        let total: u64 = last.files.iter().map(|file| file.size_bytes).sum();
        let difference = last.files.iter().filter_map(|file| file.difference.as_ref().map(|d| d.0)).reduce(f64::max);
        ui.horizontal(|ui| {
            if last.is_verified {
                ui.colored_label(cx.tokens.success, words.text("export-verified"))
                    .on_hover_text(words.hint("export-verified"));
            } else {
                ui.colored_label(cx.tokens.warning, words.text("export-not-verified"));
            }
            let total = [("n", last.files.len().to_string().into()), ("size", format::bytes(total).into())];
            ui.label(strong(words.with("export-written", &total)));
            match difference {
                None if last.is_verified => ui.label(weak(cx.tokens, words.text("export-same-logits"))),
                None => ui.label(""),
                Some(0.0) => ui.label(weak(cx.tokens, words.text("export-same-numbers"))),
                Some(largest) => {
                    let largest = format!("{largest:.1e}");
                    ui.label(weak(cx.tokens, words.with("export-difference", &[("largest", largest.into())])))
                }
            };
        });
        ui.add(egui::Label::new(mono(last.folder.display().to_string())).wrap());
        ui.horizontal(|ui| {
            if let Some(replay) = &last.replay
                && ui.button(words.text("export-copy-replay")).on_hover_text(replay).clicked()
            {
                cx.out.request(WindowRequest::Copy(replay.clone()));
            }
            if ui.button(words.text("export-reveal")).clicked() {
                cx.out.request(WindowRequest::Reveal(last.folder.clone()));
            }
        });
        for note in &last.notes {
            ui.add(egui::Label::new(weak(cx.tokens, note)).wrap());
        }
        for (name, reason) in &last.left_out {
            let names = [("name", name.as_str().into()), ("why", reason.as_str().into())];
            ui.label(weak(cx.tokens, words.with("export-left-out", &names)));
        }
        egui::CollapsingHeader::new(words.text("export-files")).id_salt("written").show(ui, |ui| {
            egui::Grid::new("written files").num_columns(3).spacing([16.0, 2.0]).show(ui, |ui| {
                for file in &last.files {
                    ui.label(mono(&file.name));
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        ui.label(weak(cx.tokens, format::bytes(file.size_bytes)));
                    });
                    if let Some((largest, compared)) = &file.difference {
                        let is_same = *largest == 0.0;
                        let text = if is_same { words.text("export-same-bits") } else { format!("≤ {largest:.1e}") };
                        let says = words.with("export-compared", &[("what", compared.as_str().into())]);
                        ui.label(weak(cx.tokens, text)).on_hover_text(says);
                    }
                    ui.end_row();
                }
            });
        });
    });
}
