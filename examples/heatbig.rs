use std::sync::Arc;
use std::time::Instant;
use unifews::engine::{analysis::*, control::Control, graph::*, model::*, sparsify::*};
fn main() {
    let ctl = Control::new(2).unwrap();
    let shape = PowerLaw { n_nodes: 169_343, n_entries: 2_315_598, n_features: 128, n_classes: 40, seed: 7 };
    let t = Instant::now();
    let d = power_law_communities(&shape, &ctl).unwrap().shared();
    println!("graph {:.1} s", t.elapsed().as_secs_f64());
    let a = Architecture { hidden: 64, ..Architecture::new(Family::Gcn) };
    let m = Arc::new(Model::init(&a, 128, 40, 1));
    let mut r = Recipe { model: a, ..Recipe::default() };
    r.edges.delta = vec![0.5];
    r.weights.delta = vec![0.5];
    let t = Instant::now();
    let run = Arc::new(run(&d, &m, &r, RunOptions::PREVIEW, None, &ctl).unwrap());
    println!("preview {:.2} s", t.elapsed().as_secs_f64());
    for by in [NodeOrder::Class, NodeOrder::Community] {
        let t = Instant::now();
        let atlas = Arc::new(Atlas::new(&d, 0.5, by, 1, &ctl).unwrap());
        println!("atlas {by:?} {:.0} ms", t.elapsed().as_secs_f64() * 1e3);
        for span in [169_343.0, 20_000.0, 1000.0, 100.0] {
            let v = Viewport { x0: 500.0, y0: 500.0, x1: 500.0 + span, y1: 500.0 + span }
                .inside(&Viewport::whole(169_343, 169_343));
            let req = RasterRequest {
                step: 0,
                side: Side::Edges,
                mode: RasterMode::Strength,
                viewport: v,
                width_px: 350,
                height_px: 230,
            };
            let mut ts: Vec<f64> = (0..7)
                .map(|_| {
                    let t = Instant::now();
                    raster(&run, &atlas, &req, &ctl).unwrap();
                    t.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            ts.sort_by(f64::total_cmp);
            println!("  span {span}: raster {:.2} ms", ts[3]);
        }
        let t = Instant::now();
        ScoreHistogram::of(&run, atlas.values(), 0, Side::Edges, 96, &ctl).unwrap();
        println!("  histogram {:.1} ms", t.elapsed().as_secs_f64() * 1e3);
    }
}
