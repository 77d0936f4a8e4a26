//! A graph as nodes and lines: who is drawn and where, what a run did to the edges, what nodes are coloured by; what reaches a single node.

mod ego;
mod forces;
mod layout;
mod marks;
mod quadtree;
mod shades;
#[cfg(test)]
mod tests;

pub use ego::{EgoLayout, EgoLine, EgoView};
pub use layout::{DrawnEdge, GraphLayout};
pub use marks::{GraphMarks, Standing, StepMarks};
pub use shades::{LegendEntry, NodeColouring, NodeShade, NodeShades, class_name};
