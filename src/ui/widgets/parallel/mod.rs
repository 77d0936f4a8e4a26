//! Parallel coordinates: lines over axes that are moved, turned around and limited.
//!
//! The widget knows axes and lines, not trials. Triangles are made when something changes, and drawn from one mesh in every frame.

mod mesh;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eframe::egui::{self, Color32, DragValue, Mesh, Rect, Sense, Shape, Stroke, StrokeKind, pos2, vec2};

use self::mesh::Axes;
use super::text::weak;
use crate::engine::plot::{Brush, ParallelAxis, Ramp, nearest_line, within};
use crate::ui::colormap::Shades;
use crate::ui::tokens::{self, Tokens};

/// What to draw.
pub(crate) struct ParallelSpec<'a> {
    /// Read out and found by tests.
    pub(crate) name: &'a str,
    /// Axes with a value of every line.
    pub(crate) axes: &'a [ParallelAxis],
    /// Lines in all.
    pub(crate) n_lines: usize,
    /// Position of the axis whose value colours the lines.
    pub(crate) colour: Option<usize>,
    /// Another number whenever the axes are others.
    pub(crate) revision: u64,
    /// What a line is called.
    pub(crate) line: &'a dyn Fn(usize) -> String,
    /// The line that is the present recipe.
    pub(crate) here: Option<usize>,
}

/// What came of drawing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ParallelOutput {
    /// The line that was clicked.
    pub(crate) clicked: Option<usize>,
    /// The line under the pointer.
    pub(crate) hovered: Option<usize>,
    /// Lines within all limits.
    pub(crate) n_within: usize,
}

/// What a chart remembers between frames; axes go by their names, which outlive the lines.
#[derive(Debug, Default)]
pub(crate) struct Parallel {
    order: Vec<String>,
    inverted: BTreeSet<String>,
    limits: BTreeMap<String, [f64; 2]>,
    /// Where a drag along an axis began.
    drag: Option<(String, f64)>,
    drawn: Option<Drawn>,
}

/// What the triangles were made of.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    revision: u64,
    rect: Rect,
    /// Positions of the axes in the order in which they stand, and which are turned around.
    axes: Vec<(usize, bool)>,
    brushes: Vec<Brush>,
    is_dark: bool,
}

#[derive(Debug)]
struct Drawn {
    key: Key,
    is_within: Vec<bool>,
    n_within: usize,
    /// What lies outside of the limits, then what lies within.
    meshes: [Arc<Mesh>; 2],
}

/// Titles and buttons above the axes.
const HEAD: f32 = 54.0;
/// A field for a limit, above and below the lines.
const FIELD: f32 = 22.0;
/// Axes are not squeezed below this width; then the chart scrolls.
const LEAST_WIDTH: f32 = 74.0;
/// Of the part beside an axis that is dragged.
const REACH: f32 = 9.0;
/// A line is under the pointer up to this distance.
const NEAR: f32 = 6.0;
/// So many lines have a handle of their own, for keys and readers.
const MOST_HANDLES: usize = 300;

