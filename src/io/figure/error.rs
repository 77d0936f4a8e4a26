//! Why a figure could not be made.

/// A figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The drawing could not be turned into pixels.
    #[error("picture: {reason}")]
    Render {
        /// Why, as the drawing library says.
        reason: String,
    },
    /// The table could not be written.
    #[error("table: {reason}")]
    Table {
        /// Why.
        reason: String,
    },
}
