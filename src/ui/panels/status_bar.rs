//! The bar at the bottom: what runs, how far it is, how to stop it; and the notices with their history.

use std::time::SystemTime;

use eframe::egui::{self, Align, Layout, RichText};

use crate::session::jobs::{JobStatus, Lane};
use crate::session::{Command, Level, Notice, Session, format, removed_in_short};
use crate::ui::context::{CommandQueue, WindowRequest};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{mono, strong, weak};
use crate::ui::words::Say as _;

/// Width of a progress bar, and what is kept for rate and time left, so that nothing jumps.
const BAR_WIDTH: f32 = 140.0;
const RATE_WIDTH: f32 = 150.0;
/// Height of the list of notices.
const LIST_HEIGHT: f32 = 320.0;

/// The bar; it holds only whether the list of notices is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct StatusBar {
    is_open: bool,
}

impl StatusBar {
    /// Draws the bar.
    pub(in crate::ui) fn ui(&mut self, ui: &mut egui::Ui, session: &Session, tokens: &Tokens, out: &CommandQueue) {
        ui.horizontal_centered(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                self.notices_ui(ui, session, tokens, out);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| jobs_ui(ui, session, tokens, out));
            });
        });
    }

    /// Closes the list of notices, if it is open.
    pub(in crate::ui) fn close(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }

    fn notices_ui(&mut self, ui: &mut egui::Ui, session: &Session, tokens: &Tokens, out: &CommandQueue) {
        let words = ui.words();
        let notices = &session.store().notices;
        let worst = notices.all().iter().rev().take(notices.n_unseen()).map(|n| n.level).max();
        let ink = worst.map_or(tokens.text_weak, |level| ink_of(tokens, level));
        let n = notices.all().len();
        let text = match (notices.n_unseen(), n) {
            (0, 0) => words.text("status-no-notices"),
            (0, n) => words.with("status-n-notices", &[("n", n.into())]),
            (unseen, _) => words.with("status-new-notices", &[("n", unseen.into())]),
        };
        let button = ui.add(egui::Button::new(RichText::new(text).color(ink)).frame(false));
        if button.clicked() {
            self.is_open = !self.is_open;
            out.send(Command::SeeNotices);
        }
        egui::Popup::from_response(&button)
            .open_bool(&mut self.is_open)
            .align(egui::RectAlign::TOP_END)
            .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
            .accessible_name(words.text("status-notices"))
            .show(|ui| list_ui(ui, notices.all(), tokens, out));
        ui.separator();
    }
}

fn list_ui(ui: &mut egui::Ui, notices: &[Notice], tokens: &Tokens, out: &CommandQueue) {
    let words = ui.words();
    ui.set_width(420.0_f32.min(ui.ctx().content_rect().width() - 40.0));
    ui.horizontal(|ui| {
        ui.label(strong(words.text("status-notices")));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add_enabled(!notices.is_empty(), egui::Button::new(words.text("status-clear"))).clicked() {
                out.send(Command::ClearNotices);
            }
        });
    });
    if notices.is_empty() {
        ui.label(weak(tokens, words.text("status-nothing")));
    }
    egui::ScrollArea::vertical().min_scrolled_height(LIST_HEIGHT).max_height(LIST_HEIGHT).show(ui, |ui| {
        for notice in notices.iter().rev() {
            ui.separator();
            notice_ui(ui, notice, tokens, out);
        }
    });
}

fn notice_ui(ui: &mut egui::Ui, notice: &Notice, tokens: &Tokens, out: &CommandQueue) {
    let words = ui.words();
    let sign = match notice.level {
        Level::Info => "✓",
        Level::Warning => "⚠",
        Level::Error => "✕",
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(sign).color(ink_of(tokens, notice.level)));
        ui.add(egui::Label::new(notice.title.as_str()).wrap());
    });
    if !notice.detail.is_empty() {
        ui.add(egui::Label::new(weak(tokens, &notice.detail)).wrap().selectable(true));
    }
    if !notice.next.is_empty() {
        ui.add(egui::Label::new(notice.next.as_str()).wrap());
    }
    ui.horizontal(|ui| {
        let ago = SystemTime::now().duration_since(notice.at).map_or(0.0, |d| d.as_secs_f64());
        ui.label(
            weak(
                tokens,
                if ago < 60.0 {
                    words.text("status-just-now")
                } else {
                    words.with("status-ago", &[("time", format::seconds(ago).into())])
                },
            )
            .size(tokens::SMALL),
        );
        if notice.level != Level::Info && ui.small_button(words.text("status-copy")).clicked() {
            let text = format!("{}\n{}\n{}", notice.title, notice.detail, notice.next);
            out.request(WindowRequest::Copy(text.trim().to_owned()));
        }
    });
}