impl Parallel {
    /// Whether anything is limited.
    pub(crate) fn has_limits(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Lets every line through.
    pub(crate) fn clear(&mut self) {
        self.limits.clear();
    }

    /// Draws it.
    pub(crate) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        tokens: &Tokens,
        height: f32,
        spec: &ParallelSpec<'_>,
    ) -> ParallelOutput {
        self.settle(spec.axes);
        let width = ui.available_width().max(LEAST_WIDTH * spec.axes.len() as f32);
        let scroll = egui::ScrollArea::horizontal().id_salt(spec.name);
        let shown = scroll.show(ui, |ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
            self.chart_ui(ui, tokens, rect, spec)
        });
        shown.inner
    }

    /// Axes that are new stand behind the others; those that are gone keep nothing but their limits' names.
    fn settle(&mut self, axes: &[ParallelAxis]) {
        self.order.retain(|name| axes.iter().any(|axis| axis.name == *name));
        for axis in axes {
            if !self.order.contains(&axis.name) {
                self.order.push(axis.name.clone());
            }
        }
        self.limits.retain(|name, _| axes.iter().any(|axis| axis.name == *name));
    }

    fn chart_ui(&mut self, ui: &mut egui::Ui, tokens: &Tokens, rect: Rect, spec: &ParallelSpec<'_>) -> ParallelOutput {
        let lines = Rect::from_min_max(
            pos2(rect.left(), rect.top() + HEAD + FIELD + 6.0),
            pos2(rect.right(), (rect.bottom() - FIELD - 8.0).max(rect.top() + HEAD + FIELD + 40.0)),
        );
        let response = ui.interact(lines, ui.scope_id().with(spec.name), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, spec.name));
        let names = self.order.clone();
        for (place, name) in names.iter().enumerate() {
            let Some(axis) = spec.axes.iter().find(|axis| axis.name == *name) else { continue };
            self.axis_ui(ui, tokens, rect, lines, (place, names.len()), axis);
        }
        let key = self.key(lines, spec, tokens.is_dark);
        let placed = key.axes.iter().map(|(at, is_inverted)| (&spec.axes[*at], *is_inverted)).collect();
        let axes = Axes { all: placed, rect: lines };
        for place in 0..axes.all.len() {
            self.brush_ui(ui, tokens, &axes, place);
        }
        // What a drag has just limited is seen in this very frame.
        let key = self.key(lines, spec, tokens.is_dark);
        self.draw(key, &axes, spec, tokens);
        let Some(drawn) = &self.drawn else { return ParallelOutput::default() };
        for mesh in &drawn.meshes {
            ui.painter().add(Shape::mesh(Arc::clone(mesh)));
        }
        let hovered = response.hover_pos().and_then(|pos| under(&axes, pos, &drawn.is_within));
        let mut output = ParallelOutput { clicked: None, hovered, n_within: drawn.n_within };
        output.clicked = output.hovered.filter(|_| response.clicked());
        self.handles_ui(ui, tokens, &axes, spec, &mut output);
        let marked = [spec.here.map(|line| (line, tokens.accent)), output.hovered.map(|line| (line, tokens.text))];
        for (line, colour) in marked.into_iter().flatten() {
            // Where a line has no value it is left out, as among the others.
            let mut before = None;
            for point in axes.points(line) {
                if let Some((from, to)) = before.zip(point) {
                    ui.painter().line_segment([from, to], Stroke::new(2.0, colour));
                }
                before = point;
            }
        }
        output
    }

    fn key(&self, rect: Rect, spec: &ParallelSpec<'_>, is_dark: bool) -> Key {
        let position = |name: &String| spec.axes.iter().position(|axis| axis.name == *name);
        let axes = self.order.iter().filter_map(|name| Some((position(name)?, self.inverted.contains(name)))).collect();
        let brush =
            |(name, [low, high]): (&String, &[f64; 2])| Some(Brush { axis: position(name)?, low: *low, high: *high });
        let brushes = self.limits.iter().filter_map(brush).collect();
        Key { revision: spec.revision, rect, axes, brushes, is_dark }
    }

    /// Makes the triangles anew where they are of another state.
    fn draw(&mut self, key: Key, axes: &Axes<'_>, spec: &ParallelSpec<'_>, tokens: &Tokens) {
        if self.drawn.as_ref().is_some_and(|drawn| drawn.key == key) {
            return;
        }
        let is_within = within(spec.axes, spec.n_lines, &key.brushes);
        let n_within = is_within.iter().filter(|is| **is).count();
        // Many lines are paler, so that what lies below is seen.
        let alpha = |n: usize| (4.0 / (n.max(1) as f32).sqrt().max(4.0) + 0.15).min(1.0);
        let pale = tokens.removed.gamma_multiply(0.35 * alpha(spec.n_lines));
        let opacity = alpha(n_within);
        let shades = Shades::new(Ramp::Sequential, tokens);
        let colour = |line: usize| {
            let axis = spec.colour.and_then(|at| spec.axes.get(at));
            let place = axis.and_then(|axis| axis.position(*axis.values.get(line)?));
            place.map_or(tokens.removed, |place| shades.at(place)).gamma_multiply(opacity)
        };
        let of = |wanted: bool| (0..spec.n_lines).filter(|line| is_within[*line] == wanted).collect::<Vec<_>>();
        let outside = axes.mesh(of(false).into_iter().map(|line| (line, pale)));
        let inside = axes.mesh(of(true).into_iter().map(|line| (line, colour(line))));
        self.drawn = Some(Drawn { key, n_within, is_within, meshes: [outside, inside].map(Arc::new) });
    }

    /// Title, buttons and limits of an axis.
    fn axis_ui(
        &mut self,
        ui: &mut egui::Ui,
        tokens: &Tokens,
        rect: Rect,
        lines: Rect,
        (place, n): (usize, usize),
        axis: &ParallelAxis,
    ) {
        let step = lines.width() / n as f32;
        let left = lines.left() + place as f32 * step;
        let column = |top: f32, bottom: f32| Rect::from_min_max(pos2(left + 1.0, top), pos2(left + step - 1.0, bottom));
        let name = axis.name.as_str();
        let is_inverted = self.inverted.contains(name);
        let head = column(rect.top(), rect.top() + HEAD);
        let layout = egui::Layout::top_down(egui::Align::Center);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(head).layout(layout).id_salt(("axis", name)));
        child.spacing_mut().item_spacing.y = 1.0;
        child.spacing_mut().button_padding = vec2(2.0, 0.0);
        child.spacing_mut().interact_size.y = 16.0;
        let turn = if is_inverted { " ↓" } else { "" };
        let title = egui::RichText::new(format!("{name}{turn}")).size(tokens::SMALL).color(tokens.text);
        let button = child.add(egui::Button::new(title).frame(false).wrap().min_size(vec2(0.0, 30.0)));
        let says = format!("Turn {name} around");
        button.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_inverted, &says));
        if button.on_hover_text("Click to turn the axis around; drag along it to limit its values").clicked()
            && !self.inverted.remove(name)
        {
            self.inverted.insert(name.to_owned());
        }
        child.horizontal(|ui| {
            ui.add_space(((step - 48.0) / 2.0).max(0.0));
            for (sign, way, other) in [("◀", "left", place.checked_sub(1)), ("▶", "right", Some(place + 1))] {
                let other = other.filter(|other| *other < n);
                let button = ui.add_enabled(other.is_some(), egui::Button::new(sign).small());
                let says = format!("Move {name} {way}");
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, other.is_some(), &says));
                if let Some(other) = other.filter(|_| button.clicked()) {
                    self.order.swap(place, other);
                }
            }
        });
        let above = column(rect.top() + HEAD, rect.top() + HEAD + FIELD);
        let below = column(lines.bottom() + 5.0, lines.bottom() + 5.0 + FIELD);
        let [least, most] = if is_inverted { [above, below] } else { [below, above] };
        self.limit_ui(ui, tokens, least, axis, 0);
        self.limit_ui(ui, tokens, most, axis, 1);
    }

    /// The field of the smallest value that is let through (`end` 0), or of the largest (1).
    fn limit_ui(&mut self, ui: &mut egui::Ui, tokens: &Tokens, rect: Rect, axis: &ParallelAxis, end: usize) {
        let [low, high] = axis.range;
        let now = self.limits.get(&axis.name).copied();
        let mut value = now.unwrap_or(axis.range)[end];
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect).id_salt(("limit", &axis.name, end)));
        child.visuals_mut().override_text_color = Some(if now.is_some() { tokens.text } else { tokens.text_weak });
        let decimals = (2 - (high - low).abs().log10().floor() as i32).clamp(0, 4) as usize;
        let field = DragValue::new(&mut value)
            .range(low..=high)
            .speed((high - low) / 300.0)
            .max_decimals(decimals)
            .update_while_editing(false);
        let width = (rect.width() - 8.0).min(64.0);
        let inner = Rect::from_center_size(rect.center(), vec2(width, 18.0));
        let response = child.put(inner, field);
        let which = if end == 0 { "Least" } else { "Most" };
        let says = format!("{which} of {}", axis.name);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::labeled(egui::Role::SpinButton, true, &says);
            info.value = Some(value);
            info
        });
        if response.changed() {
            let mut limits = now.unwrap_or(axis.range);
            limits[end] = value;
            self.limit(axis, [limits[0].min(limits[1]), limits[0].max(limits[1])]);
        }
        response.on_hover_text(format!("{says} that is let through: type a number, or drag along the axis"));
    }

    /// Limits an axis; from end to end it is not limited.
    fn limit(&mut self, axis: &ParallelAxis, limits: [f64; 2]) {
        if limits[0] <= axis.range[0] && limits[1] >= axis.range[1] {
            self.limits.remove(&axis.name);
        } else {
            self.limits.insert(axis.name.clone(), limits);
        }
    }

    /// The axis itself: a drag along it limits its values, a double click lets all through.
    fn brush_ui(&mut self, ui: &egui::Ui, tokens: &Tokens, axes: &Axes<'_>, place: usize) {
        let Some((axis, _)) = axes.all.get(place) else { return };
        let x = axes.x(place);
        let bar = Rect::from_x_y_ranges(x - REACH..=x + REACH, axes.rect.top() - 4.0..=axes.rect.bottom() + 4.0);
        let response = ui.interact(bar, ui.scope_id().with(("along", &axis.name)), Sense::click_and_drag());
        let says = format!("Values of {}", axis.name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &says));
        let stroke = Stroke::new(1.0, if response.hovered() { tokens.accent } else { tokens.text_weak });
        ui.painter().line_segment([pos2(x, axes.rect.top()), pos2(x, axes.rect.bottom())], stroke);
        if response.drag_started()
            && let Some(value) = ui.input(|i| i.pointer.press_origin()).and_then(|from| axes.value(place, from.y))
        {
            self.drag = Some((axis.name.clone(), value));
        }
        if let Some((_, from)) = self.drag.clone().filter(|(name, _)| *name == axis.name && response.dragged())
            && let Some(to) = response.interact_pointer_pos().and_then(|pos| axes.value(place, pos.y))
        {
            self.limit(axis, [from.min(to), from.max(to)]);
        }
        if response.drag_stopped() {
            self.drag = None;
        }
        if response.double_clicked() {
            self.limits.remove(&axis.name);
        }
        if let Some([low, high]) = self.limits.get(&axis.name)
            && let Some((from, to)) = axes.y(place, *low).zip(axes.y(place, *high))
        {
            let part = Rect::from_x_y_ranges(x - 5.0..=x + 5.0, from.min(to)..=from.max(to));
            ui.painter().rect_filled(part, 1.0, tokens.accent.gamma_multiply(0.3));
            ui.painter().rect_stroke(part, 1.0, Stroke::new(1.0, tokens.accent), StrokeKind::Middle);
        }
    }

    /// A dot at the end of every line within the limits, which keys and readers reach too; with very many lines none.
    fn handles_ui(
        &self,
        ui: &egui::Ui,
        tokens: &Tokens,
        axes: &Axes<'_>,
        spec: &ParallelSpec<'_>,
        output: &mut ParallelOutput,
    ) {
        let Some(drawn) = self.drawn.as_ref().filter(|drawn| drawn.n_within <= MOST_HANDLES) else { return };
        let lines = drawn.is_within.iter().enumerate().filter(|(_, is_within)| **is_within);
        for (line, _) in lines {
            let Some(end) = axes.points(line).flatten().last() else { continue };
            let at = end + vec2(12.0, 0.0);
            let response = ui.interact(
                Rect::from_center_size(at, vec2(10.0, 8.0)),
                ui.scope_id().with(("line", line)),
                Sense::click(),
            );
            let name = (spec.line)(line);
            let is_here = spec.here == Some(line);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_here, &name));
            let ink = if response.hovered() || response.has_focus() { tokens.text } else { tokens.text_weak };
            ui.painter().circle_filled(at, 2.5, ink);
            if response.has_focus() || response.hovered() {
                output.hovered = Some(line);
            }
            if response.clicked() {
                output.clicked = Some(line);
            }
        }
    }
}

