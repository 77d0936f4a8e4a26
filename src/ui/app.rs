//! The window: `logic` polls and reads the keyboard, `ui` draws; the commands of a frame are applied after it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use eframe::egui::{self, Align2, FontId};
use egui_tiles::Tree;

use super::actions::Action;
use super::context::{ArrivalField, CheckField, CommandQueue, SaveRequest, ViewCx};
use super::dialogs::{Answer, Ask, Dialogs, SystemDialogs};
use super::frames::FrameTimes;
use super::layout::{self, Behaviour};
use super::pane::Pane;
use super::panels::help::Help;
use super::panels::tools::Tools;
use super::panels::{
    Leaving, Next, Palette, Question, StatusBar, Toasts, TrainForm, TypedPath, Welcome, import_ui, menu_bar, outside_ui,
};
use super::saved::{self, Saved};
use super::theme;
use super::tokens::{self, Themes, Tokens};
use super::views::Views;
use super::widgets::strong;
use super::words::speak;
use crate::engine::EngineError;
use crate::engine::graph::Dataset;
use crate::io::export::ExportItem;
use crate::session::jobs::Lane;
use crate::session::words::Language;
use crate::session::{Command, ReproducePlan, RunId, Session, StoreForm};
use crate::ui::words::{Say as _, words_of};

/// With what the window starts.
#[derive(Debug)]
pub struct Settings {
    /// Worker threads; 0 = all cores.
    pub n_threads: usize,
    /// What to open: paths or `sample:NAME`.
    pub open: Vec<String>,
    /// The language where none was ever switched to.
    pub language: Language,
    /// What was kept from the last time.
    pub saved: Saved,
    /// How to ask for paths.
    pub dialogs: Box<dyn Dialogs>,
    /// Where sessions are kept while they are at work; without, nothing is kept.
    pub sessions: Option<PathBuf>,
    /// Where reports of internal errors lie; without, nobody is told of them.
    pub crash_reports: Option<PathBuf>,
    /// What draws the window, for people; may be empty.
    pub renderer: String,
}

impl Default for Settings {
    fn default() -> Self {
        let dialogs = Box::new(SystemDialogs);
        Self {
            n_threads: 0,
            open: Vec::new(),
            language: Language::default(),
            saved: Saved::default(),
            dialogs,
            sessions: None,
            crash_reports: None,
            renderer: String::new(),
        }
    }
}

/// What a dialog was for.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    Open,
    SaveProject,
    SaveModel,
    SaveRecipe,
    Save(SaveRequest),
    Export(RunId),
    ExportItems(RunId, Vec<ExportItem>),
    Propagate,
    StoreGraph(StoreForm),
    Pilot(RunId),
    Report(RunId),
    Cluster(RunId),
    CompareRun(RunId),
    Check(CheckField),
    Arrivals(ArrivalField),
    Reproduce(Box<ReproducePlan>),
}

/// What a dialog was for, what it asked for, and what it came to.
type ChosenPaths = (Purpose, Ask, Answer);

/// The whole window.
#[derive(Debug)]
pub struct App {
    pub(super) session: Session,
    pub(super) out: CommandQueue,
    views: Views,
    pub(super) tree: Tree<Pane>,
    pub(super) narrow: Tree<Pane>,
    pub(super) single: Tree<Pane>,
    themes: Themes,
    pub(super) saved: Saved,
    pub(super) dialogs: Box<dyn Dialogs>,
    pub(super) chosen: (SyncSender<ChosenPaths>, Receiver<ChosenPaths>),
    pub(super) palette: Palette,
    pub(super) help: Help,
    pub(super) tools: Tools,
    pub(super) train_form: TrainForm,
    pub(super) status: StatusBar,
    pub(super) question: Question,
    pub(super) typed_path: TypedPath<Purpose>,
    toasts: Toasts,
    welcome: Welcome,
    /// Whether checks are shown although nothing is open.
    pub(super) monitors_alone: bool,
    frames: FrameTimes,
    /// What this frame took before anything is drawn.
    logic: Duration,
    /// The graph that was brought to the front as a drawing, because it came without a model.
    graph_alone: Option<Weak<Dataset>>,
    /// Whether the window is to go, whatever is still under way.
    is_closing: bool,
    /// Whether everything is saved or was discarded.
    leaves_nothing: bool,
    /// Whether a short window has the inspector beside the verdict.
    pub(super) is_inspector_beside: bool,
    /// The width that the columns at the sides were fitted to last.
    pub(super) fitted_width: f32,
    pub(super) performed: Option<Action>,
}

/// Answers of dialogs that may wait for the next frame.
const MAX_CHOSEN: usize = 64;

