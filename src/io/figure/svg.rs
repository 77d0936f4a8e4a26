//! A canvas as SVG: well-formed XML whatever a name holds.

use super::canvas::{Anchor, Canvas, DASHES, Shape, Stroke, TITLE};
use super::colour::Rgb;

const FAMILY: &str = "Inter, DejaVu Sans, sans-serif";

impl Canvas {
    /// As a document.
    pub(super) fn svg(&self) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"{FAMILY}\">\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
        );
        self.with_shapes(svg, "")
    }

    /// As a part of a page: as wide as there is room, in the page's letters and on its ground. What is named inside begins with `id`, which
    /// no other drawing of the page has.
    pub(super) fn svg_within(&self, id: &str) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let begin = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">");
        self.with_shapes(begin, id)
    }

    /// What begins as `svg`, with the shapes and its end.
    fn with_shapes(&self, mut svg: String, id: &str) -> String {
        let mut n_clips = 0;
        for shape in &self.shapes {
            match shape {
                Shape::Text { x, y, text, size, anchor, ink, is_upwards } => {
                    let (x, y, anchor) = (number(*x), number(*y), anchor_word(*anchor));
                    let bold = if *size == TITLE { " font-weight=\"bold\"" } else { "" };
                    let turned =
                        if *is_upwards { format!(" transform=\"rotate(-90,{x},{y})\"") } else { String::new() };
                    push(
                        &mut svg,
                        format_args!(
                            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\"{bold} fill=\"{}\"{turned}>{}</text>",
                            hex(*ink),
                            escaped(text),
                        ),
                    );
                }
                Shape::Lines { points, fill, stroke } => {
                    let name = if fill.is_some() { "polygon" } else { "polyline" };
                    let points: Vec<String> =
                        points.iter().map(|[x, y]| format!("{},{}", number(*x), number(*y))).collect();
                    let fill = fill.map_or_else(|| "none".to_owned(), hex);
                    push(
                        &mut svg,
                        format_args!(
                            "<{name} points=\"{}\" fill=\"{fill}\"{}/>",
                            points.join(" "),
                            stroke_words(*stroke)
                        ),
                    );
                }
                Shape::Circle { x, y, r, fill, opacity, stroke } => {
                    let opacity =
                        if *opacity < 1.0 { format!(" fill-opacity=\"{}\"", number(*opacity)) } else { String::new() };
                    push(
                        &mut svg,
                        format_args!(
                            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"{opacity}{}/>",
                            number(*x),
                            number(*y),
                            number(*r),
                            hex(*fill),
                            stroke_words(*stroke),
                        ),
                    );
                }
                Shape::Box { x, y, width, height, fill } => {
                    push(
                        &mut svg,
                        format_args!("<rect {} fill=\"{}\"/>", place([*x, *y], [*width, *height]), hex(*fill)),
                    );
                }
                Shape::Clip { x, y, width, height } => {
                    let place = place([*x, *y], [*width, *height]);
                    push(
                        &mut svg,
                        format_args!(
                            "<clipPath id=\"{id}plot{n_clips}\"><rect {place}/></clipPath><g clip-path=\"url(#{id}plot{n_clips})\">"
                        ),
                    );
                    n_clips += 1;
                }
                Shape::EndClip => svg.push_str("</g>"),
            }
        }
        svg.push_str("</svg>");
        svg
    }

    /// With a picture laid over a box, as pixels rather than shapes.
    pub(super) fn svg_with_image(&self, png: &[u8], x: f64, y: f64, width: f64, height: f64) -> String {
        let mut svg = self.svg();
        let end = svg.rfind("</svg>").unwrap_or(svg.len());
        let mut image = format!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"data:image/png;base64,"
        );
        base64_into(&mut image, png);
        image.push_str("\"/>\n");
        svg.insert_str(end, &image);
        svg
    }
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.push_str(&text.to_string());
}

fn place([x, y]: [f64; 2], [width, height]: [f64; 2]) -> String {
    let (x, y, width, height) = (number(x), number(y), number(width), number(height));
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

fn anchor_word(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Left => "start",
        Anchor::Centre => "middle",
        Anchor::Right => "end",
    }
}

fn stroke_words(stroke: Option<Stroke>) -> String {
    let Some(Stroke { ink, width, is_dashed }) = stroke else { return String::new() };
    let dashes = if is_dashed { format!(" stroke-dasharray=\"{} {}\"", DASHES[0], DASHES[1]) } else { String::new() };
    format!(" stroke=\"{}\" stroke-width=\"{}\"{dashes}", hex(ink), number(width))
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A coordinate to a hundredth of a point.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Text as XML takes it: what XML 1.0 has no place for (control characters, non-characters) becomes the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            other if other.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            other => out.push(other),
        }
    }
    out
}

/// Appends bytes as base64.
pub(in crate::io) fn base64_into(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            if digit <= chunk.len() {
                out.push(char::from(DIGITS[(word >> (18 - 6 * digit)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::TEXT;
    use super::*;

    #[test]
    fn any_name_gives_well_formed_xml() {
        let mut canvas = Canvas::new(100.0, 50.5);
        canvas.text(1.0, 2.0, "a<b>&\"c\u{1}\u{1b}[31m\u{ffff}]]>", TITLE, Anchor::Left, TEXT);
        canvas.clip(0.0, 0.0, 10.0, 10.0);
        canvas.polyline(vec![(0.0, 0.0), (1.0 / 3.0, -0.001)], TEXT, 1.5, true);
        canvas.end_clip();
        canvas.dot(1.0, 1.0, 2.0, TEXT, 0.35);
        let svg = canvas.svg();
        let mut reader = quick_xml::Reader::from_str(&svg);
        let mut n_texts = 0;
        loop {
            match reader.read_event().expect("well-formed") {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) if tag.name().as_ref() == b"text" => n_texts += 1,
                _ => {}
            }
        }
        assert_eq!(n_texts, 1);
        assert!(!svg.contains('\u{1b}') && svg.contains("points=\"0,0 0.33,0\""), "{svg}");
    }

    #[test]
    fn base64_pads_as_the_standard_says() {
        for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut out = String::new();
            base64_into(&mut out, bytes.as_bytes());
            assert_eq!(out, expected);
        }
    }
}
