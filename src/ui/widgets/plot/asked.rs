//! What is asked of a plot by its menu: copies for a document or a spreadsheet, and files.

use std::sync::Arc;

use eframe::egui::{self, Rect, Response};

use crate::engine::plot::Curves;
use crate::session::FileWriter;
use crate::ui::context::{SaveRequest, ViewCx, WindowRequest};
use crate::ui::widgets::heatmap::FigureFormat;

/// A choice of the menu.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Asked {
    /// What is seen, onto the clipboard; where it stands on the screen.
    CopyPicture(Rect),
    /// The numbers with tabs between them, onto the clipboard.
    CopyTable,
    /// A file.
    Save(FigureFormat),
}

/// More numbers are for a file: a clipboard is written within a frame.
const MOST_COPIED: usize = 100_000;

/// The menu of a plot that stands in `whole`.
pub(super) fn menu_ui(response: &Response, curves: &Curves, whole: Rect) -> Option<Asked> {
    let mut asked = None;
    response.context_menu(|ui| {
        if ui.button("Copy picture").clicked() {
            asked = Some(Asked::CopyPicture(whole));
        }
        let n: usize = curves.series.iter().map(|curve| curve.points.len()).sum();
        let copy = ui.add_enabled(n <= MOST_COPIED, egui::Button::new("Copy table"));
        if copy.on_disabled_hover_text("Too long for the clipboard; save it as CSV").clicked() {
            asked = Some(Asked::CopyTable);
        }
        ui.separator();
        for format in FigureFormat::ALL {
            if ui.button(format.label()).clicked() {
                asked = Some(Asked::Save(format));
            }
        }
        if asked.is_some() {
            ui.close();
        }
    });
    asked
}

/// Does what the menu of a plot of `curves` was asked; `name` is a file's without its ending.
pub(crate) fn serve(cx: &ViewCx<'_>, asked: Option<Asked>, curves: impl FnOnce() -> Arc<Curves>, name: &str) {
    match asked {
        None => {}
        Some(Asked::CopyPicture(rect)) => cx.out.request(WindowRequest::CopyPicture(rect)),
        // Text alone goes into a table here, which cannot fail.
        Some(Asked::CopyTable) => cx.out.request(WindowRequest::Copy(curves().tabbed().unwrap_or_default())),
        Some(Asked::Save(format)) => cx.out.request(WindowRequest::Save(save_request(curves(), name, format))),
    }
}

/// The menu of a picture in `whole` that is copied and not saved; `table` has its numbers with tabs between them.
pub(crate) fn copy_menu_ui(cx: &ViewCx<'_>, response: &Response, whole: Rect, table: impl FnOnce() -> String) {
    response.context_menu(|ui| {
        if ui.button("Copy picture").clicked() {
            cx.out.request(WindowRequest::CopyPicture(whole));
            ui.close();
        }
        if ui.button("Copy table").clicked() {
            cx.out.request(WindowRequest::Copy(table()));
            ui.close();
        }
    });
}

/// The curves as they are now.
fn save_request(curves: Arc<Curves>, name: &str, format: FigureFormat) -> SaveRequest {
    let file = format!("{name}.{}", format.extension()).to_lowercase().replace([' ', '/'], "-");
    let writer = FileWriter::new(format!("Save {file}"), move |path, _| {
        let (format, path) = format.settled(path)?;
        let bytes = match format {
            FigureFormat::Png => curves.png()?,
            FigureFormat::Svg => curves.svg().into_bytes(),
            FigureFormat::Csv => curves.csv()?,
        };
        Ok((path, bytes))
    });
    SaveRequest { name: file, writer }
}