impl App {
    /// A window with these settings.
    ///
    /// # Errors
    /// [`EngineError::Threads`].
    pub fn new(ctx: &egui::Context, settings: Settings) -> Result<Self, EngineError> {
        let waker = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint())
        };
        let themes = Themes::load();
        theme::install(ctx, &themes);
        let saved = settings.saved.checked();
        ctx.set_theme(saved.theme);
        ctx.set_zoom_factor(saved.zoom);
        let mut session = Session::new(settings.n_threads, waker)?;
        if let Some(sessions) = settings.sessions {
            session = session.with_autosave(sessions);
        }
        if let Some(folder) = settings.crash_reports {
            session = session.with_crash_reports(folder);
        }
        session.set_language(saved.language.unwrap_or(settings.language));
        session.set_recent(saved.recent.clone());
        session.set_limit(saved.limit);
        if !settings.open.is_empty() {
            // As if they had been dropped; what needs no report is opened.
            session.apply(Command::Import(settings.open));
        }
        Ok(Self {
            session,
            out: CommandQueue::default(),
            views: Views::default(),
            tree: saved.layout.clone().unwrap_or_else(layout::first),
            narrow: layout::narrow(),
            single: layout::single(),
            themes,
            saved,
            dialogs: settings.dialogs,
            chosen: sync_channel(MAX_CHOSEN),
            palette: Palette::default(),
            help: Help::drawn_by(settings.renderer),
            tools: Tools::default(),
            train_form: TrainForm::default(),
            status: StatusBar::default(),
            question: Question::default(),
            typed_path: TypedPath::default(),
            toasts: Toasts::default(),
            welcome: Welcome::default(),
            monitors_alone: false,
            frames: FrameTimes::default(),
            logic: Duration::ZERO,
            graph_alone: None,
            is_closing: false,
            leaves_nothing: false,
            is_inspector_beside: false,
            fitted_width: 0.0,
            performed: None,
        })
    }

    /// The session, to read.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Sends a command, as a view would.
    pub fn send(&self, command: Command) {
        self.out.send(command);
    }

    /// How long our own code took in the last frames.
    pub fn frames(&self) -> &FrameTimes {
        &self.frames
    }

    /// Whether the window was asked to go, and nothing holds it any more.
    pub fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// The action that was done last.
    pub fn last_action(&self) -> Option<Action> {
        self.performed
    }

    /// Which pane of the centre is in front.
    pub fn shown_pane(&self) -> Option<Pane> {
        if self.monitors_alone {
            return Some(Pane::Monitor);
        }
        let active = self.tree.active_tiles();
        let panes = active.iter().filter_map(|id| self.tree.tiles.get_pane(id)).copied();
        panes.into_iter().find(|p| Pane::CENTRE.contains(p))
    }

    /// What happens whether or not the window is seen: answers of jobs and dialogs, keys, dropped files. Paints nothing.
    pub fn update(&mut self, ctx: &egui::Context) {
        let began = Instant::now();
        speak(self.session.language());
        self.session.poll();
        self.front_what_came();
        self.take_chosen();
        self.take_dropped(ctx);
        for action in pressed(ctx) {
            // An open question is answered first.
            let answers = matches!(action, Action::Cancel | Action::Quit | Action::CloseInputs);
            if answers || !(self.question.is_open() || self.typed_path.is_open()) {
                self.perform(action, ctx);
            }
        }
        self.guard_close(ctx);
        self.keep_session(ctx);
        if !self.session.is_idle() {
            // Elapsed times go on although no job has news.
            ctx.request_repaint_after(Duration::from_millis(250));
        }
        self.logic += began.elapsed();
    }

    /// Keeps what would be missed if the program were killed.
    fn keep_session(&mut self, ctx: &egui::Context) {
        if let Some(layout) = self.session.take_window().and_then(|text| layout::from_text(&text)) {
            self.tree = layout;
            (self.is_inspector_beside, self.fitted_width) = (false, 0.0);
        }
        let (now, is_released) = ctx.input(|input| (input.time, input.pointer.any_released()));
        if is_released {
            // A tab may have been chosen, or a pane dragged.
            self.session.touch();
        }
        let now = Duration::try_from_secs_f64(now).unwrap_or_default();
        let (tree, is_beside) = (&self.tree, self.is_inspector_beside);
        self.session.tick(now, || layout::to_text(&layout::tall(tree, is_beside)));
        if let Some(wait) = self.session.next_tick(now) {
            ctx.request_repaint_after(wait);
        }
    }

    /// Draws everything, then applies what was asked for.
    pub fn main_ui(&mut self, ui: &mut egui::Ui) {
        let began = Instant::now();
        speak(self.session.language());
        let ctx = ui.ctx().clone();
        let tokens = self.themes.of(ctx.theme()).clone();
        let bar = egui::Frame::new().fill(tokens.sunken).inner_margin(egui::Margin::symmetric(8, 0));
        let menu = bar.inner_margin(egui::Margin::symmetric(8, 6));
        let mut action = None;
        egui::Panel::top("menu").exact_size(34.0).resizable(false).frame(menu).show(ui, |ui| {
            action = menu_bar::ui(ui, &self.session, &tokens);
        });
        egui::Panel::bottom("status").exact_size(28.0).resizable(false).frame(bar).show(ui, |ui| {
            self.status.ui(ui, &self.session, &tokens, &self.out);
        });
        let centre = egui::Frame::new().fill(tokens.surface);
        egui::CentralPanel::default().frame(centre).show(ui, |ui| self.centre_ui(ui, &tokens));
        let chosen = self.palette.ui(&ctx, &self.session, &tokens, &self.out);
        self.help.ui(&ctx, &tokens, &self.session, &self.frames, &self.out);
        let cx = ViewCx { session: &self.session, tokens: &tokens, out: &self.out };
        self.tools.ui(&ctx, &cx);
        self.train_form.ui(&ctx, &cx);
        if let Some(outside) = self.session.store().outside.front() {
            outside_ui(&ctx, outside, &tokens, &self.out);
        }
        self.question.ui(&ctx, &self.session, &tokens);
        if let Some((purpose, path)) = self.typed_path.ui(&ctx, &tokens) {
            self.take_paths(purpose, path.as_slice());
        }
        self.toasts.ui(&ctx, &self.session.store().notices, &tokens);
        drop_hint_ui(&ctx, &tokens);
        if let Some(action) = action.or(chosen) {
            self.perform(action, &ctx);
        }
        self.apply_queue(&ctx);
        self.frames.add(std::mem::take(&mut self.logic) + began.elapsed());
    }

    fn centre_ui(&mut self, ui: &mut egui::Ui, tokens: &Tokens) {
        let store = self.session.store();
        let cx = ViewCx { session: &self.session, tokens, out: &self.out };
        if store.import.is_some() {
            return import_ui(&cx, ui);
        }
        if store.graph.is_none() && store.model.is_none() {
            if !self.monitors_alone {
                return self.welcome.ui(&cx, ui);
            }
            self.monitors_alone = !monitor_alone_ui(&cx, &mut self.views, ui);
            return;
        }
        self.monitors_alone = false;
        let width = ui.available_width();
        let tree = if width < layout::SINGLE_BELOW {
            &mut self.single
        } else if width < layout::NARROW_BELOW {
            &mut self.narrow
        } else {
            &mut self.tree
        };
        if width >= layout::NARROW_BELOW {
            layout::fit_width(tree, width, &mut self.fitted_width);
            layout::fit_height(tree, ui.available_height(), &mut self.is_inspector_beside);
        }
        layout::set_visible(tree, Pane::Node, store.has_selection());
        tree.ui(&mut Behaviour { views: &mut self.views, cx }, ui);
    }

    fn apply_queue(&mut self, ctx: &egui::Context) {
        let commands = self.out.take_commands();
        if !commands.is_empty() {
            ctx.request_repaint();
        }
        for (by, command) in commands {
            let selects = match &command {
                Command::SelectNodes(nodes) => !nodes.is_empty(),
                Command::SelectNode(Some(_)) | Command::SelectEntry { .. } | Command::SelectWeight(_) => true,
                _ => false,
            };
            let words = self.session.words();
            let by = by.map_or_else(|| words.text("by-window"), |pane| pane.title(words));
            self.session.apply_from(&by, command);
            if selects {
                self.show(Pane::Node);
            }
        }
        for request in self.out.take_requests() {
            self.serve(request, ctx);
        }
    }

    fn take_dropped(&self, ctx: &egui::Context) {
        let dropped = ctx.input(|i| i.raw.dropped_files.clone());
        let specs: Vec<String> = dropped.iter().map(|f| f.path().display().to_string()).collect();
        if !specs.is_empty() {
            self.out.send(Command::Import(specs));
            ctx.request_repaint();
        }
    }

    /// A graph that comes without a model is seen as a drawing, where the layers would be empty; with a model, its layers are.
    fn front_what_came(&mut self) {
        let store = self.session.store();
        if store.model.is_some() || store.graph.is_none() {
            let was_alone = self.graph_alone.take().is_some();
            if was_alone && store.model.is_some() && self.shown_pane() == Some(Pane::Graph) {
                self.show(Pane::Layers);
            }
            return;
        }
        let has_more_to_come = self.session.is_busy(&Lane::Load) || self.session.is_busy(&Lane::Train);
        let Some(graph) = store.graph.as_ref().filter(|_| !has_more_to_come) else { return };
        let is_known =
            self.graph_alone.as_ref().is_some_and(|of| std::ptr::eq(of.as_ptr(), Arc::as_ptr(&graph.dataset)));
        if !is_known {
            self.graph_alone = Some(Arc::downgrade(&graph.dataset));
            if self.shown_pane() == Some(Pane::Layers) {
                self.show(Pane::Graph);
            }
        }
    }

    /// Begins to leave: asks first where something would be lost.
    pub(super) fn leave(&mut self, what: Leaving) {
        self.question.ask(what);
    }

    /// Unsaved work is asked about, and files that are being written are finished, before the window goes.
    fn guard_close(&mut self, ctx: &egui::Context) {
        let is_asked = ctx.input(|i| i.viewport().close_requested());
        if is_asked && !self.is_closing {
            if self.question.is_waiting() {
                // Whoever asks twice does not want to wait; what is half written leaves nothing behind.
                self.is_closing = true;
            } else {
                ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
                self.leave(Leaving::Program);
            }
        }
        match self.question.next(&self.session) {
            None => {}
            Some(Next::Save) => match self.session.store().project.clone() {
                Some(path) => self.out.send(Command::SaveProject(path)),
                None => self.ask_project(ctx),
            },
            Some(Next::Leave(Leaving::Inputs)) => self.out.send(Command::CloseInputs),
            Some(Next::Leave(Leaving::Program)) => {
                (self.is_closing, self.leaves_nothing) = (true, true);
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        }
    }

    /// What is remembered until the next start.
    pub fn to_save(&self) -> Saved {
        let store = self.session.store();
        Saved {
            layout: Some(layout::tall(&self.tree, self.is_inspector_beside)),
            limit: store.limit,
            recent: store.recent.clone(),
            ..self.saved.clone()
        }
    }
}

