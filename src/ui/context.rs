//! What a view is, and what it may use.
//!
//! A view reads the session and sends commands; it changes nothing itself. What takes longer than a frame goes through
//! [`CommandQueue::compute`].

use std::cell::{Cell, RefCell};

use eframe::egui;

use super::actions::Action;
use super::pane::Pane;
use super::tokens::Tokens;
use crate::session::{AnyRequest, CheckAsk, Command, FileWriter, Request, Session};

/// One pane of the window.
pub trait View: std::fmt::Debug {
    /// Draws it.
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui);
}

/// What a view may use.
#[derive(Debug)]
pub struct ViewCx<'a> {
    /// To read.
    pub session: &'a Session,
    /// Colours.
    pub tokens: &'a Tokens,
    /// Where commands and requests to the window go.
    pub out: &'a CommandQueue,
}

/// A file that a view wants to save: the window asks where.
#[derive(Debug, Clone)]
pub struct SaveRequest {
    /// Suggested name with extension, for example `layer 1 edges.png`.
    pub name: String,
    /// Writes it.
    pub writer: FileWriter,
}

/// What a view asks of the window.
#[derive(Debug, Clone)]
pub enum WindowRequest {
    /// Ask where, then write.
    Save(SaveRequest),
    /// Bring a pane to the front.
    Show(Pane),
    /// Put text on the clipboard.
    Copy(String),
    /// Put what stands there on the screen on the clipboard, as a picture.
    CopyPicture(eframe::egui::Rect),
    /// Ask for files to open.
    OpenDialog,
    /// Open a folder in the system's file manager.
    Reveal(std::path::PathBuf),
    /// Do an action of the registry.
    Do(Action),
    /// Ask for a folder and export this run.
    ExportDialog(crate::session::RunId),
    /// Asks for a folder and propagates the features of the graph into it.
    PropagateDialog,
    /// Asks for a file or folder of a check.
    CheckDialog(CheckField),
    /// Asks for a file of nodes that arrive.
    ArrivalsDialog(ArrivalField),
    /// Asks for a file and reproduces a published table into it.
    ReproduceDialog(Box<crate::session::ReproducePlan>),
    /// Asks for a folder and writes a run and its baseline for a pilot.
    PilotDialog(crate::session::RunId),
    /// Asks for a file and writes a report on a run into it.
    ReportDialog(crate::session::RunId),
    /// Asks for a folder and writes a run as a job for a cluster.
    ClusterDialog(crate::session::RunId),
    /// Asks for a folder with a bundle or a job's output, and compares a run with it.
    CompareRunDialog(crate::session::RunId),
    /// Asks for a folder and writes these for other programs.
    ExportItemsDialog(crate::session::RunId, Vec<crate::io::export::ExportItem>),
}

/// What a check of a bundle takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckField {
    /// The bundle.
    Bundle,
    /// Today's graph.
    Graph,
    /// Its labels.
    Labels,
    /// The unpruned model.
    Model,
    /// The graph that the bundle was made from.
    Reference,
}

impl CheckField {
    /// Where it stands.
    pub(super) fn of(self, asked: &mut CheckAsk) -> &mut String {
        match self {
            Self::Bundle => &mut asked.bundle,
            Self::Graph => &mut asked.graph,
            Self::Labels => &mut asked.labels,
            Self::Model => &mut asked.model,
            Self::Reference => &mut asked.reference,
        }
    }
}

/// What nodes that arrive bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrivalField {
    /// Their features.
    Features,
    /// Their edges.
    Edges,
}

/// Commands and requests of one frame, applied after it.
#[derive(Debug, Default)]
pub struct CommandQueue {
    commands: RefCell<Vec<(Option<Pane>, Command)>>,
    /// Who speaks: the pane that is drawn; nothing outside of panes: menus, shortcuts, dialogs.
    by: Cell<Option<Pane>>,
    requests: RefCell<Vec<WindowRequest>>,
}

impl CommandQueue {
    /// Sends a command to the session.
    pub fn send(&self, command: Command) {
        self.commands.borrow_mut().push((self.by.get(), command));
    }

    /// Has something computed in the background; the answer lies in [`crate::session::Desk`].
    pub fn compute<R: Request>(&self, request: R) {
        self.send(Command::Compute(AnyRequest::new(request)));
    }

    /// Asks the window for something.
    pub fn request(&self, request: WindowRequest) {
        self.requests.borrow_mut().push(request);
    }

    /// Says who sends what follows.
    pub(super) fn speaks(&self, by: Option<Pane>) {
        self.by.set(by);
    }

    pub(super) fn take_commands(&self) -> Vec<(Option<Pane>, Command)> {
        std::mem::take(&mut self.commands.borrow_mut())
    }

    pub(super) fn take_requests(&self) -> Vec<WindowRequest> {
        std::mem::take(&mut self.requests.borrow_mut())
    }
}
