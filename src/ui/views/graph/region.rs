//! Choosing nodes by what is drawn around them: a box or a lasso.

use eframe::egui::{self, Painter, PointerButton, Pos2, Rect, Response, Stroke, StrokeKind};

use crate::ui::tokens::Tokens;

/// What a drag over the drawing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tool {
    /// Moves it; with Shift it draws a box.
    #[default]
    Move,
    /// Draws a box.
    Box,
    /// Draws a line around nodes.
    Lasso,
}

impl Tool {
    pub(super) const ALL: [Self; 3] = [Self::Move, Self::Box, Self::Lasso];

    /// For a button.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Box => "Box",
            Self::Lasso => "Lasso",
        }
    }

    /// For a tooltip.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Move => "A drag moves the drawing; with Shift it selects the nodes in a box",
            Self::Box => "A drag selects the nodes in a box; with Ctrl or Shift they come to those that are selected",
            Self::Lasso => "A drag around nodes selects them; with Ctrl or Shift they come to those that are selected",
        }
    }
}

/// What is being drawn around nodes, in points on the screen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region {
    is_lasso: bool,
    /// Whether what is inside comes to what is selected.
    pub(super) adds: bool,
    /// Of a box two opposite corners.
    path: Vec<Pos2>,
}

impl Region {
    /// Points of a lasso nearer than this are one, in points on the screen.
    const STEP: f32 = 3.0;

    /// The region that a drag which begins now draws, if it draws one.
    pub(super) fn begun(ui: &egui::Ui, response: &Response, tool: Tool) -> Option<Self> {
        let (origin, modifiers) = ui.input(|i| (i.pointer.press_origin(), i.modifiers));
        let is_region = response.drag_started_by(PointerButton::Primary) && (tool != Tool::Move || modifiers.shift);
        let origin = origin.filter(|_| is_region)?;
        let adds = modifiers.command || (modifiers.shift && tool != Tool::Move);
        Some(Self { is_lasso: tool == Tool::Lasso, adds, path: vec![origin] })
    }

    /// Goes on to where the pointer is.
    pub(super) fn follow(&mut self, to: Pos2) {
        if !self.is_lasso {
            self.path.truncate(1);
            self.path.push(to);
        } else if self.path.last().is_none_or(|last| last.distance(to) >= Self::STEP) {
            self.path.push(to);
        }
    }

    /// Whether a point is inside; of a lasso that crosses itself, where a line from outside crosses it an odd number of times.
    pub(super) fn contains(&self, point: Pos2) -> bool {
        if !self.bounds().contains(point) {
            return false;
        }
        if !self.is_lasso {
            return true;
        }
        let next = self.path.iter().cycle().skip(1);
        let crosses = |(a, b): (&Pos2, &Pos2)| {
            (a.y > point.y) != (b.y > point.y) && point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)
        };
        self.path.iter().zip(next).filter(|ends| crosses(*ends)).count() % 2 == 1
    }

    fn bounds(&self) -> Rect {
        Rect::from_points(&self.path)
    }

    /// Draws it.
    pub(super) fn paint(&self, painter: &Painter, tokens: &Tokens) {
        let stroke = Stroke::new(1.5, tokens.accent);
        if self.is_lasso {
            painter.line(self.path.clone(), stroke);
            if let [first, .., last] = self.path[..] {
                painter.extend(egui::Shape::dashed_line(&[last, first], stroke, 4.0, 4.0));
            }
        } else {
            painter.rect(self.bounds(), 0.0, tokens.accent_weak.gamma_multiply(0.4), stroke, StrokeKind::Middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    fn region(is_lasso: bool, corners: &[(f32, f32)]) -> Region {
        let mut path = corners.iter().map(|(x, y)| pos2(*x, *y));
        let mut region = Region { is_lasso, adds: false, path: path.next().into_iter().collect() };
        path.for_each(|corner| region.follow(corner));
        region
    }

    #[test]
    fn a_box_holds_what_is_between_its_corners_whichever_way_it_was_drawn() {
        for corners in [[(0.0, 0.0), (50.0, 80.0), (10.0, 20.0)], [(10.0, 20.0), (3.0, 3.0), (0.0, 0.0)]] {
            let region = region(false, &corners);
            assert!(region.contains(pos2(5.0, 19.0)));
            assert!(!region.contains(pos2(11.0, 5.0)) && !region.contains(pos2(5.0, 21.0)));
        }
    }

    #[test]
    fn a_lasso_holds_what_its_line_goes_around() {
        // A horseshoe, open at the top.
        let around = [(0., 0.), (30., 0.), (30., 60.), (60., 60.), (60., 0.), (90., 0.), (90., 90.), (0., 90.)];
        let region = region(true, &around);
        for (x, y, is_in) in
            [(15., 15., true), (75., 45., true), (45., 75., true), (45., 30., false), (95., 45., false)]
        {
            assert_eq!(region.contains(pos2(x, y)), is_in, "{x}, {y}");
        }
        assert!(!region_of_one().contains(pos2(0.0, 0.0)), "nothing was drawn");
    }

    fn region_of_one() -> Region {
        region(true, &[(0.0, 0.0), (1.0, 1.0)])
    }
}
