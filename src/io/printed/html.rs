//! A page as one HTML file: its styles, drawings and pictures are in it, and it runs nothing.

use super::page::{Block, Column, Facts, Page, Picture, Stage, Table};
use crate::engine::plot::Curves;
use crate::io::figure::{FigureError, base64_into, mask_png};
use crate::io::text::{escaped, escaped_text};

const STYLE: &str = include_str!("page.css");
/// A browser loads and runs nothing of a page, whatever stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page as a document.
///
/// # Errors
/// [`FigureError::Render`] where a picture cannot be drawn.
pub(super) fn html(page: &Page) -> Result<String, FigureError> {
    let (language, title) = (text(page.language), text(&page.title));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"subtitle\">{}</p>\n</header>\n",
        text(&page.subtitle)
    );
    let mut rest = page.blocks.as_slice();
    let mut n_charts = 0;
    while let Some(first) = rest.first() {
        // Drawings that follow each other stand side by side where there is room.
        let n_alike = rest.iter().take_while(|block| group(block) == group(first)).count();
        let n = if group(first).is_some() { n_alike } else { 1 };
        let (blocks, others) = rest.split_at(n);
        rest = others;
        if let Some(class) = group(first) {
            push(&mut out, format_args!("<div class=\"{class}\">\n"));
        }
        for block in blocks {
            put(&mut out, block, &mut n_charts)?;
        }
        if group(first).is_some() {
            out.push_str("</div>\n");
        }
    }
    out.push_str("</main>\n</body>\n</html>\n");
    Ok(out)
}

/// What stands side by side.
fn group(block: &Block) -> Option<&'static str> {
    match block {
        Block::Chart(_) => Some("charts"),
        Block::Picture(_) => Some("pictures"),
        _ => None,
    }
}

fn put(out: &mut String, block: &Block, n_charts: &mut usize) -> Result<(), FigureError> {
    match block {
        Block::Heading(title) => push(out, format_args!("<h2>{}</h2>\n", text(title))),
        Block::Appendix(title) => push(out, format_args!("<h2 class=\"appendix\">{}</h2>\n", text(title))),
        Block::Text(words) => push(out, format_args!("<p>{}</p>\n", text(words))),
        Block::Decision(words) => push(out, format_args!("<p class=\"decision\">{}</p>\n", text(words))),
        Block::Facts(facts) => put_facts(out, facts),
        Block::Table(table) => put_table(out, table),
        Block::Chart(curves) => {
            put_chart(out, curves, *n_charts);
            *n_charts += 1;
        }
        Block::Picture(picture) => put_picture(out, picture)?,
        Block::Risks { title, lines } => {
            push(out, format_args!("<section class=\"risks\">\n<h2>{}</h2>\n", text(title)));
            put_lines(out, lines);
            out.push_str("</section>\n");
        }
        Block::Plan(stages) => put_plan(out, stages),
        Block::Code(code) => push(out, format_args!("<pre><code>{}</code></pre>\n", lines_of(code))),
    }
    Ok(())
}

fn put_facts(out: &mut String, facts: &Facts) {
    out.push_str("<dl class=\"facts\">\n");
    for (name, value, note) in &facts.rows {
        push(out, format_args!("<div><dt>{}</dt><dd class=\"value\">{}</dd>", text(name), text(value)));
        if !note.is_empty() {
            push(out, format_args!("<dd class=\"note\">{}</dd>", text(note)));
        }
        out.push_str("</div>\n");
    }
    out.push_str("</dl>\n");
}

