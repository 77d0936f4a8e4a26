//! A graph as nodes and lines.

use super::canvas::{Anchor, Canvas, SMALL, TEXT, TEXT_WEAK, TITLE};
use super::colour::{KEPT, REMOVED, Rgb, SERIES, lut, mix};
use super::error::FigureError;
use super::legend::{BOTTOM, LEFT, LEGEND, LONGEST, Legend, SHORTEST, TOP};
use crate::engine::graph::Dataset;
use crate::engine::plot::{DrawnEdge, GraphLayout, NodeShade, NodeShades, Ramp, Standing, grouped};

/// Everything a node-link drawing says.
#[derive(Debug, Clone)]
pub struct GraphFigure<'a> {
    /// For the names of nodes.
    pub dataset: &'a Dataset,
    /// Where the nodes stand.
    pub layout: &'a GraphLayout,
    /// What their colours mean.
    pub shades: &'a NodeShades,
    /// What became of the edges; without, all are alike.
    pub edges: Option<&'a [Standing]>,
    /// The part to draw: left, top, right and bottom in units of the layout.
    pub view: [f32; 4],
    /// Above it, for example `cora, GCN 1433-512-7, layer 1`.
    pub title: &'a str,
    /// Below the title; may be empty.
    pub subtitle: &'a str,
}

/// Around what is drawn, points.
const MARGIN: f64 = 12.0;

impl GraphFigure<'_> {
    /// As a PNG, 2 pixels per point.
    ///
    /// # Errors
    /// [`FigureError::Render`].
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        self.drawn().png()
    }

    /// As an SVG, every edge a line and every node a circle.
    pub fn svg(&self) -> String {
        self.drawn().svg()
    }

    /// One line per drawn node, in view or not: its id, where it stands, what it is coloured by, and the colour.
    ///
    /// # Errors
    /// [`FigureError::Table`].
    pub fn csv(&self) -> Result<Vec<u8>, FigureError> {
        let fault = |e: csv::Error| FigureError::Table { reason: e.to_string() };
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["node", "x", "y", self.shades.by.title(), "colour"]).map_err(fault)?;
        for (at, u) in self.layout.nodes().iter().enumerate() {
            let [x, y] = self.layout.places()[at].map(|v| v.to_string());
            let [r, g, b] = self.shades.shades.get(at).map_or(REMOVED, |shade| ink(*shade));
            let colour = format!("#{r:02x}{g:02x}{b:02x}");
            out.write_record([self.dataset.node_id(*u as usize), x, y, self.shades.says(at), colour]).map_err(fault)?;
        }
        out.into_inner().map_err(|e| FigureError::Table { reason: e.to_string() })
    }

    fn drawn(&self) -> Canvas {
        let [left, top, right, bottom] = self.view.map(f64::from);
        let (across, down) = ((right - left).max(1e-6), (bottom - top).max(1e-6));
        let scale = (LONGEST - 2.0 * MARGIN) / across.max(down);
        let side = |units: f64| (units * scale + 2.0 * MARGIN).max(SHORTEST);
        let (width, height) = (side(across), side(down));
        let mut canvas = Canvas::new(LEFT + width + LEGEND, TOP + height + BOTTOM);
        canvas.text(LEFT, 28.0, self.title, TITLE, Anchor::Left, TEXT);
        canvas.text(LEFT, 48.0, self.subtitle, SMALL, Anchor::Left, TEXT_WEAK);
        canvas.frame(LEFT, TOP, width, height);
        canvas.clip(LEFT, TOP, width, height);
        let at = |node: u32| {
            let [x, y] = self.layout.places()[node as usize].map(f64::from);
            let x = LEFT + width / 2.0 + (x - f64::midpoint(left, right)) * scale;
            let y = TOP + height / 2.0 + (y - f64::midpoint(top, bottom)) * scale;
            [x, y]
        };
        let (edges, n_in_view) = self.edges_in_view();
        for pass in [Standing::Removed, Standing::KeptOneWay, Standing::Kept] {
            for (idx, edge) in &edges {
                let standing = self.edges.map_or(Standing::Kept, |all| all[*idx]);
                if standing == pass {
                    let (ink, stroke, is_dashed) = self.line(standing);
                    canvas.line(at(edge.ends[0]), at(edge.ends[1]), ink, stroke, is_dashed);
                }
            }
        }
        let zoom = LONGEST / (across.max(down) * LONGEST);
        let radius = (130.0 / (self.layout.nodes().len() as f64).sqrt()).clamp(1.2, 6.0) * zoom.sqrt().clamp(1.0, 3.0);
        for is_noticed in [false, true] {
            for (node, shade) in self.shades.shades.iter().enumerate() {
                let [x, y] = at(node as u32);
                let is_in = (LEFT..LEFT + width).contains(&x) && (TOP..TOP + height).contains(&y);
                if is_in && (*shade == NodeShade::Noticed) == is_noticed {
                    canvas.dot(x, y, if is_noticed { 1.5 * radius } else { radius }, ink(*shade), 1.0);
                }
            }
        }
        canvas.end_clip();
        self.legend(&mut canvas, width);
        let says = self.says(edges.len(), n_in_view);
        canvas.text(LEFT, TOP + height + 22.0, &says, SMALL, Anchor::Left, TEXT_WEAK);
        canvas
    }

    /// The edges that are drawn, with their places among all; and how many are in view.
    fn edges_in_view(&self) -> (Vec<(usize, &DrawnEdge)>, usize) {
        let [left, top, right, bottom] = self.view;
        let is_in = |edge: &DrawnEdge| {
            let [a, b] = edge.ends.map(|end| self.layout.places()[end as usize]);
            a[0].max(b[0]) >= left && a[0].min(b[0]) <= right && a[1].max(b[1]) >= top && a[1].min(b[1]) <= bottom
        };
        let mut edges: Vec<_> = self.layout.edges().iter().enumerate().filter(|(_, edge)| is_in(edge)).collect();
        let n = edges.len();
        edges.truncate(GraphLayout::MAX_IN_VIEW);
        (edges, n)
    }

    fn line(&self, standing: Standing) -> (Rgb, f64, bool) {
        match standing {
            _ if self.edges.is_none() => (REMOVED, 0.7, false),
            Standing::Kept => (KEPT, 0.8, false),
            Standing::KeptOneWay => (mix(KEPT, REMOVED, 0.5), 0.8, false),
            Standing::Removed => (REMOVED, 0.6, true),
        }
    }

    fn says(&self, n_drawn: usize, n_in_view: usize) -> String {
        let count = |n: usize| grouped(n as u64);
        let nodes = count(self.layout.nodes().len());
        let edges = if n_drawn < n_in_view {
            format!("{} of {} edges in view, by lot", count(n_drawn), count(n_in_view))
        } else {
            format!("{} edges", count(n_drawn))
        };
        match self.layout.sample_says(grouped) {
            Some(sample) => format!("{sample}; {edges}"),
            None => format!("{nodes} nodes, {edges}"),
        }
    }

    fn legend(&self, canvas: &mut Canvas, width: f64) {
        let mut legend = Legend::new(canvas, width, &format!("Nodes by {}", self.shades.by.title()));
        legend.names(self.shades.legend.iter().map(|entry| {
            let count = entry.n_nodes.map_or_else(String::new, |n| format!(", {}", grouped(n as u64)));
            (ink(entry.shade), format!("{}{count}", entry.name))
        }));
        if self.edges.is_some() {
            let kinds =
                [(Standing::Kept, "kept"), (Standing::KeptOneWay, "kept one way"), (Standing::Removed, "removed")];
            let line = |(standing, name): (Standing, &'static str)| {
                let (ink, _, is_dashed) = self.line(standing);
                (name, ink, is_dashed)
            };
            legend.lines("Edges", &kinds.map(line));
        }
    }
}

