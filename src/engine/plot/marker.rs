//! Shapes of points: series differ in shape as well as in colour, in the window and in figures alike.

/// One shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Filled, round.
    Disc,
    /// A square on its corner.
    Diamond,
    /// A square on its side.
    Square,
    /// A triangle that points up.
    Up,
    /// A triangle that points down.
    Down,
    /// Two lines from corner to corner.
    Cross,
    /// Two lines from side to side.
    Plus,
    /// Round, not filled.
    Ring,
    /// Five lines from point to point; of no series, but of what was chosen.
    Star,
}

/// How a shape is drawn, around the origin and about 1 from it; y grows downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outline {
    /// A filled circle.
    Disc,
    /// A circle.
    Ring,
    /// A filled polygon, convex.
    Filled(&'static [[f64; 2]]),
    /// Lines.
    Lines(&'static [[[f64; 2]; 2]]),
}

impl Marker {
    /// Every shape of a series, in the order of the palette.
    pub const ALL: [Self; 8] =
        [Self::Disc, Self::Diamond, Self::Square, Self::Up, Self::Down, Self::Cross, Self::Plus, Self::Ring];

    /// The shape of a series by its place in the palette; where colours come round again, they have other shapes.
    pub fn of(colour: usize) -> Self {
        let n = Self::ALL.len();
        Self::ALL[(colour + colour / n) % n]
    }

    /// How it is drawn.
    pub fn outline(self) -> Outline {
        match self {
            Self::Disc => Outline::Disc,
            Self::Ring => Outline::Ring,
            Self::Diamond => Outline::Filled(&[[-1.25, 0.0], [0.0, -1.25], [1.25, 0.0], [0.0, 1.25]]),
            Self::Square => Outline::Filled(&[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
            Self::Up => Outline::Filled(&[[-1.15, 0.85], [0.0, -1.2], [1.15, 0.85]]),
            Self::Down => Outline::Filled(&[[-1.15, -0.85], [1.15, -0.85], [0.0, 1.2]]),
            Self::Cross => Outline::Lines(&[[[-0.9, -0.9], [0.9, 0.9]], [[-0.9, 0.9], [0.9, -0.9]]]),
            Self::Star => Outline::Lines(&[
                [[0.0, -1.0], [0.588, 0.809]],
                [[0.588, 0.809], [-0.951, -0.309]],
                [[-0.951, -0.309], [0.951, -0.309]],
                [[0.951, -0.309], [-0.588, 0.809]],
                [[-0.588, 0.809], [0.0, -1.0]],
            ]),
            Self::Plus => Outline::Lines(&[[[-1.15, 0.0], [1.15, 0.0]], [[0.0, -1.15], [0.0, 1.15]]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_colours_share_a_shape() {
        for (at, marker) in Marker::ALL.into_iter().enumerate() {
            assert_eq!(Marker::of(at), marker);
            assert!(Marker::ALL[..at].iter().all(|m| m.outline() != marker.outline()), "{marker:?}");
        }
        assert_eq!(Marker::of(8), Marker::Diamond, "the first colour again, with another shape");
    }
}
