//! Points in squares within squares, so that what is far away counts as one point.
//!
//! Barnes and Hut, *A hierarchical O(N log N) force-calculation algorithm*, Nature 324 (1986).

/// A cell counts as one point where its side is below this share of its distance: the smaller, the nearer to the exact sum.
const OPENING: f64 = 0.8;
/// So many points are not divided further.
const LEAF: usize = 8;
/// Points that lie closer together than this many halvings tell apart stay in one cell.
const MAX_DEPTH: u32 = 48;

/// A square and what lies in it.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Centre of mass.
    centre: [f64; 2],
    mass: f64,
    side: f64,
    /// Its points, by rank.
    from: usize,
    to: usize,
    /// The cell that follows when its parts are left out.
    after: usize,
    is_leaf: bool,
}

/// All cells, a cell before its parts.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    places: &'a [[f64; 2]],
    masses: &'a [f64],
    cells: Vec<Cell>,
    /// The points; those of a cell lie side by side. Their position here is their rank.
    order: Vec<u32>,
}

impl<'a> Tree<'a> {
    /// Divides the plane.
    ///
    /// # Complexity
    /// O(n log n) for points that are spread out.
    pub(super) fn new(places: &'a [[f64; 2]], masses: &'a [f64]) -> Self {
        let mut tree = Self { places, masses, cells: Vec::new(), order: (0..places.len() as u32).collect() };
        let corner = |pick: fn(f64, f64) -> f64, start: f64| {
            places.iter().fold([start; 2], |[x, y], place| [pick(x, place[0]), pick(y, place[1])])
        };
        let (low, high) = (corner(f64::min, f64::INFINITY), corner(f64::max, f64::NEG_INFINITY));
        if !places.is_empty() {
            let side = (high[0] - low[0]).max(high[1] - low[1]).max(f64::MIN_POSITIVE);
            tree.add(0, places.len(), low, side, 0);
        }
        tree
    }

    /// The points in the order of their ranks.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Adds the cell of the points of these ranks, and all of its parts.
    fn add(&mut self, from: usize, to: usize, low: [f64; 2], side: f64, depth: u32) {
        let at = self.cells.len();
        let is_leaf = to - from <= LEAF || depth == MAX_DEPTH;
        let (centre, mass) = self.weigh(from, to);
        self.cells.push(Cell { centre, mass, side, from, to, after: 0, is_leaf });
        if !is_leaf {
            let half = side / 2.0;
            let middle = [low[0] + half, low[1] + half];
            let places = self.places;
            let quarter = |u: &u32| {
                let [x, y] = places[*u as usize];
                usize::from(x >= middle[0]) + 2 * usize::from(y >= middle[1])
            };
            self.order[from..to].sort_unstable_by_key(|u| (quarter(u), *u));
            let mut first = from;
            for part in 0..4 {
                let last = first + self.order[first..to].partition_point(|u| quarter(u) <= part);
                if last > first {
                    let corner = [low[0] + half * (part % 2) as f64, low[1] + half * (part / 2) as f64];
                    self.add(first, last, corner, half, depth + 1);
                }
                first = last;
            }
        }
        self.cells[at].after = self.cells.len();
    }

    /// Centre of mass, and mass.
    fn weigh(&self, from: usize, to: usize) -> ([f64; 2], f64) {
        let mut sum = [0.0; 2];
        let mut mass = 0.0;
        for u in self.order[from..to].iter().map(|u| *u as usize) {
            sum[0] += self.masses[u] * self.places[u][0];
            sum[1] += self.masses[u] * self.places[u][1];
            mass += self.masses[u];
        }
        ([sum[0] / mass, sum[1] / mass], mass)
    }

    /// What all other points do to the one of this rank: the sum of `pair(way, product of masses, whether its rank is lower)`, in which a
    /// cell that is far away counts as one point in its centre of mass.
    pub(super) fn sum(&self, rank: usize, pair: impl Fn([f64; 2], f64, bool) -> [f64; 2]) -> [f64; 2] {
        let u = self.order[rank] as usize;
        let ([x, y], mass) = (self.places[u], self.masses[u]);
        let mut sum = [0.0; 2];
        let mut add = |from: [f64; 2], other: f64, is_lower: bool| {
            let [fx, fy] = pair([x - from[0], y - from[1]], mass * other, is_lower);
            sum[0] += fx;
            sum[1] += fy;
        };
        let mut at = 0;
        while let Some(cell) = self.cells.get(at) {
            let way = [x - cell.centre[0], y - cell.centre[1]];
            let square = way[0] * way[0] + way[1] * way[1];
            let is_own = (cell.from..cell.to).contains(&rank);
            if !is_own && cell.side * cell.side < OPENING * OPENING * square {
                add(cell.centre, cell.mass, false);
                at = cell.after;
            } else if cell.is_leaf {
                for other in (cell.from..cell.to).filter(|other| *other != rank) {
                    let v = self.order[other] as usize;
                    add(self.places[v], self.masses[v], u < v);
                }
                at = cell.after;
            } else {
                at += 1;
            }
        }
        sum
    }
}