/// The line within limits that is nearest to a point between two axes.
fn under(axes: &Axes<'_>, pos: egui::Pos2, is_within: &[bool]) -> Option<usize> {
    let step = axes.rect.width() / axes.all.len().max(1) as f32;
    let along = (pos.x - axes.rect.left()) / step - 0.5;
    let first = (along.floor().max(0.0) as usize).min(axes.all.len().checked_sub(2)?);
    let height = (axes.rect.bottom() - pos.y) / axes.rect.height().max(1.0);
    let at = [(along - first as f32).clamp(0.0, 1.0), height];
    let (line, distance) = nearest_line([axes.all[first], axes.all[first + 1]], at, |line| is_within[line])?;
    (distance * axes.rect.height() <= NEAR).then_some(line)
}

/// What the colours of lines mean.
pub(crate) fn colours_ui(ui: &mut egui::Ui, tokens: &Tokens, axis: &ParallelAxis) {
    const STRIPES: usize = 24;
    let shades = Shades::new(Ramp::Sequential, tokens);
    let text = |value: f64| format!("{value:.1}");
    ui.label(weak(tokens, format!("{}  {}", axis.name, text(axis.range[0]))));
    let (rect, response) = ui.allocate_exact_size(vec2(72.0, 9.0), Sense::hover());
    let mut mesh = Mesh::default();
    for stripe in 0..STRIPES {
        let x = |at: usize| rect.left() + rect.width() * at as f32 / STRIPES as f32;
        let y = rect.center().y;
        let colour: Color32 = shades.at((stripe as f32 + 0.5) / STRIPES as f32);
        mesh.add_colored_rect(Rect::from_min_max(pos2(x(stripe), y - 4.0), pos2(x(stripe + 1), y + 4.0)), colour);
    }
    ui.painter().add(Shape::mesh(mesh));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Colours of the lines"));
    ui.label(weak(tokens, text(axis.range[1])));
}
