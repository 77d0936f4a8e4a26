//! The names of the classes or communities behind the strips along the axes.

use eframe::egui::{self, Rect, Sense, pos2};

use crate::engine::plot::{NodeGroup, Viewport};
use crate::session::format;
use crate::ui::widgets::shown;

/// Where a pointer finds a strip, points beyond the matrix.
const REACH: f32 = 9.0;

/// Says which class a strip is of, where the pointer is on it.
pub(super) fn names(
    ui: &egui::Ui,
    plot: Rect,
    viewport: Viewport,
    name: &str,
    across: &[NodeGroup],
    down: &[NodeGroup],
) {
    let below = Rect::from_min_max(plot.left_bottom(), pos2(plot.right(), plot.bottom() + REACH));
    let beside = Rect::from_min_max(pos2(plot.left() - REACH, plot.top()), plot.left_bottom());
    let along = |share: f32, from: f64, to: f64| (from + f64::from(share) * (to - from)).max(0.0) as usize;
    for (strip, groups, is_across) in [(below, across, true), (beside, down, false)] {
        if groups.is_empty() {
            continue;
        }
        let response = ui.interact(strip, ui.scope_id().with(("strip", name, is_across)), Sense::hover());
        let Some(pos) = response.hover_pos() else { continue };
        let at = if is_across {
            along((pos.x - plot.left()) / plot.width(), viewport.x0, viewport.x1)
        } else {
            along((pos.y - plot.top()) / plot.height(), viewport.y0, viewport.y1)
        };
        if let Some(group) = groups.iter().find(|group| (group.start..group.end).contains(&at)) {
            let n = format::count((group.end - group.start) as u64);
            response.on_hover_text_at_pointer(shown(format!("{}, {n} nodes", group.name)));
        }
    }
}
