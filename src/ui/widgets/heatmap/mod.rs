//! A heatmap: one texture, stretched while the next one is computed; axes, legend, hover, zoom and pan.
//!
//! The widget knows pictures and places, not graphs: what an entry is, and what to do about it, its owner decides. It asks for
//! at most one texel per pixel and uploads a texture only when another picture or theme came.

mod axes;
mod cells;
mod frame;
mod layout;
mod map;
mod pointer;
mod strips;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{self, ColorImage, Rect, Response, RichText, Sense, TextureFilter, TextureHandle, TextureOptions};

use self::layout::Layout;
pub(crate) use self::layout::{GUTTER_BELOW, GUTTER_LEFT, LEGEND_WIDTH};
use crate::engine::plot::{NodeGroup, Viewport};
use crate::io::figure::{FigureError, HeatmapFigure};
use crate::io::{ExportError, ending, with_known_ending};
use crate::session::Picture;
use crate::ui::colormap::Shades;
use crate::ui::tokens::Tokens;
use crate::ui::widgets::{shown, strong};

/// Finer pictures are not asked for; with the margin around the view a texture then stays below 2048.
const LARGEST_SIDE: f32 = 1200.0;

/// One axis of a matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AxisSpec<'a> {
    /// What stands along it, for example `source node`.
    pub(crate) name: &'a str,
    /// Strips of colour; empty for an axis without nodes.
    pub(crate) groups: &'a [NodeGroup],
    /// What a row or column is called.
    pub(crate) names: Names<'a>,
}

/// The name of a row or column by its place.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a>(pub(crate) &'a dyn Fn(usize) -> String);

impl std::fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

/// What to draw.
#[derive(Debug)]
pub(crate) struct HeatmapSpec<'a> {
    /// Read out and found by tests, for example `Edges of layer 1`.
    pub(crate) name: &'a str,
    /// The whole matrix.
    pub(crate) whole: Viewport,
    /// Across.
    pub(crate) x: AxisSpec<'a>,
    /// Down.
    pub(crate) y: AxisSpec<'a>,
    /// The newest picture, of whatever part.
    pub(crate) picture: Option<&'a Arc<Picture>>,
    /// The whole, small, while zoomed.
    pub(crate) map: Option<&'a Arc<Picture>>,
    /// Instead of a picture, or over an old one: what is going on.
    pub(crate) message: Option<&'a str>,
    /// Marked from another heatmap, as `(column, row)`.
    pub(crate) marked: Option<(usize, usize)>,
    /// Several that are selected, by their places on both axes.
    pub(crate) selected: &'a [usize],
    /// Whether single entries carry their number where there is room, and removed ones a stroke.
    pub(crate) has_numbers: bool,
}

/// What the user asks for in the menu of a heatmap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum HeatmapAction {
    /// Put what the tooltip says on the clipboard.
    CopyValue(usize, usize),
    /// Put what is seen on the clipboard, axes and legend with it; where it stands on the screen.
    CopyPicture(Rect),
    /// Save the part in view.
    Save(FigureFormat),
}

/// What a picture or its data is saved as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FigureFormat {
    /// Pixels.
    Png,
    /// Shapes and text.
    Svg,
    /// Numbers.
    Csv,
}

impl FigureFormat {
    /// All of them, in the order of the menus.
    pub(crate) const ALL: [Self; 3] = [Self::Png, Self::Svg, Self::Csv];

    /// What a file of this name is to be: what its ending says, else this.
    ///
    /// # Errors
    /// Where the name has no ending of a picture, and is taken with one.
    pub(crate) fn settled(self, path: &Path) -> Result<(Self, PathBuf), ExportError> {
        let named = Self::ALL.into_iter().find(|format| format.extension() == ending(path));
        let format = named.unwrap_or(self);
        Ok((format, with_known_ending(path, &[format.extension()])?))
    }

    /// As in file names.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Csv => "csv",
        }
    }

    /// A picture as such a file.
    ///
    /// # Errors
    /// Where it cannot be drawn.
    pub(crate) fn bytes(self, figure: &HeatmapFigure<'_>) -> Result<Vec<u8>, FigureError> {
        match self {
            Self::Png => figure.png(),
            Self::Svg => figure.svg().map(String::into_bytes),
            Self::Csv => figure.csv(),
        }
    }

    /// In a menu.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Png => "Save PNG…",
            Self::Svg => "Save SVG…",
            Self::Csv => "Save data as CSV…",
        }
    }
}

/// What came of drawing it.
#[derive(Debug)]
pub(crate) struct HeatmapOutput {
    /// For tooltips.
    pub(crate) response: Response,
    /// The part in view.
    pub(crate) viewport: Viewport,
    /// Texels to ask for, across and down.
    pub(crate) pixels: (usize, usize),
    /// Whether the small map is shown.
    pub(crate) is_zoomed: bool,
    /// The place under the pointer, as `(column, row)`.
    pub(crate) hovered: Option<(usize, usize)>,
    /// From the menu.
    pub(crate) action: Option<HeatmapAction>,
}

impl HeatmapOutput {
    /// Tells what is under the pointer, a title and lines, unless something is being dragged.
    pub(crate) fn tell(&self, tokens: &Tokens, told: impl Fn(usize, usize) -> Option<(String, Vec<String>)>) {
        let place = self.hovered.filter(|_| !self.response.dragged());
        let Some((title, lines)) = place.and_then(|(column, row)| told(column, row)) else { return };
        self.response.clone().on_hover_ui_at_pointer(|ui| {
            ui.label(strong(&title));
            for line in lines {
                ui.label(RichText::new(shown(line)).color(tokens.text));
            }
        });
    }

    /// The place that was clicked, as `(column, row)`.
    pub(crate) fn clicked(&self) -> Option<(usize, usize)> {
        self.hovered.filter(|_| self.response.clicked())
    }
}