/// The actions whose keys were pressed; those with more modifiers first, since `Ctrl+Enter` also matches with Shift.
fn pressed(ctx: &egui::Context) -> Vec<Action> {
    let is_typing = ctx.text_edit_focused();
    let is_popup_open = egui::Popup::is_any_open(ctx);
    let mut actions: Vec<_> = Action::ALL.into_iter().filter_map(|a| Some((a, a.shortcut()?))).collect();
    actions.sort_by_key(|(_, keys)| std::cmp::Reverse(keys.modifiers.shift));
    let left_to_others = |action: Action| match action {
        Action::Undo | Action::Redo => is_typing,
        Action::Cancel => is_popup_open || is_typing,
        _ => false,
    };
    actions.retain(|(action, _)| !left_to_others(*action));
    ctx.input_mut(|input| {
        let mut is_pressed = |action: Action, keys: &egui::KeyboardShortcut| {
            input.consume_shortcut(keys)
                // The unshifted key of many keyboards.
                || (action == Action::ZoomIn && input.consume_key(egui::Modifiers::COMMAND, egui::Key::Equals))
        };
        actions.into_iter().filter(|(action, keys)| is_pressed(*action, keys)).map(|(action, _)| action).collect()
    })
}

/// While files hover over the window.
fn drop_hint_ui(ctx: &egui::Context, tokens: &Tokens) {
    let words = words_of(ctx);
    if ctx.input(|i| i.raw.hovered_files.is_empty()) {
        return;
    }
    let painter = ctx.layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop")));
    let rect = ctx.content_rect();
    painter.rect_filled(rect, 0.0, tokens.accent_weak.gamma_multiply(0.9));
    let font = FontId::proportional(tokens::TITLE);
    painter.text(rect.center(), Align2::CENTER_CENTER, words.text("app-drop"), font, tokens.text);
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.update(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.main_ui(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, saved::KEY, &self.to_save());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.session.apply(Command::CancelAll);
        if self.leaves_nothing || !self.session.has_unsaved_work() {
            self.session.end();
        }
    }
}

/// Checks without anything open; answers whether that is over.
fn monitor_alone_ui(cx: &ViewCx<'_>, views: &mut Views, ui: &mut egui::Ui) -> bool {
    let words = ui.words();
    let mut is_over = false;
    egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.horizontal(|ui| {
            is_over = ui.button(words.text("app-back")).on_hover_text(words.text("app-back-says")).clicked();
            ui.label(strong(Pane::Monitor.title(ui.words())).size(super::tokens::HEADING));
        });
        ui.add_space(6.0);
        if let Some(view) = views.get_mut(Pane::Monitor) {
            view.ui(cx, ui);
        }
    });
    is_over
}
