//! A node and what reaches it over some hops.

use super::canvas::{Anchor, Canvas, SMALL, TEXT, TEXT_WEAK, TITLE};
use super::colour::{KEPT, REMOVED, Rgb, SERIES};
use super::error::FigureError;
use super::legend::{BOTTOM, LEFT, LEGEND, LONGEST, Legend, SHORTEST, TOP};
use crate::engine::experiment::EgoNetwork;
use crate::engine::graph::Dataset;
use crate::engine::plot::{EgoLayout, EgoLine, EgoView, class_name, grouped};

/// Everything a drawing of an ego network says.
#[derive(Debug, Clone)]
pub struct EgoFigure<'a> {
    /// For the names of nodes and classes.
    pub dataset: &'a Dataset,
    /// What is drawn.
    pub network: &'a EgoNetwork,
    /// Where the nodes stand.
    pub layout: &'a EgoLayout,
    /// Which of its steps.
    pub step: usize,
    /// Which model.
    pub view: EgoView,
    /// Above it, for example `cora, GCN 1433-512-7, node 1493 within 2 hops, layer 1`.
    pub title: &'a str,
    /// Below the title; may be empty.
    pub subtitle: &'a str,
}

/// Around what is drawn, points.
const MARGIN: f64 = 24.0;
/// Of the line of the largest message, and of none.
const WIDTHS: [f64; 2] = [0.6, 4.0];
/// Half of what two entries between the same nodes stand apart.
const APART: f64 = 1.8;

impl EgoFigure<'_> {
    /// As a PNG, 2 pixels per point.
    ///
    /// # Errors
    /// [`FigureError::Render`].
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        self.drawn().png()
    }

    /// As an SVG, every entry a line and every node a circle.
    pub fn svg(&self) -> String {
        self.drawn().svg()
    }

    /// One line per drawn entry and step: whose message, to whom, how far that is from the node, in which layer or hop (from 1), its value in
    /// `T`, the norm of its message, what that was compared with, and whether it is kept. What is not known is empty.
    ///
    /// # Errors
    /// [`FigureError::Table`].
    pub fn csv(&self) -> Result<Vec<u8>, FigureError> {
        let fault = |e: csv::Error| FigureError::Table { reason: e.to_string() };
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["source", "target", "hop", "layer", "T", "message", "threshold", "kept"]).map_err(fault)?;
        let id = |place: usize| self.network.nodes.get(place).map_or_else(String::new, |node| self.id(node.node));
        let known = |value: Option<f32>| {
            value.filter(|value| value.is_finite()).map_or_else(String::new, |value| value.to_string())
        };
        for entry in &self.network.entries {
            for (step, became) in self.network.steps.iter().zip(&entry.steps) {
                out.write_record([
                    id(entry.source),
                    id(entry.target),
                    entry.hop.to_string(),
                    (step.step + 1).to_string(),
                    known(entry.value),
                    known(Some(became.message)),
                    step.threshold.map_or_else(String::new, |threshold| threshold.to_string()),
                    became.is_kept.to_string(),
                ])
                .map_err(fault)?;
            }
        }
        out.into_inner().map_err(|e| FigureError::Table { reason: e.to_string() })
    }

    fn id(&self, node: u32) -> String {
        self.dataset.node_id(node as usize)
    }

    fn drawn(&self) -> Canvas {
        let [across, down] = self.layout.size().map(|side| f64::from(side).max(1e-3));
        let scale = (LONGEST - 2.0 * MARGIN) / across.max(down);
        let side = |units: f64| (units * scale + 2.0 * MARGIN).max(SHORTEST);
        let (width, height) = (side(across), side(down));
        let mut canvas = Canvas::new(LEFT + width + LEGEND, TOP + height + BOTTOM);
        canvas.text(LEFT, 28.0, self.title, TITLE, Anchor::Left, TEXT);
        canvas.text(LEFT, 48.0, self.subtitle, SMALL, Anchor::Left, TEXT_WEAK);
        canvas.frame(LEFT, TOP, width, height);
        let at = |place: usize| {
            let [x, y] = self.layout.places().get(place).copied().unwrap_or_default().map(f64::from);
            [LEFT + width / 2.0 + (x - across / 2.0) * scale, TOP + height / 2.0 + (y - down / 2.0) * scale]
        };
        let lines = self.layout.lines(self.network, self.step, self.view);
        for is_kept in [false, true] {
            for line in lines.iter().filter(|line| line.is_kept == is_kept) {
                let [from, to] = apart(line, line.ends.map(at));
                let stroke = WIDTHS[0] + (WIDTHS[1] - WIDTHS[0]) * f64::from(line.strength);
                canvas.line(from, to, if is_kept { KEPT } else { REMOVED }, stroke, !is_kept);
            }
        }
        for (place, node) in self.network.nodes.iter().enumerate().rev() {
            let ([x, y], radius) = (at(place), [9.0, 6.0, 4.5, 3.5][node.hop.min(3)]);
            let is_noticed = self.view == EgoView::Pruned && node.is_changed;
            if node.hop == 0 || is_noticed {
                canvas.dot(x, y, radius + 2.0, if is_noticed { SERIES[1] } else { TEXT }, 1.0);
            }
            canvas.dot(x, y, radius, ink(node.said[self.view.way()]), 1.0);
        }
        if let Some(middle) = self.network.nodes.first() {
            let [x, y] = at(0);
            canvas.text(x, y + 24.0, &self.id(middle.node), SMALL, Anchor::Centre, TEXT);
        }
        self.legend(&mut canvas, width);
        canvas.text(LEFT, TOP + height + 22.0, &self.says(), SMALL, Anchor::Left, TEXT_WEAK);
        canvas
    }

    fn says(&self) -> String {
        let network = self.network;
        let all = || {
            let (nodes, entries) = (network.nodes.len() as u64, network.entries.len() as u64);
            format!("{} nodes, {} entries", grouped(nodes), grouped(entries))
        };
        format!(
            "{}; lines are as wide as the norms of their messages",
            network.sample_says(grouped).unwrap_or_else(all)
        )
    }

    fn legend(&self, canvas: &mut Canvas, width: f64) {
        let who = if self.view == EgoView::Baseline { "unpruned" } else { "pruned" };
        let mut legend = Legend::new(canvas, width, &format!("Nodes by prediction, {who}"));
        let mut counts = std::collections::BTreeMap::<u32, u64>::new();
        for node in &self.network.nodes {
            *counts.entry(node.said[self.view.way()]).or_default() += 1;
        }
        legend.names(
            counts.into_iter().map(|(class, n)| {
                (ink(class), format!("{}, {}", class_name(self.dataset, class as usize), grouped(n)))
            }),
        );
        if self.view == EgoView::Baseline {
            return;
        }
        let n_changed = self.network.nodes.iter().filter(|node| node.is_changed).count() as u64;
        if n_changed > 0 {
            legend.ring(SERIES[1], &format!("changed, {}", grouped(n_changed)));
        }
        legend.lines("Entries", &[("kept", KEPT, false), ("removed", REMOVED, true)]);
    }
}

