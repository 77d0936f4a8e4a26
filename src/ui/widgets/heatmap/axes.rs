//! The axes: strips of classes, names of rows and columns where cells are large, ticks where they are not.

use std::f32::consts::FRAC_PI_2;
use std::sync::Arc;

use eframe::egui::{Align2, Color32, FontId, Galley, Painter, Rect, Stroke, epaint, pos2};

use super::AxisSpec;
use super::layout::Layout;
use super::pointer::on_screen;
use crate::engine::plot::Viewport;
use crate::session::format;
use crate::ui::colormap;
use crate::ui::tokens::{self, Tokens};

const STRIP: f32 = 4.0;
/// Between the matrix and its strip.
const MARGIN: f32 = 2.0;
/// Between two ticks at least, points.
const APART: f32 = 56.0;
/// Letters of a name; longer ones are cut.
const LETTERS: usize = 7;

/// The axis across, below the matrix.
pub(super) fn across(painter: &Painter, tokens: &Tokens, layout: &Layout, viewport: Viewport, axis: &AxisSpec<'_>) {
    let plot = layout.plot;
    let top = plot.bottom() + MARGIN;
    for group in axis.groups {
        let (from, to) = ((group.start as f64).max(viewport.x0), (group.end as f64).min(viewport.x1));
        if to > from {
            let part = on_screen(plot, viewport, Viewport { x0: from, x1: to, ..viewport });
            let strip = Rect::from_min_max(pos2(part.left(), top), pos2(part.right(), top + STRIP));
            painter.rect_filled(strip, 0.0, colormap::group(tokens, group.idx));
        }
    }
    let y = top + STRIP + 1.0;
    let place = |at: u64| {
        let share = (at as f64 + 0.5 - viewport.x0) / viewport.width();
        plot.left() + share as f32 * plot.width()
    };
    let title = text(painter, axis.name, tokens::SMALL, tokens.text);
    let half = title.size().x / 2.0;
    if let Some(below) = layout.names_columns {
        let named = names(painter, tokens, axis, (viewport.x0, viewport.x1), place, (plot.left(), plot.right()));
        let cell = plot.width() / viewport.width() as f32;
        let fits = named.iter().all(|(_, galley)| galley.size().x + 4.0 <= cell);
        for (x, galley) in named {
            if fits {
                painter.galley(pos2(x - galley.size().x / 2.0, y), galley, tokens.text_weak);
            } else {
                // Read from bottom to top, so a name ends at its column.
                upwards(painter, galley, pos2(x, y + 1.0), Align2::RIGHT_CENTER, tokens.text_weak);
            }
        }
        painter.galley(pos2(plot.center().x - half, y + below), title, tokens.text);
        return;
    }
    let mut taken = vec![(plot.center().x - half, plot.center().x + half)];
    painter.galley(pos2(plot.center().x - half, y), title, tokens.text);
    let (first, last) = ends(viewport.x0, viewport.x1);
    let (first, last) = (number(painter, first, tokens), number(painter, last, tokens));
    for (x, galley) in [(plot.left(), Arc::clone(&first)), (plot.right() - last.size().x, last)] {
        if is_free(&mut taken, x, x + galley.size().x) {
            painter.galley(pos2(x, y), galley, tokens.text_weak);
        }
    }
    for at in ticks(viewport.x0, viewport.x1, plot.width()) {
        let x = place(at);
        tick(painter, tokens, [pos2(x, plot.bottom()), pos2(x, top + STRIP)]);
        let galley = number(painter, at, tokens);
        let half = galley.size().x / 2.0;
        if is_free(&mut taken, x - half, x + half) {
            painter.galley(pos2(x - half, y), galley, tokens.text_weak);
        }
    }
}

/// The axis down, left of the matrix; names of rows stand right of it, where the eye arrives.
pub(super) fn down(painter: &Painter, tokens: &Tokens, layout: &Layout, viewport: Viewport, axis: &AxisSpec<'_>) {
    let plot = layout.plot;
    let right = plot.left() - MARGIN;
    for group in axis.groups {
        let (from, to) = ((group.start as f64).max(viewport.y0), (group.end as f64).min(viewport.y1));
        if to > from {
            let part = on_screen(plot, viewport, Viewport { y0: from, y1: to, ..viewport });
            let strip = Rect::from_min_max(pos2(right - STRIP, part.top()), pos2(right, part.bottom()));
            painter.rect_filled(strip, 0.0, colormap::group(tokens, group.idx));
        }
    }
    let place = |at: u64| {
        let share = (at as f64 + 0.5 - viewport.y0) / viewport.height();
        plot.top() + share as f32 * plot.height()
    };
    let title = text(painter, axis.name, tokens::SMALL, tokens.text);
    let x = right - STRIP - 8.5;
    if layout.names_rows {
        let named = names(painter, tokens, axis, (viewport.y0, viewport.y1), place, (plot.top(), plot.bottom()));
        for (y, galley) in named {
            let at = pos2(plot.right() + 4.0, y - galley.size().y / 2.0);
            painter.galley(at, galley, tokens.text_weak);
        }
        if title.size().x <= plot.height() {
            upwards(painter, title, pos2(x, plot.center().y), Align2::CENTER_CENTER, tokens.text);
        }
        return;
    }
    let mut taken = Vec::new();
    let (first, last) = ends(viewport.y0, viewport.y1);
    // Read from bottom to top, so the last entry stands where reading begins. What has no room is left out.
    let at_ends = [
        (title, plot.center().y, Align2::CENTER_CENTER, tokens.text),
        (number(painter, last, tokens), plot.bottom(), Align2::LEFT_CENTER, tokens.text_weak),
        (number(painter, first, tokens), plot.top(), Align2::RIGHT_CENTER, tokens.text_weak),
    ];
    for (galley, y, anchor, colour) in at_ends {
        let length = galley.size().x;
        let from = match anchor {
            Align2::LEFT_CENTER => y - length,
            Align2::RIGHT_CENTER => y,
            _ => y - length / 2.0,
        };
        if from >= plot.top() - 1.0 && is_free(&mut taken, from, from + length) {
            upwards(painter, galley, pos2(x, y), anchor, colour);
        }
    }
    for at in ticks(viewport.y0, viewport.y1, plot.height()) {
        let y = place(at);
        tick(painter, tokens, [pos2(plot.left(), y), pos2(right - STRIP, y)]);
        let galley = number(painter, at, tokens);
        let half = galley.size().x / 2.0;
        if is_free(&mut taken, y - half, y + half) {
            upwards(painter, galley, pos2(x, y), Align2::CENTER_CENTER, tokens.text_weak);
        }
    }
}

