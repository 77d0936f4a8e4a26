//! How long pictures of two runs over a large graph take, read directly and from the pyramid of both. `docs/DEVELOPMENT.md` says how it is run.

use std::time::Instant;

use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::plot::{
    Atlas, Blocks, ComparedPyramid, NodeOrder, RasterMode, RasterRequest, Side, Viewport, raster_of_two,
};
use unifews::engine::sparsify::Recipe;

#[test]
#[ignore = "a measurement: pictures of two runs over a large graph"]
fn pictures_of_two_runs_over_a_large_graph() {
    let number = |name: &str, otherwise: usize| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
    };
    let n_entries = number("UNIFEWS_COMPARED_ENTRIES", 100_000_000);
    let ctl = unifews::engine::control::Control::new(number("UNIFEWS_COMPARED_THREADS", 2)).expect("workers");
    let shape = PowerLaw { n_nodes: (n_entries / 50).max(100), n_entries, n_features: 2, n_classes: 3, seed: 1 };
    let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
    let architecture = Architecture { hidden: 4, ..Architecture::new(Family::Gcn) };
    let model = std::sync::Arc::new(Model::init(&architecture, 2, 3, 1));
    let [a, b] = [0.4, 0.9].map(|delta| {
        let mut recipe = Recipe { model: architecture.clone(), ..Recipe::default() };
        recipe.edges.delta = vec![delta];
        run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run")
    });
    let atlas = Atlas::new(&dataset, a.recipe.matrix(), NodeOrder::Degree, 3, &ctl).expect("an atlas");
    let (n, n_entries) = (dataset.n_nodes(), dataset.topology().n_entries());
    println!("{n} nodes, {n_entries} entries, {} threads", ctl.n_threads());
    let millis = |began: Instant| 1000.0 * began.elapsed().as_secs_f64();
    let began = Instant::now();
    let pyramid = ComparedPyramid::new(&a, &b, &atlas, 0, &ctl).expect("a pyramid");
    let bytes = pyramid.size_bytes() as f64 / n_entries as f64;
    println!("built once in {:.1} ms, {bytes:.2} bytes per entry", millis(began));
    let whole = Viewport::whole(n, n);
    for zoom in [1.0, 4.0, 32.0, 256.0, 2048.0, 16_384.0, 1e9] {
        let request = RasterRequest {
            step: 0,
            side: Side::Edges,
            mode: RasterMode::Compared,
            viewport: whole.zoomed(0.1 * n as f64, 0.1 * n as f64, zoom, &whole),
            width_px: 560,
            height_px: 560,
            blocks: Blocks::Doubling,
        };
        let request = request.with_margin(&whole);
        let drawn = [None, Some(&pyramid)].map(|pyramid| {
            let began = Instant::now();
            let raster = raster_of_two(&a, &b, &atlas, pyramid, &request, &ctl).expect("a raster");
            (raster.compared, millis(began))
        });
        let [(direct, slow), (quick, fast)] = drawn;
        assert_eq!(direct, quick, "zoom {zoom}");
        println!("zoom {zoom}, {} texels: directly {slow:.1} ms, from the pyramid {fast:.1} ms", quick.len());
    }
}
