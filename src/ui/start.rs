//! Starting the window: which renderer, which icon, what was kept.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eframe::egui;

use super::app::{App, Settings};
use super::dialogs::SystemDialogs;
use super::saved::{self, Saved};
use crate::io::autosave::sessions_folder;
use crate::io::crash_reports::crash_folder;
use crate::session::words::Language;

/// Title of the window.
pub const TITLE: &str = "Unifews Workbench";
/// Name of the window for the desktop and of the folder where settings are kept.
const APP_ID: &str = "unifews";

/// What this build can draw with, the better one for the system first: OpenGL on Linux, where it is several times faster without a graphics
/// card and there wherever a display is, the system's own interface on Windows and macOS.
const RENDERERS: &[(&str, eframe::Renderer)] = &[
    #[cfg(any(windows, target_os = "macos"))]
    ("wgpu", eframe::Renderer::Wgpu),
    ("glow", eframe::Renderer::Glow),
    #[cfg(not(any(windows, target_os = "macos", target_os = "linux")))]
    ("wgpu", eframe::Renderer::Wgpu),
];

/// What to open at start, and how.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// Paths or `sample:NAME`: graph, model, recipe or bundle, in any order.
    pub open: Vec<String>,
    /// Worker threads; 0 = all cores.
    pub n_threads: usize,
    /// A renderer of this build by its name (`glow`, `wgpu`); the better one for the system where it is not given.
    pub renderer: Option<String>,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// The system has no display, or none that can be reached.
    #[error("no display: {reason}")]
    NoDisplay {
        /// What the system said.
        reason: String,
    },
    /// The window could not be made although there is a display.
    #[error("no window: {reason}")]
    NoWindow {
        /// What the first renderer said.
        reason: String,
    },
    /// The asked renderer does not exist.
    #[error("renderer: expected {expected}, found {found}")]
    Renderer {
        /// What there is.
        expected: String,
        /// What was asked for.
        found: String,
    },
}

/// Opens the window and returns when it is closed.
///
/// When the preferred renderer fails, the others of this build are tried.
///
/// # Errors
/// [`WindowError`]; the first renderer's reason, since it is the useful one.
pub fn run(args: &Args) -> Result<(), WindowError> {
    let wanted = match &args.renderer {
        Some(name) => {
            let known = || RENDERERS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" or ");
            let unknown = || WindowError::Renderer { expected: known(), found: name.clone() };
            RENDERERS.iter().find(|(known, _)| known == name).map(|(_, renderer)| *renderer).ok_or_else(unknown)?
        }
        None => RENDERERS[0].1,
    };
    let first = match run_with(args, wanted) {
        Ok(()) => return Ok(()),
        // Without a display a second event loop could only say that there was a first.
        Err(Failure::Panicked(reason)) => return Err(WindowError::NoDisplay { reason: with_advice(&reason) }),
        Err(Failure::Refused(error)) => error,
    };
    let reason = reasons(&first);
    if matches!(first, eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_)) {
        return Err(WindowError::NoDisplay { reason: with_advice(&reason) });
    }
    if matches!(first, eframe::Error::AppCreation(_)) {
        return Err(WindowError::NoWindow { reason });
    }
    let mut others = RENDERERS.iter().map(|(_, renderer)| *renderer).filter(|other| *other != wanted);
    if !others.any(|other| run_with(args, other).is_ok()) {
        return Err(WindowError::NoWindow { reason: format!("{reason}; {PACKAGES}") });
    }
    Ok(())
}

/// Why there is no window.
enum Failure {
    /// An error that came back.
    Refused(eframe::Error),
    /// A panic before there was a window: what loads the display's libraries knows no other way to say that one is missing.
    Panicked(String),
}

