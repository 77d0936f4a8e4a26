//! Starting the window: which renderer, which icon, what was kept.

use eframe::egui;

use super::app::{App, Settings};
use super::dialogs::SystemDialogs;
use super::saved::{self, Saved};

/// Title of the window.
pub const TITLE: &str = "Unifews Workbench";
/// Name of the window for the desktop and of the folder where settings are kept.
const APP_ID: &str = "unifews";

/// What to open at start, and how.
#[derive(Debug, Clone, Default)]
pub struct Args {
    /// Paths or `sample:NAME`: graph, model, recipe or bundle, in any order.
    pub open: Vec<String>,
    /// Worker threads; 0 = all cores.
    pub n_threads: usize,
    /// `glow` or `wgpu`; the better one for the system where it is not given.
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
    #[error("renderer: expected glow or wgpu, found {found}")]
    Renderer {
        /// What was asked for.
        found: String,
    },
}

/// Opens the window and returns when it is closed.
///
/// Prefers OpenGL on Linux, where it is several times faster without a graphics card, and the system's own interface on
/// Windows and macOS; when the preferred one fails, the other is tried.
///
/// # Errors
/// [`WindowError`]; the first renderer's reason, since it is the useful one.
pub fn run(args: &Args) -> Result<(), WindowError> {
    let preferred =
        if cfg!(any(windows, target_os = "macos")) { eframe::Renderer::Wgpu } else { eframe::Renderer::Glow };
    let wanted = match &args.renderer {
        Some(name) => name.parse().map_err(|_unknown| WindowError::Renderer { found: name.clone() })?,
        None => preferred,
    };
    let Err(first) = run_with(args, wanted) else { return Ok(()) };
    // Without a display a second event loop could only say that there was a first.
    if matches!(first, eframe::Error::Winit(_) | eframe::Error::WinitEventLoop(_)) {
        return Err(WindowError::NoDisplay { reason: reasons(&first) });
    }
    let other = if wanted == eframe::Renderer::Glow { eframe::Renderer::Wgpu } else { eframe::Renderer::Glow };
    if matches!(first, eframe::Error::AppCreation(_)) || run_with(args, other).is_err() {
        return Err(WindowError::NoWindow { reason: reasons(&first) });
    }
    Ok(())
}

fn run_with(args: &Args, renderer: eframe::Renderer) -> eframe::Result {
    let viewport = egui::ViewportBuilder::default()
        .with_title(TITLE)
        .with_app_id(APP_ID)
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([640.0, 420.0])
        .with_icon(icon());
    let options = eframe::NativeOptions { viewport, renderer, ..eframe::NativeOptions::default() };
    let args = args.clone();
    let make = move |cc: &eframe::CreationContext<'_>| -> Result<Box<dyn eframe::App>, Box<dyn std::error::Error + Send + Sync>> {
        let saved = cc.storage.and_then(|s| eframe::get_value::<Saved>(s, saved::KEY)).unwrap_or_default();
        let settings =
            Settings { n_threads: args.n_threads, open: args.open, saved, dialogs: Box::new(SystemDialogs) };
        Ok(Box::new(App::new(&cc.egui_ctx, settings)?))
    };
    eframe::run_native(APP_ID, options, Box::new(make))
}

/// The icon; a picture that cannot be read leaves the system's.
fn icon() -> egui::IconData {
    eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")).unwrap_or_default()
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
    text
}
