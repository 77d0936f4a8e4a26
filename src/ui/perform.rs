//! What actions and requests do: the one place where the registry meets window and session.

use std::path::PathBuf;

use eframe::egui;

use super::actions::Action;
use super::app::{App, Purpose};
use super::context::{CheckField, WindowRequest};
use super::dialogs::{Answer, Ask};
use super::pane::Pane;
use super::panels::Leaving;
use super::panels::help::Page;
use super::panels::tools::Tool;
use super::saved::{MAX_ZOOM, MIN_ZOOM};
use super::{layout, views};
use crate::engine::experiment::SweepGrid;
use crate::io::escaped;
use crate::session::{Command, RunId, StoreForm, project};

/// One step of the zoom.
const ZOOM_STEP: f32 = 0.1;

impl App {
    /// Does an action, if it can be done now.
    pub fn perform(&mut self, action: Action, ctx: &egui::Context) {
        if !action.is_enabled(&self.session) {
            return;
        }
        self.performed = Some(action);
        match action {
            Action::Open => self.ask(ctx, Ask::Files, Purpose::Open),
            Action::OpenFolder => self.ask(ctx, Ask::Folder, Purpose::Open),
            Action::SaveProject => match self.session.store().project.clone() {
                Some(path) => self.out.send(Command::SaveProject(path)),
                None => self.ask_project(ctx),
            },
            Action::SaveModel => self.ask(ctx, save(&self.name(), "safetensors"), Purpose::SaveModel),
            Action::SaveRecipe => self.ask(ctx, save("recipe", "toml"), Purpose::SaveRecipe),
            Action::Export => {
                let store = self.session.store();
                if let Some(id) = store.finished_run().or_else(|| store.runs.last()).map(|e| e.id) {
                    self.show(Pane::Export);
                    self.ask_export(ctx, id);
                }
            }
            Action::StoreGraph => {
                let name = format!("{}-stored", self.graph_name());
                self.ask(ctx, Ask::NewFolder { name }, Purpose::StoreGraph(StoreForm::Arrays));
            }
            Action::StoreTables => {
                let name = format!("{}-tables", self.graph_name());
                self.ask(ctx, Ask::NewFolder { name }, Purpose::StoreGraph(StoreForm::Parquet));
            }
            Action::SaveProjectAs => self.ask_project(ctx),
            Action::CloseInputs => self.leave(Leaving::Inputs),
            Action::Quit => self.leave(Leaving::Program),
            Action::Undo => self.out.send(Command::Undo),
            Action::Redo => self.out.send(Command::Redo),
            Action::Prune => self.out.send(Command::Prune),
            Action::Sweep => {
                self.show(Pane::Tradeoff);
                let grid = SweepGrid::suited_to(&self.session.store().effective_recipe());
                self.out.send(Command::Sweep(grid));
            }
            Action::Compare => {
                self.show(Pane::Tradeoff);
                self.out.send(Command::Compare(self.session.store().plan.clone()));
            }
            Action::Sensitivity => {
                self.show(Pane::Tradeoff);
                let grid = SweepGrid::suited_to(&self.session.store().effective_recipe());
                self.out.send(Command::Sensitivity(grid));
            }
            Action::Train => {
                self.show(Pane::Training);
                self.train_form.open(&self.session);
            }
            Action::Cancel => {
                if self.session.store().outside.front().is_some() {
                    self.out.send(Command::AnswerOutside(false));
                } else if let Some(purpose) = self.typed_path.close() {
                    self.take_paths(purpose, &[]);
                } else if !(self.question.close()
                    || self.palette.close()
                    || self.help.close()
                    || self.tools.close()
                    || self.train_form.close()
                    || self.status.close()
                    || std::mem::take(&mut self.monitors_alone))
                {
                    let store = self.session.store();
                    self.out.send(match (store.import.is_some(), store.has_selection()) {
                        (true, _) => Command::DiscardImport,
                        (false, true) => Command::SelectNode(None),
                        (false, false) => Command::CancelAll,
                    });
                }
            }
            Action::Palette => self.palette.toggle(),
            Action::LookAtNode => self.palette.ask("node "),
            Action::Show(pane) => self.show(pane),
            Action::ZoomIn => self.set_zoom(ctx, ctx.zoom_factor() + ZOOM_STEP),
            Action::ZoomOut => self.set_zoom(ctx, ctx.zoom_factor() - ZOOM_STEP),
            Action::ZoomReset => self.set_zoom(ctx, 1.0),
            Action::Theme => {
                let is_dark = ctx.theme() == egui::Theme::Dark;
                self.set_theme(ctx, if is_dark { egui::ThemePreference::Light } else { egui::ThemePreference::Dark });
            }
            Action::ThemeSystem => self.set_theme(ctx, egui::ThemePreference::System),
            Action::Language => {
                let language = self.session.language().other();
                self.saved.language = Some(language);
                self.session.set_language(language);
                ctx.request_repaint();
            }
            Action::ResetLayout => {
                self.tree = layout::first();
                (self.is_inspector_beside, self.fitted_width) = (false, 0.0);
                self.narrow = layout::narrow();
                self.single = layout::single();
            }
            Action::FullScreen => {
                let is_full = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                ctx.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!is_full));
            }
            Action::Bench => self.tools.toggle(Tool::Bench),
            Action::ScoreNodes => self.tools.toggle(Tool::ScoreNodes),
            Action::Reproduce => self.tools.toggle(Tool::Reproduce),
            Action::Guide => self.help.toggle(Page::Guide),
            Action::Shortcuts => self.help.toggle(Page::Shortcuts),
            Action::History => self.help.toggle(Page::History),
            Action::Activity => self.help.toggle(Page::Activity),
            Action::Report => {
                self.out.send(Command::Diagnose(false));
                self.help.toggle(Page::Report);
            }
            Action::About => self.help.toggle(Page::About),
        }
        ctx.request_repaint();
    }

    /// Does what a view asked of the window.
    pub(super) fn serve(&mut self, request: WindowRequest, ctx: &egui::Context) {
        match request {
            WindowRequest::Save(request) => {
                let name = request.name.clone();
                self.ask(ctx, Ask::Save { name }, Purpose::Save(request));
            }
            WindowRequest::Show(pane) => self.show(pane),
            WindowRequest::Copy(text) => ctx.copy_text(text),
            WindowRequest::CopyPicture(rect) => copy_picture(ctx, rect),
            WindowRequest::OpenDialog => self.ask(ctx, Ask::Files, Purpose::Open),
            WindowRequest::ExportDialog(id) => {
                self.show(Pane::Export);
                self.ask_export(ctx, id);
            }
            WindowRequest::ExportItemsDialog(id, items) => {
                let name = format!("{}-files", self.export_name(id));
                self.ask(ctx, Ask::NewFolder { name }, Purpose::ExportItems(id, items));
            }
            WindowRequest::PilotDialog(id) => {
                let name = format!("{}-pilot", self.export_name(id));
                self.ask(ctx, Ask::NewFolder { name }, Purpose::Pilot(id));
            }
            WindowRequest::ReportDialog(id) => {
                let choice = self.session.store().export.report;
                let name = views::report_name(choice, &self.export_name(id));
                self.ask(ctx, Ask::Save { name }, Purpose::Report(id));
            }
            WindowRequest::ClusterDialog(id) => {
                let name = format!("{}-job", self.export_name(id));
                self.ask(ctx, Ask::NewFolder { name }, Purpose::Cluster(id));
            }
            WindowRequest::CompareRunDialog(id) => self.ask(ctx, Ask::Folder, Purpose::CompareRun(id)),
            WindowRequest::CheckDialog(field) => {
                let ask = match field {
                    CheckField::Bundle | CheckField::Graph | CheckField::Reference => Ask::Folder,
                    CheckField::Labels | CheckField::Model => Ask::Files,
                };
                self.ask(ctx, ask, Purpose::Check(field));
            }
            WindowRequest::ArrivalsDialog(field) => self.ask(ctx, Ask::Files, Purpose::Arrivals(field)),
            WindowRequest::PropagateDialog => {
                let name = format!("{}-propagated", self.name());
                self.ask(ctx, Ask::NewFolder { name }, Purpose::Propagate);
            }
            WindowRequest::ReproduceDialog(plan) => {
                let ask = save(plan.table.key(), "md");
                self.ask(ctx, ask, Purpose::Reproduce(plan));
            }
            WindowRequest::Reveal(folder) => self.dialogs.reveal(folder),
            WindowRequest::Do(action) => self.perform(action, ctx),
        }
        ctx.request_repaint();
    }

    /// Takes over what was chosen in dialogs.
    pub(super) fn take_chosen(&mut self) {
        while let Ok((purpose, ask, answer)) = self.chosen.1.try_recv() {
            match answer {
                Answer::Chosen(paths) => self.take_paths(purpose, &paths),
                Answer::NoDialog => self.typed_path.ask(purpose, ask),
            }
        }
    }

    /// Does with paths what they were asked for.
    pub(super) fn take_paths(&mut self, purpose: Purpose, paths: &[PathBuf]) {
        let Some(first) = paths.first().cloned() else {
            // Nothing chosen: who was to save first stays.
            if matches!(purpose, Purpose::SaveProject) {
                self.question.close();
            }
            return;
        };
        self.out.send(match purpose {
            Purpose::Open => Command::Import(paths.iter().map(|p| p.display().to_string()).collect()),
            Purpose::SaveProject => Command::SaveProject(first),
            Purpose::SaveModel => Command::SaveModel(first),
            Purpose::SaveRecipe => Command::SaveRecipe(first),
            Purpose::Save(views::SaveRequest { writer, .. }) => Command::WriteFile(writer, first),
            Purpose::Export(id) => Command::Export(id, first),
            Purpose::Propagate => Command::Propagate(first),
            Purpose::Reproduce(plan) => Command::Reproduce(plan, first),
            Purpose::StoreGraph(form) => Command::StoreGraph(first, form),
            Purpose::Pilot(id) => Command::ExportPilot(id, first),
            Purpose::Report(id) => Command::ExportReport(id, first),
            Purpose::Cluster(id) => Command::ExportCluster(id, first),
            Purpose::CompareRun(id) => Command::CompareStored(id, first),
            Purpose::Arrivals(field) => return self.tools.set_arrivals(field, first.display().to_string()),
            Purpose::Check(field) => {
                let mut asked = self.session.store().monitor.asked.clone();
                *field.of(&mut asked) = first.display().to_string();
                Command::SetCheck(Box::new(asked))
            }
            Purpose::ExportItems(id, items) => Command::ExportItems(id, items, first),
        });
    }

    fn ask(&mut self, ctx: &egui::Context, ask: Ask, purpose: Purpose) {
        let (sender, ctx) = (self.chosen.0.clone(), ctx.clone());
        let asked = ask.clone();
        let answered = move |answer: Answer| {
            // A window that is gone has nobody to tell.
            drop(sender.send((purpose, asked, answer)));
            ctx.request_repaint();
        };
        self.dialogs.ask(ask, Box::new(answered));
    }

    /// Asks where the project is to be saved.
    pub(super) fn ask_project(&mut self, ctx: &egui::Context) {
        let name =
            self.session.store().project.as_ref().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
        let suggested = save(&self.name(), project::EXTENSION);
        self.ask(ctx, name.map_or(suggested, |name| Ask::Save { name }), Purpose::SaveProject);
    }

    fn ask_export(&mut self, ctx: &egui::Context, id: RunId) {
        let name = self.export_name(id);
        self.ask(ctx, Ask::NewFolder { name }, Purpose::Export(id));
    }

    /// For the suggested name of a run's folder, for example `cora-gcn-run-1`.
    fn export_name(&self, id: RunId) -> String {
        let name = self.session.store().run(id).map_or_else(String::new, |e| e.name.clone());
        file_name(&format!("{} {}", self.name(), name))
    }

    /// For the suggested name of what is about the graph alone, for example `cora`.
    fn graph_name(&self) -> String {
        let graph = self.session.store().graph.as_ref();
        graph.map_or_else(|| "graph".to_owned(), |g| file_name(g.dataset.name()))
    }

    /// For suggested file names, for example `cora-gcn`.
    fn name(&self) -> String {
        let store = self.session.store();
        let graph = store.graph.as_ref().map(|g| g.dataset.name().to_owned());
        let model = store.model.as_ref().map(|m| m.model.architecture.architecture.key().to_owned());
        let parts: Vec<String> = [graph, model].into_iter().flatten().collect();
        if parts.is_empty() { "unifews".to_owned() } else { file_name(&parts.join("-")) }
    }

    pub(super) fn show(&mut self, pane: Pane) {
        self.session.touch();
        let is_empty = self.session.store().graph.is_none() && self.session.store().model.is_none();
        self.monitors_alone = pane == Pane::Monitor && is_empty;
        for tree in [&mut self.tree, &mut self.narrow, &mut self.single] {
            layout::show(tree, pane);
        }
    }

    fn set_zoom(&mut self, ctx: &egui::Context, zoom: f32) {
        self.saved.zoom = ((zoom * 10.0).round() / 10.0).clamp(MIN_ZOOM, MAX_ZOOM);
        ctx.set_zoom_factor(self.saved.zoom);
    }

    fn set_theme(&mut self, ctx: &egui::Context, theme: egui::ThemePreference) {
        self.saved.theme = theme;
        ctx.set_theme(theme);
    }
}

/// A name as a suggestion for a file: in the chosen folder, and nothing but seen.
fn file_name(name: &str) -> String {
    escaped(name).to_lowercase().replace([' ', '/', '\\', ':'], "-")
}

fn save(stem: &str, ending: &str) -> Ask {
    Ask::Save { name: format!("{stem}.{ending}") }
}

/// Puts what is seen in a part of the window on the clipboard, as soon as the next frame is painted: the menu is gone by then.
fn copy_picture(ctx: &egui::Context, rect: egui::Rect) {
    let (again, rect, scale) = (ctx.clone(), rect.intersect(ctx.content_rect()), ctx.pixels_per_point());
    ctx.request_screenshot(move |seen| {
        let edge = |at: f32, most: usize| ((at * scale).round().max(0.0) as usize).min(most);
        let [left, right] = [rect.left(), rect.right()].map(|x| edge(x, seen.width()));
        let [top, bottom] = [rect.top(), rect.bottom()].map(|y| edge(y, seen.height()));
        if left < right && top < bottom {
            again.copy_image(seen.region_by_pixels([left, top], [right - left, bottom - top]));
            again.request_repaint();
        }
    });
}
