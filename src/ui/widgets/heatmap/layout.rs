//! Where the matrix, its names, its small map and its legend stand.

use eframe::egui::{Rect, Vec2, pos2, vec2};

use crate::engine::plot::Viewport;

/// Left of the matrix: the name of the axis and the strip of classes.
pub(crate) const GUTTER_LEFT: f32 = 24.0;
/// Below the matrix.
pub(crate) const GUTTER_BELOW: f32 = 22.0;
/// Right of the matrix: the legend.
pub(crate) const LEGEND_WIDTH: f32 = 62.0;
/// Rows and columns are named where their cells are this large, points.
const NAMED: f32 = 20.0;
/// What names take right of the matrix, and below it where they are turned, points: seven letters.
const NAMES: f32 = 44.0;
/// What names take below where they are not turned.
const NAMES_FLAT: f32 = 13.0;
/// Columns so wide have room for a name that is not turned.
const FLAT_FROM: f32 = 46.0;
/// Between the matrix and what stands at its right.
const GAP: f32 = 8.0;
/// Largest side of the small map, points.
const LARGEST_MAP: f32 = 140.0;
/// What the small map takes of the height at most; the legend stands below it.
const MAP_SHARE: f32 = 0.45;

/// Of one heatmap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) plot: Rect,
    /// Whether there is room for the names of the rows.
    pub(super) names_rows: bool,
    /// How much room there is below for the names of the columns; `None` where they are not named.
    pub(super) names_columns: Option<f32>,
    /// Where the legend and the small map begin.
    pub(super) aside: f32,
    /// Of the small map, beside the matrix; `None` where the whole is in view.
    pub(super) map: Option<Rect>,
}

impl Layout {
    /// Into a rectangle that holds all of it. A square matrix is a square, at the left; others fill the room. So does a part of it whose
    /// single entries have names, since their numbers need width. Its upper left corner stays where it is, so that the pointer does not lose it.
    pub(super) fn of(rect: Rect, whole: &Viewport, viewport: Viewport) -> Self {
        let room = |beside: f32, below: f32| {
            let min = rect.min + vec2(GUTTER_LEFT, 1.0);
            // A pane can be made as narrow as its owner likes; a matrix never vanishes altogether.
            let max = pos2(rect.right() - LEGEND_WIDTH - beside, rect.bottom() - GUTTER_BELOW - below);
            Rect::from_min_size(min, (max - min).max(Vec2::splat(16.0)))
        };
        let mut plot = room(0.0, 0.0);
        let is_square = (whole.width() - whole.height()).abs() < 0.5;
        if is_square {
            plot = Rect::from_min_size(plot.min, Vec2::splat(plot.size().min_elem()));
        }
        // Of the matrix without names, so that making room for them never takes them away again.
        let names_rows = plot.height() / viewport.height() as f32 >= NAMED;
        let names_columns = plot.width() / viewport.width() as f32 >= NAMED;
        let beside = if names_rows { NAMES } else { 0.0 };
        let column = room(beside, 0.0).width() / viewport.width() as f32;
        let below = if column < FLAT_FROM { NAMES } else { NAMES_FLAT };
        let names_columns = names_columns.then_some(below);
        if names_rows || names_columns.is_some() {
            plot = room(beside, names_columns.unwrap_or(0.0));
            if is_square && viewport == *whole {
                plot = Rect::from_min_size(plot.min, Vec2::splat(plot.size().min_elem()));
            }
        }
        let aside = plot.right() + beside;
        let map = (viewport != *whole).then(|| {
            let longest = whole.width().max(whole.height()) as f32;
            let side = (rect.right() - aside - GAP).min(LARGEST_MAP).min(MAP_SHARE * plot.height());
            let size = vec2(whole.width() as f32, whole.height() as f32) / longest * side;
            Rect::from_min_size(pos2(aside + GAP, plot.top()), size.max(Vec2::splat(10.0)))
        });
        Self { plot, names_rows, names_columns, aside, map }
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::Pos2;

    use super::*;

    fn rect(width: f32, height: f32) -> Rect {
        Rect::from_min_size(Pos2::ZERO, vec2(width, height))
    }

    #[test]
    fn a_square_matrix_is_a_square_and_nothing_covers_it() {
        for (width, height) in [(390.0, 240.0), (1600.0, 900.0), (220.0, 700.0), (90.0, 70.0)] {
            for (columns, rows) in [(2485, 2485), (1433, 512), (7, 512), (34, 34)] {
                let whole = Viewport::whole(columns, rows);
                let far = Layout::of(rect(width, height), &whole, whole);
                assert_eq!(far.map, None, "all is in view");
                if columns == rows {
                    assert!((far.plot.width() - far.plot.height()).abs() < 0.01, "{far:?}");
                }
                for factor in [1.5, 4.0, 30.0, 1e6] {
                    let near = Layout::of(rect(width, height), &whole, whole.zoomed(3.0, 3.0, factor, &whole));
                    let map = near.map.expect("a map");
                    assert!(map.left() > near.plot.right() && map.top() >= near.plot.top(), "{near:?}");
                    if width > 200.0 {
                        assert!(
                            rect(width, height).contains_rect(map) && map.bottom() < near.plot.bottom(),
                            "{near:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn names_stand_where_cells_are_large_enough_for_them() {
        let whole = Viewport::whole(200, 200);
        let mut was_named = false;
        for factor in (0..60).map(|step| 1.1f64.powi(step)) {
            let view = whole.zoomed(100.0, 100.0, factor, &whole);
            let layout = Layout::of(rect(390.0, 300.0), &whole, view);
            let cell = layout.plot.size() / view.width() as f32;
            assert_eq!(layout.names_rows, layout.names_columns.is_some());
            assert!(!layout.names_rows || cell.min_elem() > 0.75 * NAMED, "{factor}: {cell}");
            assert!(layout.names_rows || cell.max_elem() < NAMED, "{factor}: {cell}");
            assert!(layout.names_rows || !was_named, "nearer never takes them away");
            was_named = layout.names_rows;
        }
        assert!(was_named);
    }
}