/// The colour of a class.
fn ink(class: u32) -> Rgb {
    SERIES[class as usize % SERIES.len()]
}

/// A line and the one of the other direction beside each other.
fn apart(line: &EgoLine, [from, to]: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let (across, down) = (to[0] - from[0], to[1] - from[1]);
    let length = across.hypot(down);
    if !line.has_reverse || length <= 0.0 {
        return [from, to];
    }
    let off = [-down / length * APART, across / length * APART];
    [from, to].map(|[x, y]| [x + off[0], y + off[1]])
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::control::Control;
    use crate::engine::experiment::{EgoEntry, EgoNode, EgoStep, NeighbourEntry};
    use crate::engine::graph::{DatasetParts, Direction, Features, Labels, SelfLoops, Topology};

    fn dataset() -> Dataset {
        let pairs = [(0, 1), (1, 2)];
        let (topology, _) = Topology::from_edges(3, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("pairs");
        let mut labels = Labels::new(vec![0, 1, 1]);
        labels.names = vec!["tea & cake".into(), "coffee".into()];
        Dataset::try_new(DatasetParts {
            name: "three".into(),
            source: "test".into(),
            topology,
            features: Features::from_dense(Array2::ones((3, 1))),
            labels: Some(labels),
            splits: Vec::new(),
            node_ids: None,
            edge_weights: None,
        })
        .expect("parts that fit")
    }

    /// A path whose first entry is kept, whose way back is not, and whose last has no message any more.
    fn network() -> EgoNetwork {
        let entry = |target, source, hop, message, is_kept| EgoEntry {
            target,
            source,
            hop,
            value: Some(0.5),
            steps: vec![NeighbourEntry { message, is_kept }],
        };
        EgoNetwork {
            n_hops: 2,
            nodes: (0..3).map(|u| EgoNode { node: u, hop: u as usize, said: [0, 1], is_changed: u == 2 }).collect(),
            entries: vec![entry(0, 1, 1, 2.0, true), entry(1, 0, 2, 1.0, false), entry(1, 2, 2, f32::NAN, false)],
            steps: vec![EgoStep { step: 0, title: "Layer 1".into(), threshold: Some(1.5) }],
            n_all_nodes: 3,
            n_all_entries: 3,
        }
    }

    #[test]
    fn every_node_and_entry_is_drawn_and_written() {
        let (dataset, network) = (dataset(), network());
        let layout = EgoLayout::new(&network, &Control::new(1).expect("workers")).expect("not cancelled");
        let figure = |view| EgoFigure {
            dataset: &dataset,
            network: &network,
            layout: &layout,
            step: 0,
            view,
            title: "three",
            subtitle: "",
        };
        let svg = figure(EgoView::Pruned).svg();
        // Three nodes, a ring around the one in the middle and around the changed one, a class and a ring in the legend.
        assert_eq!(svg.matches("<circle").count(), 3 + 2 + 1 + 2, "{svg}");
        // Beside the frame's four sides and the legend's two lines.
        assert_eq!(svg.matches("<polyline").count(), 3 + 4 + 2);
        assert_eq!(svg.matches("stroke-dasharray").count(), 2 + 1, "what is removed, and its line in the legend");
        for word in ["coffee, 3", "changed, 1", "3 nodes, 3 entries"] {
            assert!(svg.contains(word), "{word} in {svg}");
        }
        let baseline = figure(EgoView::Baseline).svg();
        assert!(baseline.contains("tea &amp; cake, 3") && !baseline.contains("stroke-dasharray"), "{baseline}");
        assert!(figure(EgoView::Pruned).png().expect("a picture").starts_with(b"\x89PNG"));
        let table = String::from_utf8(figure(EgoView::Pruned).csv().expect("a table")).expect("text");
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows[1..], ["1,0,1,1,0.5,2,1.5,true", "0,1,2,1,0.5,1,1.5,false", "2,1,2,1,0.5,,1.5,false"]);
    }
}