/// The colour of a level.
pub(in crate::ui) fn ink_of(tokens: &Tokens, level: Level) -> egui::Color32 {
    match level {
        Level::Info => tokens.success,
        Level::Warning => tokens.warning,
        Level::Error => tokens.failure,
    }
}

fn jobs_ui(ui: &mut egui::Ui, session: &Session, tokens: &Tokens, out: &CommandQueue) {
    let words = ui.words();
    let jobs: Vec<_> = session.jobs().into_iter().filter(|j| j.lane.is_listed() && is_worth_showing(j)).collect();
    let Some(first) = jobs.first() else {
        ui.label(weak(tokens, in_short(session).unwrap_or_else(|| words.text("status-ready"))));
        return;
    };
    job_ui(ui, first, tokens, out);
    if jobs.len() > 1 {
        ui.separator();
        let others = words.with("status-more", &[("n", (jobs.len() - 1).into())]);
        ui.menu_button(others, |ui| {
            for job in &jobs[1..] {
                ui.horizontal(|ui| job_ui(ui, job, tokens, out));
            }
        });
    }
}

/// The verdict in one line, for a window that has no room for its pane.
fn in_short(session: &Session) -> Option<String> {
    let words = session.words();
    let store = session.store();
    if let Some(about) = store.estimated() {
        let (edges, weights) = (about.edges().sparsity(), about.weights().sparsity());
        return Some(words.with(
            "status-estimated",
            &[("edges", format::percent(edges).into()), ("weights", format::percent(weights).into())],
        ));
    }
    let run = store.shown()?;
    let stale = if store.is_current(run) { String::new() } else { words.text("status-stale") };
    let accuracy = run.evaluation.test.pruned;
    let test = if accuracy.n_nodes == 0 {
        String::new()
    } else {
        words.with("status-test", &[("accuracy", format::percent(accuracy.accuracy).into())])
    };
    Some(format!("{stale}{test}{}", removed_in_short(run)))
}

/// A preview is seen in the views; it is listed once it takes long enough to be waited for.
fn is_worth_showing(job: &JobStatus) -> bool {
    job.lane != Lane::Preview || job.elapsed_secs > 0.5
}

/// A job with its progress, and the button that stops it.
pub(super) fn job_ui(ui: &mut egui::Ui, job: &JobStatus, tokens: &Tokens, out: &CommandQueue) {
    let words = ui.words();
    let stop = egui::Button::new(words.text("status-cancel")).small();
    let can_stop = !job.is_stopping;
    let response = ui.add_enabled(can_stop, stop);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Button,
            can_stop,
            words.with("status-cancel-what", &[("what", job.label.as_str().into())]),
        )
    });
    if response.clicked() {
        out.send(Command::Cancel(job.id));
    }
    if job.can_keep {
        let keep =
            ui.add(egui::Button::new(words.text("status-keep")).small()).on_hover_text(words.text("status-keep-says"));
        keep.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Button,
                true,
                words.with("status-keep-what", &[("what", job.label.as_str().into())]),
            )
        });
        if keep.clicked() {
            out.send(Command::Keep(job.id));
        }
    }
    let bar = match job.share() {
        Some(share) => egui::ProgressBar::new(share),
        None => egui::ProgressBar::new(0.0),
    };
    let bar = ui.add(bar.desired_width(BAR_WIDTH).desired_height(8.0).fill(tokens.accent));
    bar.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, words.text("status-progress")));
    let numbers = if job.is_stopping {
        words.text("status-stopping")
    } else if !job.is_running {
        words.text("status-waiting")
    } else {
        match job.left_secs {
            Some(left) => words.with(
                "status-left",
                &[("time", format::clock(left).into()), ("rate", format!("{:.1}", job.rate).into())],
            ),
            None => format::seconds(job.elapsed_secs),
        }
    };
    ui.allocate_ui_with_layout(egui::vec2(RATE_WIDTH, 18.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(RATE_WIDTH);
        ui.label(mono(numbers).size(tokens::SMALL + 0.5));
    });
    let stage = match (job.stage.as_str(), job.total) {
        ("", _) => String::new(),
        (stage, 0) => format!(" · {stage}"),
        (stage, total) => words.with(
            "status-stage",
            &[
                ("stage", stage.into()),
                ("done", format::count(job.done).into()),
                ("total", format::count(total).into()),
            ],
        ),
    };
    ui.add(egui::Label::new(format!("{}{stage}", job.label)).truncate());
}
