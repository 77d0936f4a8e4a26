//! File dialogs: asked for on the window's thread, waited for on another, injected so that no test opens one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::session::jobs::spawn_helper;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Files to open.
    Files,
    /// A folder to open.
    Folder,
    /// Where to save a file of this name.
    Save {
        /// Suggested name with extension.
        name: String,
    },
    /// A folder to write a new folder of this name into.
    NewFolder {
        /// Suggested name.
        name: String,
    },
}

/// What a dialog came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What was chosen; empty when nothing was.
    Chosen(Vec<PathBuf>),
    /// No dialog could be shown: the path is to be asked for in another way.
    NoDialog,
}

/// Gets what a dialog came to.
pub type Answered = Box<dyn FnOnce(Answer) + Send>;

/// Nobody closes a dialog within this time after it was asked for: the desktop has none, and says so in no other way.
const TOO_QUICK: Duration = Duration::from_millis(300);

/// Asks the user for paths.
pub trait Dialogs: std::fmt::Debug {
    /// Asks; `answered` is called from any thread, once.
    fn ask(&mut self, ask: Ask, answered: Answered);

    /// Opens a folder in the system's file manager.
    fn reveal(&mut self, folder: PathBuf);
}

/// The system's own dialogs.
#[derive(Debug, Default)]
pub struct SystemDialogs;

impl Dialogs for SystemDialogs {
    fn ask(&mut self, ask: Ask, answered: Answered) {
        // Made on this thread, since macOS wants it; awaited on another, since it lasts as long as the user takes.
        let dialog = rfd::AsyncFileDialog::new();
        type Chosen = std::pin::Pin<Box<dyn Future<Output = Vec<PathBuf>> + Send>>;
        let paths = |files: Vec<rfd::FileHandle>| files.iter().map(|f| f.path().to_owned()).collect::<Vec<_>>();
        let one = move |file: Option<rfd::FileHandle>| paths(file.into_iter().collect());
        let future: Chosen = match ask {
            Ask::Files => {
                let chosen = dialog.pick_files();
                Box::pin(async move { paths(chosen.await.unwrap_or_default()) })
            }
            Ask::Folder => {
                let chosen = dialog.pick_folder();
                Box::pin(async move { one(chosen.await) })
            }
            Ask::Save { name } => {
                let chosen = dialog.set_file_name(name).save_file();
                Box::pin(async move { one(chosen.await) })
            }
            Ask::NewFolder { name } => {
                let chosen = dialog.set_title("Folder to write the bundle into").pick_folder();
                Box::pin(async move { one(chosen.await).into_iter().map(|p| p.join(&name)).collect() })
            }
        };
        let answered = Arc::new(std::sync::Mutex::new(Some(answered)));
        let for_thread = Arc::clone(&answered);
        let asked = Instant::now();
        let is_started = spawn_helper("file dialog", move || {
            let paths = pollster::block_on(future);
            let is_none = paths.is_empty() && asked.elapsed() < TOO_QUICK;
            answer(&for_thread, if is_none { Answer::NoDialog } else { Answer::Chosen(paths) });
        });
        if !is_started {
            answer(&answered, Answer::NoDialog);
        }
    }

    fn reveal(&mut self, folder: PathBuf) {
        let program = if cfg!(target_os = "macos") {
            "open"
        } else if cfg!(windows) {
            "explorer"
        } else {
            "xdg-open"
        };
        // A system without a file manager shows nothing; the path stands beside the button.
        drop(std::process::Command::new(program).arg(folder).spawn());
    }
}

fn answer(slot: &std::sync::Mutex<Option<Answered>>, came_to: Answer) {
    let answered = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    if let Some(answered) = answered {
        answered(came_to);
    }
}