fn put_table(out: &mut String, table: &Table) {
    let class = |at: usize| match table.columns.get(at) {
        Some((_, Column::Number)) => " class=\"number\"",
        _ => "",
    };
    out.push_str("<div class=\"scroll\"><table>\n");
    if !table.caption.is_empty() {
        push(out, format_args!("<caption>{}</caption>\n", text(&table.caption)));
    }
    if table.columns.iter().any(|(name, _)| !name.is_empty()) {
        out.push_str("<thead><tr>");
        for (at, (name, _)) in table.columns.iter().enumerate() {
            push(out, format_args!("<th scope=\"col\"{}>{}</th>", class(at), text(name)));
        }
        out.push_str("</tr></thead>\n");
    }
    out.push_str("<tbody>\n");
    for (row, cells) in table.rows.iter().enumerate() {
        out.push_str(if table.chosen == Some(row) { "<tr class=\"chosen\">" } else { "<tr>" });
        for (at, cell) in cells.iter().enumerate() {
            let (class, cell) = (class(at), text(cell));
            if at == 0 {
                push(out, format_args!("<th scope=\"row\"{class}>{cell}</th>"));
            } else {
                push(out, format_args!("<td{class}>{cell}</td>"));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

/// The title stands as text below the drawing, for who cannot see it, too.
fn put_chart(out: &mut String, curves: &Curves, nth: usize) {
    let svg = curves.svg_within(&format!("c{nth}-"));
    let label = format!("role=\"img\" aria-label=\"{}\"", text(&curves.title));
    push(out, format_args!("<figure>{}</figure>\n", svg.replacen("role=\"img\"", &label, 1)));
}

fn put_picture(out: &mut String, picture: &Picture) -> Result<(), FigureError> {
    let mut data = String::new();
    base64_into(&mut data, &mask_png(&picture.raster)?);
    // Narrow matrices are stretched, so that they can be seen at all.
    let (w, h) = (picture.raster.w.max(1), picture.raster.h.max(1));
    let ratio = (w as f64 / h as f64).clamp(0.8, 5.0);
    let caption = text(&picture.caption);
    push(
        out,
        format_args!(
            "<figure><img alt=\"{}\" style=\"aspect-ratio:{ratio:.3}\" src=\"data:image/png;base64,{data}\">\
         <figcaption>{caption}</figcaption></figure>\n",
            text(&picture.caption)
        ),
    );
    Ok(())
}

fn put_plan(out: &mut String, stages: &[Stage]) {
    out.push_str("<ol class=\"plan\">\n");
    for stage in stages {
        push(out, format_args!("<li><h3>{}</h3>\n", text(&stage.name)));
        put_lines(out, &stage.lines);
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
}

fn put_lines(out: &mut String, lines: &[String]) {
    out.push_str("<ul>\n");
    for line in lines {
        push(out, format_args!("<li>{}</li>\n", text(line)));
    }
    out.push_str("</ul>\n");
}

/// A text in one line, where it stands for itself, between tags and in quotation marks: what would act, as marks that turn the direction of writing, is spelt out.
fn text(words: &str) -> String {
    replaced(&escaped(words))
}

/// The same with lines of its own.
fn lines_of(words: &str) -> String {
    replaced(&escaped_text(words))
}

fn replaced(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    for letter in words.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Appends text.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.push_str(&text.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plot::{Axis, Curve, CurveStyle, Raster, Viewport};

    const HOSTILE: &str = "</title><script>alert('x')</script> \"q\" & \u{202e}txt.exe\u{2066} 頂点🙂";

    fn raster() -> Raster {
        Raster {
            w: 2,
            h: 1,
            cover: Viewport::whole(2, 1),
            block: (1, 1),
            values: vec![1.0, 0.0],
            kept: vec![1, 0],
            removed: vec![0, 1],
            never: Vec::new(),
            own: Vec::new(),
            compared: Vec::new(),
            range: Some((0.0, 1.0)),
        }
    }

    /// Every kind of block, with the same text wherever there is one.
    fn page(words: &str) -> Page {
        let own = || words.to_owned();
        let table = Table {
            caption: own(),
            columns: vec![(own(), Column::Text), (own(), Column::Number)],
            rows: vec![vec![own(), own()], vec![own(), own()]],
            chosen: Some(1),
        };
        let line =
            Curve { name: own(), points: vec![[0.0, 0.0], [1.0, 1.0]], style: CurveStyle::Marked, ..Curve::default() };
        let curves = Curves {
            title: own(),
            subtitle: own(),
            x: Axis::new(words),
            y: Axis::new(words),
            series: vec![line],
            marks: Vec::new(),
        };
        Page {
            language: "ja",
            title: own(),
            subtitle: own(),
            blocks: vec![
                Block::Decision(own()),
                Block::Facts(Facts { rows: vec![(own(), own(), own()), (own(), own(), String::new())] }),
                Block::Heading(own()),
                Block::Text(own()),
                Block::Table(table),
                Block::Chart(curves.clone()),
                Block::Chart(curves),
                Block::Risks { title: own(), lines: vec![own()] },
                Block::Plan(vec![Stage { name: own(), lines: vec![own()] }]),
                Block::Appendix(own()),
                Block::Picture(Picture { caption: own(), raster: raster() }),
                Block::Code(own()),
            ],
        }
    }

    #[test]
    fn whatever_a_name_holds_it_is_text() {
        let name = format!("{HOSTILE}{}", "長い名前".repeat(200));
        let html = html(&page(&name)).expect("a page");
        assert!(!html.contains("<script") && !html.contains('\u{202e}') && !html.contains('\u{2066}'));
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)") && html.contains("頂点🙂"));
        assert!(html.contains(r"\u{202e}txt.exe"), "what would turn the line is spelt out");
        assert_eq!(html.matches("<title>").count(), 1);
        // The markup around the texts is the same whatever they are.
        let tags = |html: &str| html.matches('<').count();
        assert_eq!(tags(&html), tags(&super::html(&page("x")).expect("a page")));
    }

    #[test]
    fn a_page_is_one_file_that_loads_and_runs_nothing() {
        let html = html(&page("Cora")).expect("a page");
        for foreign in ["http://", "https://", "<script", "<link", "@import", "url(http"] {
            let found = html.replace("http://www.w3.org/2000/svg", "").matches(foreign).count();
            assert_eq!(found, 0, "{foreign}");
        }
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"ja\">"));
        assert!(html.contains("<th scope=\"col\"") && html.contains("<th scope=\"row\"") && html.contains("<h2>"));
        assert!(html.contains("<figcaption>") && html.contains("class=\"chosen\"") && html.contains("@page"));
        assert!(html.contains("c0-plot0") && html.contains("c1-plot0"), "no two drawings share a name");
        assert_eq!(html.matches("<div class=\"charts\">").count(), 1, "charts that follow each other are one group");
        assert_eq!(html, super::html(&page("Cora")).expect("a page"), "the same bytes");
    }
}