/// A texture with the picture it was made of.
struct Shown {
    picture: Arc<Picture>,
    is_dark: bool,
    texture: TextureHandle,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Shown").field(&self.texture.size()).finish()
    }
}

/// What one heatmap remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct Heatmap {
    /// The part in view; the whole where `None`.
    viewport: Option<Viewport>,
    shown: Option<Shown>,
    map: Option<Shown>,
    /// Where the menu was opened.
    menu_at: Option<(usize, usize)>,
}

impl Heatmap {
    /// The part in view; the whole where `None`.
    pub(crate) fn view(&self) -> Option<Viewport> {
        self.viewport
    }

    /// Brings a part into view, as another heatmap of the same axes shows it.
    pub(crate) fn set_view(&mut self, viewport: Option<Viewport>) {
        self.viewport = viewport;
    }

    /// Draws it into a rectangle that holds the matrix, its axes and its legend.
    pub(crate) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        tokens: &Tokens,
        rect: Rect,
        spec: &HeatmapSpec<'_>,
    ) -> HeatmapOutput {
        if self.viewport.is_some_and(|v| v.inside(&spec.whole) != v) {
            self.viewport = None;
        }
        let mut viewport = self.viewport.unwrap_or(spec.whole);
        let layout = Layout::of(rect, &spec.whole, viewport);
        let plot = layout.plot;
        let response = ui.allocate_rect(plot, Sense::click_and_drag());
        viewport = pointer::moved(ui, &response, plot, viewport, &spec.whole);
        if let Some(map) = layout.map {
            viewport = map::moved(ui, map, spec.name, viewport, &spec.whole, |viewport| part_in_view(spec, viewport));
        }
        let is_zoomed = viewport != spec.whole;
        self.viewport = is_zoomed.then_some(viewport);

        announce(&response, spec, viewport);

        Self::take(ui, &mut self.shown, spec.picture, tokens, spec.name);
        if is_zoomed {
            Self::take(ui, &mut self.map, spec.map, tokens, spec.name);
        }
        let hovered = pointer::place(&response, plot, viewport, &spec.whole);
        if ui.is_rect_visible(rect) {
            self.paint(ui, tokens, &layout, viewport, spec, &response, hovered);
            strips::names(ui, plot, viewport, spec.name, spec.x.groups, spec.y.groups);
        }
        let action = self.menu(&response, hovered, rect);
        let scale = ui.ctx().pixels_per_point();
        let side = |points: f32| (points * scale).clamp(16.0, LARGEST_SIDE).round() as usize;
        HeatmapOutput {
            response,
            viewport,
            pixels: (side(plot.width()), side(plot.height())),
            is_zoomed,
            hovered,
            action,
        }
    }

    fn take(ui: &egui::Ui, shown: &mut Option<Shown>, picture: Option<&Arc<Picture>>, tokens: &Tokens, name: &str) {
        let Some(picture) = picture else {
            *shown = None;
            return;
        };
        if shown.as_ref().is_some_and(|s| Arc::ptr_eq(&s.picture, picture) && s.is_dark == tokens.is_dark) {
            return;
        }
        let size = [picture.raster.w, picture.raster.h];
        if size.contains(&0) || size.iter().any(|s| *s > ui.input(|i| i.max_texture_side)) {
            *shown = None;
            return;
        }
        let shades = Shades::new(picture.scale.ramp, tokens);
        let image = ColorImage::new(size, picture.shades.iter().map(|s| shades.of(*s)).collect());
        let options = TextureOptions {
            magnification: TextureFilter::Nearest,
            minification: TextureFilter::Linear,
            ..TextureOptions::default()
        };
        let texture = match shown.take() {
            Some(Shown { mut texture, .. }) => {
                texture.set(image, options);
                texture
            }
            None => ui.ctx().load_texture(name, image, options),
        };
        *shown = Some(Shown { picture: Arc::clone(picture), is_dark: tokens.is_dark, texture });
    }

    fn menu(&mut self, response: &Response, hovered: Option<(usize, usize)>, whole: Rect) -> Option<HeatmapAction> {
        if response.secondary_clicked() {
            self.menu_at = hovered;
        }
        let mut action = None;
        response.context_menu(|ui| {
            if let Some((column, row)) = self.menu_at
                && ui.button("Copy value").clicked()
            {
                action = Some(HeatmapAction::CopyValue(column, row));
                ui.close();
            }
            if self.shown.is_some() && ui.button("Copy picture").clicked() {
                action = Some(HeatmapAction::CopyPicture(whole));
                ui.close();
            }
            ui.separator();
            for format in FigureFormat::ALL {
                if ui.button(format.label()).clicked() {
                    action = Some(HeatmapAction::Save(format));
                    ui.close();
                }
            }
            ui.separator();
            if ui.add_enabled(self.viewport.is_some(), egui::Button::new("Show all").shortcut_text("0")).clicked() {
                self.viewport = None;
                ui.close();
            }
        });
        action
    }
}

/// Says which part of what is in view.
fn announce(response: &Response, spec: &HeatmapSpec<'_>, viewport: Viewport) {
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::labeled(egui::Role::Image, true, spec.name);
        info.current_text_value = Some(part_in_view(spec, viewport));
        info
    });
}

/// For example `source node 0 to 33, target node 0 to 33`.
fn part_in_view(spec: &HeatmapSpec<'_>, viewport: Viewport) -> String {
    let part = |from: f64, to: f64| format!("{} to {}", from.floor(), to.ceil() - 1.0);
    let (across, down) = (part(viewport.x0, viewport.x1), part(viewport.y0, viewport.y1));
    format!("{} {across}, {} {down}", spec.x.name, spec.y.name)
}