/// Runs the window. A panic before it is there is a failure as any other; one of a later moment goes on.
fn run_with(args: &Args, renderer: eframe::Renderer) -> Result<(), Failure> {
    let is_open = Arc::new(AtomicBool::new(false));
    let before = Arc::new(panic::take_hook());
    let (is_open_now, loud) = (Arc::clone(&is_open), Arc::clone(&before));
    panic::set_hook(Box::new(move |about| {
        if is_open_now.load(Ordering::Relaxed) {
            loud(about);
        }
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(|| show(args, renderer, &is_open)));
    panic::set_hook(Box::new(move |about| before(about)));
    match result {
        Ok(result) => result.map_err(Failure::Refused),
        Err(payload) if is_open.load(Ordering::Relaxed) => panic::resume_unwind(payload),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Failure::Panicked(without_places(&text.unwrap_or_default())))
        }
    }
}

fn show(args: &Args, renderer: eframe::Renderer, is_open: &Arc<AtomicBool>) -> eframe::Result {
    let viewport = egui::ViewportBuilder::default()
        .with_title(TITLE)
        .with_app_id(APP_ID)
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([640.0, 420.0])
        .with_icon(icon());
    let options = eframe::NativeOptions { viewport, renderer, ..eframe::NativeOptions::default() };
    let (args, is_open) = (args.clone(), Arc::clone(is_open));
    let make = move |cc: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, Box<dyn std::error::Error + Send + Sync>> {
        let saved = cc.storage.and_then(|s| eframe::get_value::<Saved>(s, saved::KEY)).unwrap_or_default();
        let (dialogs, sessions) = (Box::new(SystemDialogs), sessions_folder());
        let name = RENDERERS.iter().find(|(_, known)| *known == renderer).map_or("", |(name, _)| *name);
        let settings = Settings {
            n_threads: args.n_threads,
            open: args.open,
            language: Language::of_system(),
            saved,
            dialogs,
            sessions,
            crash_reports: crash_folder(),
            renderer: name.to_owned(),
        };
        is_open.store(true, Ordering::Relaxed);
        Ok(Box::new(App::new(&cc.egui_ctx, settings)?))
    };
    eframe::run_native(APP_ID, options, Box::new(make))
}

/// The icon; a picture that cannot be read leaves the system's.
fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")).unwrap_or_default()
}

/// What a window needs on Linux, by the names of Debian's packages; the README names them, too.
const PACKAGES: &str =
    "a window needs the packages libgl1 libx11-6 libxkbcommon-x11-0 libxcursor1 libxi6 (Debian's names)";

/// Names the packages where a library is missing.
fn with_advice(reason: &str) -> String {
    let is_library = reason.to_lowercase().contains("librar") || reason.contains(".so");
    if is_library && cfg!(target_os = "linux") { format!("{reason}; {PACKAGES}") } else { reason.to_owned() }
}

/// A message without the places in source files of the machine that built the program.
fn without_places(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let is_place = word.rsplit('/').next().is_some_and(|file| file.contains(".rs:"));
        match words.last() {
            Some(&"at") if is_place => drop(words.pop()),
            _ if is_place => {}
            _ => words.push(word),
        }
    }
    words.join(" ").trim_end_matches(['.', ':']).replace("os error Failed", "failed")
}

/// An error with all its causes in one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    without_places(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_no_source_file_and_the_packages_where_a_library_is_missing() {
        let places = [
            (
                "winit EventLoopError: os error at /home/x/.cargo/registry/src/index-1/winit-0.30.13/src/linux/mod.rs:788: Failed to \
                 load one of xlib's shared libraries",
                "winit EventLoopError: failed to load one of xlib's shared libraries",
            ),
            ("Library libxkbcommon-x11.so could not be loaded.", "Library libxkbcommon-x11.so could not be loaded"),
        ];
        for (text, expected) in places {
            assert_eq!(without_places(text), expected);
            let advice = with_advice(expected);
            for package in ["libgl1", "libx11-6", "libxkbcommon-x11-0", "libxcursor1", "libxi6"] {
                assert!(advice.contains(package) || !cfg!(target_os = "linux"), "{package} in {advice}");
            }
        }
        let unreachable = "winit EventLoopError: failed to open connection to X server";
        assert_eq!(with_advice(unreachable), unreachable);
    }
}
