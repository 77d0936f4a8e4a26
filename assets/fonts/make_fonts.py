#!/usr/bin/env python3
"""Cut the fonts of the program out of the Debian packages fonts-inter, fonts-jetbrains-mono and fonts-noto-cjk.

Usage: python3 make_fonts.py        (needs: pip install fonttools; apt-get install fonts-inter fonts-jetbrains-mono fonts-noto-cjk)

Of the Latin fonts the characters of CHARACTERS are kept, of the Japanese ones those of JIS X 0208: levels 1 and 2 of the regular font, which
also shows names from data, and level 1 and the program's own words of the bold one, which is for headings. In Inter the digits are replaced by its tabular ones (feature `tnum`), since
the window applies no OpenType features and its numbers must not jump when they change.
"""
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).parent
SOURCES = {
    "Inter-Regular.otf": "/usr/share/fonts/opentype/inter/Inter-Regular.otf",
    "Inter-SemiBold.otf": "/usr/share/fonts/opentype/inter/Inter-SemiBold.otf",
    "JetBrainsMono-Regular.ttf": "/usr/share/fonts/truetype/jetbrains-mono/JetBrainsMono-Regular.ttf",
}
NOTO = "/usr/share/fonts/opentype/noto/NotoSansCJK-{}.ttc"
JAPANESE = {"NotoSansJP-Regular.otf": ("Regular", range(16, 85)), "NotoSansJP-Bold.otf": ("Bold", range(16, 48))}
CHARACTERS = (
    [chr(c) for c in range(0x20, 0x7F)]
    + [chr(c) for c in range(0xA0, 0x180)]
    + [chr(c) for c in range(0x391, 0x3CA)]
    + list("€‹›–—‘’“”„…•·′″‖×−±÷≈≠≤≥∞√∑∏∂∇∈⊆∩∪∅‰→←↑↓↔⇒⇧⌘⌥⌃⏎⎋")
    + list("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺₀₁₂₃₄₅₆₇₈₉ℓ\u0302\u0304\u2009\u200a\u202f\u2007")
    + list("▶◀▲▼△▽◆◇●○◐◑■□▪▫✓✔✕✗✘⚠★☆⟳↻↺▁▂▃▄▅▆▇█▏▎▍▌▋▊▉░▒▓─│┌┐└┘├┤┼⋯⋮")
)


def tabular_digits(font):
    """Maps 0-9 to the glyphs that `tnum` would choose."""
    table = font["GSUB"].table
    swap = {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in table.LookupList.Lookup[index].SubTable:
                    part = getattr(part, "ExtSubTable", part)
                    swap.update(getattr(part, "mapping", {}))
    for cmap in font["cmap"].tables:
        for code in range(ord("0"), ord("9") + 1):
            name = cmap.cmap.get(code)
            if name in swap:
                cmap.cmap[code] = swap[name]
    return font


def japanese(rows):
    """Characters of JIS X 0208: symbols and kana (rows 1 to 8), kanji of these rows, fullwidth and halfwidth forms, circled numbers."""
    characters = [chr(c) for c in [*range(0xFF01, 0xFFE7), *range(0x2460, 0x2474)]]
    for row in [*range(1, 9), *rows]:
        for cell in range(1, 95):
            try:
                characters.append(bytes([0xA0 + row, 0xA0 + cell]).decode("euc_jp"))
            except UnicodeDecodeError:
                pass
    return characters


def cut(font, name, characters):
    """Writes a font with these characters alone."""
    have = set(font.getBestCmap())
    options = subset.Options(layout_features=[], hinting=False, desubroutinize=True, name_IDs=["*"], notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(c) for c in characters])
    cutter.subset(font)
    font.save(HERE / name)
    missing = "".join(c for c in characters if ord(c) not in have)
    print(f"{name}: {(HERE / name).stat().st_size} bytes; not in it: {missing}")
    for ident in (0, 5, 13, 14):
        print("   ", ident, font["name"].getDebugName(ident))


for name, source in SOURCES.items():
    font = TTFont(source)
    cut(tabular_digits(font) if name.startswith("Inter") else font, name, CHARACTERS)
own = sorted({c for path in (HERE.parent / "i18n/ja").glob("*.ftl") for c in path.read_text(encoding="utf-8") if c > "\u2e7f"})
for name, (weight, rows) in JAPANESE.items():
    # The first font of the collection is the Japanese one.
    cut(TTFont(NOTO.format(weight), fontNumber=0), name, [chr(c) for c in range(0x20, 0x7F)] + japanese(rows) + own)