/// The colour of a node on white.
fn ink(shade: NodeShade) -> Rgb {
    match shade {
        NodeShade::Unknown | NodeShade::Plain => REMOVED,
        NodeShade::Group(idx) => SERIES[idx as usize % SERIES.len()],
        NodeShade::Noticed => SERIES[1],
        NodeShade::Share(share) => lut(Ramp::Sequential, KEPT, REMOVED, false)[usize::from(share)],
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::control::Control;
    use crate::engine::graph::{DatasetParts, Direction, Features, Labels, SelfLoops, Topology};
    use crate::engine::plot::NodeColouring;

    #[test]
    fn every_node_and_edge_is_drawn_and_written() {
        let pairs = [(0, 1), (1, 2), (2, 0), (3, 4)];
        let (topology, _) = Topology::from_edges(6, &pairs, Direction::Symmetrised, SelfLoops::Added).expect("pairs");
        let mut labels = Labels::new(vec![0, 0, 1, 1, 1, Labels::UNLABELLED]);
        labels.names = vec!["tea & cake".into(), "coffee".into()];
        let dataset = Dataset::try_new(DatasetParts {
            name: "six".into(),
            source: "test".into(),
            topology,
            features: Features::from_dense(Array2::ones((6, 1))),
            labels: Some(labels),
            splits: Vec::new(),
            node_ids: None,
            edge_weights: None,
        })
        .expect("parts that fit");
        let layout = GraphLayout::new(dataset.topology(), &Control::new(1).expect("workers")).expect("not cancelled");
        let shades = NodeShades::new(NodeColouring::Class, &dataset, &layout, None, None, 0);
        let standings = [Standing::Kept, Standing::Removed, Standing::KeptOneWay, Standing::Kept];
        let figure = GraphFigure {
            dataset: &dataset,
            layout: &layout,
            shades: &shades,
            edges: Some(&standings),
            view: [0.0, 0.0, layout.size()[0], layout.size()[1]],
            title: "six",
            subtitle: "",
        };
        let svg = figure.svg();
        // Three names in the legend beside six nodes; three kinds of edges and the frame's four sides beside four edges.
        assert_eq!(svg.matches("<circle").count(), 6 + 3, "{svg}");
        assert_eq!(svg.matches("<polyline").count(), 4 + 3 + 4);
        assert_eq!(svg.matches("stroke-dasharray").count(), 2, "the removed edge, and its line in the legend");
        for word in ["tea &amp; cake, 2", "coffee, 3", "no class, 1", "6 nodes, 4 edges"] {
            assert!(svg.contains(word), "{word} in {svg}");
        }
        assert!(figure.png().expect("a picture").starts_with(b"\x89PNG"));
        let csv = String::from_utf8(figure.csv().expect("a table")).expect("text");
        assert_eq!(csv.lines().count(), 7);
        assert!(csv.starts_with("node,x,y,class,colour\n0,") && csv.contains("tea & cake,#0072b2"), "{csv}");
    }
}