fn text(painter: &Painter, text: &str, size: f32, colour: Color32) -> Arc<Galley> {
    painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), colour)
}

fn number(painter: &Painter, at: u64, tokens: &Tokens) -> Arc<Galley> {
    text(painter, &format::count(at), tokens::SMALL, tokens.text_weak)
}

fn tick(painter: &Painter, tokens: &Tokens, ends: [eframe::egui::Pos2; 2]) {
    painter.line_segment(ends, Stroke::new(1.0, tokens.text_weak));
}

/// Takes a stretch of an axis for a text, if nothing stands there.
fn is_free(taken: &mut Vec<(f32, f32)>, from: f32, to: f32) -> bool {
    const SPACE: f32 = 4.0;
    let is_free = taken.iter().all(|(low, high)| to + SPACE < *low || from > high + SPACE);
    if is_free {
        taken.push((from, to));
    }
    is_free
}

/// Turned by a quarter, read from bottom to top; the anchor is that of the text before it is turned.
fn upwards(painter: &Painter, galley: Arc<Galley>, at: eframe::egui::Pos2, anchor: Align2, colour: Color32) {
    let offset = anchor.pos_in_rect(&galley.rect).to_vec2();
    painter.add(epaint::TextShape::new(at - offset, galley, colour).with_angle_and_anchor(-FRAC_PI_2, anchor));
}

/// The first and the last entry in view, counted from 0 as files do.
fn ends(from: f64, to: f64) -> (u64, u64) {
    (from.floor() as u64, (to.ceil() as u64).saturating_sub(1))
}

/// The names of what has its middle in view, each with the place of the middle.
fn names(
    painter: &Painter,
    tokens: &Tokens,
    axis: &AxisSpec<'_>,
    (from, to): (f64, f64),
    place: impl Fn(u64) -> f32,
    (low, high): (f32, f32),
) -> Vec<(f32, Arc<Galley>)> {
    let (first, last) = ends(from, to);
    (first..=last)
        .map(|at| (place(at), at))
        .filter(|(middle, _)| (low..=high).contains(middle))
        .map(|(middle, at)| {
            let name = cut((axis.names.0)(at as usize));
            (middle, text(painter, &name, tokens::SMALL - 1.0, tokens.text_weak))
        })
        .collect()
}

/// A name in as many letters as there is room for.
fn cut(name: String) -> String {
    if name.chars().count() <= LETTERS {
        return name;
    }
    name.chars().take(LETTERS - 1).chain(std::iter::once('…')).collect()
}

/// Round numbers between the first and the last entry in view, on an axis of this length.
fn ticks(from: f64, to: f64, length: f32) -> impl Iterator<Item = u64> {
    let (first, last) = ends(from, to);
    let least = (to - from) / f64::from(length / APART).max(1.0);
    let ten = 10f64.powf(least.max(1.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * ten).into_iter().find(|step| *step >= least);
    let step = step.map_or(1, |step| step as u64).max(1);
    (first / step + 1..).map(move |n| n * step).take_while(move |at| *at < last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let found = |from: f64, to: f64, length: f32| ticks(from, to, length).collect::<Vec<_>>();
        assert_eq!(found(0.0, 2485.0, 300.0), [500, 1000, 1500, 2000]);
        assert_eq!(found(0.0, 34.0, 250.0), [10, 20, 30]);
        assert_eq!(found(12.3, 17.0, 800.0), [13, 14, 15]);
        assert_eq!(found(0.0, 1.0, 16.0), Vec::<u64>::new());
        for length in [20.0, 219.0, 1700.0] {
            for span in [4.0, 90.0, 12_345.0, 2e6] {
                let found = found(0.0, span, length);
                assert!(found.len() <= (length / APART) as usize + 1, "{found:?} on {length}");
                assert!(found.iter().all(|at| *at > 0 && (*at as f64) < span));
            }
        }
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("C0001".to_owned()), "C0001");
        assert_eq!(cut("Jürgen-Müller".to_owned()), "Jürgen…");
    }
}
