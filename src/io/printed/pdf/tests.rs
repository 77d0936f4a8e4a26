//! What a PDF must hold, whatever stands on the page.

use crate::engine::plot::{Axis, Curve, CurveStyle, Curves, Raster, Viewport};
use crate::io::printed::page::{Block, Column, Facts, Page, Picture, Stage, Table};

use super::pdf;

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn raster() -> Raster {
    let (w, h) = (24, 24);
    let kept: Vec<u32> = (0..w * h).map(|at| u32::from(at % 7 == 0 || at % 25 == 0)).collect();
    let removed = kept.iter().map(|kept| 1 - kept).collect();
    let values = kept.iter().map(|kept| *kept as f32).collect();
    let cover = Viewport { x0: 0.0, y0: 0.0, x1: w as f64, y1: h as f64 };
    let (never, own) = (vec![0; w * h], vec![0; w * h]);
    Raster {
        w,
        h,
        cover,
        block: (1, 1),
        values,
        kept,
        removed,
        never,
        own,
        compared: Vec::new(),
        range: Some((0.0, 1.0)),
    }
}

fn chart() -> Curves {
    let points = vec![[0.0, 88.7], [50.0, 88.6], [80.0, 88.9], [90.0, 87.5]];
    let spread = vec![[86.0, 91.0], [86.0, 91.0], [86.2, 91.1], [84.9, 90.0]];
    let curve = Curve { name: "Unifews".to_owned(), points, spread, style: CurveStyle::Marked, ..Curve::default() };
    let star = Curve {
        name: "選択".to_owned(),
        points: vec![[80.0, 88.9]],
        style: CurveStyle::Star,
        colour: 1,
        ..Curve::default()
    };
    Curves {
        title: "精度と除去".to_owned(),
        x: Axis::new("entries removed, %"),
        y: Axis::new("accuracy, %"),
        series: vec![curve, star],
        ..Curves::default()
    }
}

/// A page with every block, in both scripts.
fn everything() -> Page {
    let rows = (0..120)
        .map(|at| {
            texts(&[&format!("層 {at}"), "90.1 %", "1,234", "とても長い説明がここに入ります。二行になるはずです"])
        })
        .collect();
    let columns =
        [("Layer", Column::Text), ("Removed", Column::Number), ("Kept", Column::Number), ("What it is", Column::Text)];
    let columns = columns.map(|(name, kind)| (name.to_owned(), kind)).to_vec();
    let fact = |name: &str, value: &str, note: &str| (name.to_owned(), value.to_owned(), note.to_owned());
    Page {
        language: "ja",
        title: "Cora: 枝刈りの報告".to_owned(),
        subtitle: "sample:cora · GCN 1433-256-7 · sha256 0123456789ab".to_owned(),
        blocks: vec![
            Block::Decision("エントリーの 90 % と重みの 90 % を除去できます：精度の低下は 0.3 ポイント、信頼水準 95 % で 1.5 ポイント以内と保証、このマシンで 4.1 倍速い".to_owned()),
            Block::Facts(Facts { rows: vec![fact("Accuracy", "88.7 → 88.9 %", "86.2 to 91.1"), fact("Time", "312 µs", "3.9 to 4.1 times as fast"), fact("サイズ", "1/7.9", ""), fact("Cost", "¥0.12", "per million")] }),
            Block::Heading("Trade-off".to_owned()),
            Block::Chart(chart()),
            Block::Risks { title: "Not covered".to_owned(), lines: texts(&["New nodes that arrive after pruning are not covered by the certificate, unless they were left out of every fit as those are.", "他のグラフは対象外です。"]) },
            Block::Plan(vec![Stage { name: "Pilot".to_owned(), lines: texts(&["unifews export …", "Stop where it is worse"]) }]),
            Block::Appendix("A Layers".to_owned()),
            Block::Table(Table { caption: "Every layer".to_owned(), columns, rows, chosen: Some(3) }),
            Block::Picture(Picture { caption: "Layer 1 edges".to_owned(), raster: raster() }),
            Block::Picture(Picture { caption: "第 1 層の重み".to_owned(), raster: raster() }),
            Block::Code("[edges]\nmode = \"target\"\ndelta = 0.8\n".to_owned()),
            Block::Text("The end, with <script>, \u{202e}turned\u{202c} words, 😀 and 5,000 letters: ".to_owned() + &"x".repeat(5000)),
        ],
    }
}

#[test]
fn the_same_page_has_the_same_bytes_and_every_block_fits() {
    let page = everything();
    let first = pdf(&page).expect("a document");
    assert!(first.starts_with(b"%PDF-1."), "{:?}", &first[..8]);
    assert_eq!(first, pdf(&page).expect("a document"));
    // Fonts are cut down: those that are shipped have 2.4 MB.
    assert!(first.len() < 400_000, "{} bytes", first.len());
}

#[test]
fn nothing_is_a_document_too() {
    let page = Page { language: "en", title: String::new(), subtitle: String::new(), blocks: Vec::new() };
    assert!(pdf(&page).expect("a document").len() > 300);
}

/// Letters that neither of the program's own fonts has are drawn as a box: of its own words there are none.
#[test]
fn every_letter_of_the_programs_words_is_in_its_fonts() {
    let faces = super::Faces::new().expect("fonts");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/i18n");
    for language in ["en", "ja"] {
        for entry in std::fs::read_dir(folder.join(language)).expect("a folder") {
            let path = entry.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("text");
            for style in [super::Style::Regular, super::Style::Strong] {
                let missing: String = text.chars().filter(|c| !c.is_control() && !faces.has(*c, style)).collect();
                assert!(missing.is_empty(), "{}: {missing} in {style:?}", path.display());
            }
        }
    }
}

#[test]
fn a_cell_and_a_fact_that_are_too_tall_stay_on_their_sheet() {
    let columns = vec![("Name".to_owned(), Column::Text), ("Number".to_owned(), Column::Number)];
    let long = "word ".repeat(3000);
    let table =
        Table { caption: String::new(), columns, rows: vec![vec![long.clone(), long.clone()]; 3], chosen: None };
    let facts = Facts { rows: vec![(long.clone(), long.clone(), long)] };
    let blocks = vec![Block::Table(table), Block::Facts(facts)];
    let page = Page { language: "en", title: "Tall".to_owned(), subtitle: String::new(), blocks };
    assert!(pdf(&page).expect("a document").len() > 1000);
}
