#!/usr/bin/env python3
"""Cut the fonts of the window out of the Debian packages fonts-inter and fonts-jetbrains-mono.

Usage: python3 make_fonts.py        (needs: pip install fonttools; apt-get install fonts-inter fonts-jetbrains-mono)

Only the characters of CHARACTERS are kept. In Inter the digits are replaced by its tabular ones (feature `tnum`), since
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
CHARACTERS = (
    [chr(c) for c in range(0x20, 0x7F)]
    + [chr(c) for c in range(0xA0, 0x180)]
    + [chr(c) for c in range(0x391, 0x3CA)]
    + list("–—‘’“”„…•·′″‖×−±÷≈≠≤≥∞√∑∏∂∇∈⊆∩∪∅‰→←↑↓↔⇒⇧⌘⌥⌃⏎⎋")
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


for name, source in SOURCES.items():
    font = TTFont(source)
    if name.startswith("Inter"):
        tabular_digits(font)
    have = set(font.getBestCmap())
    options = subset.Options(layout_features=[], hinting=False, desubroutinize=True, name_IDs=["*"], notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(c) for c in CHARACTERS])
    cutter.subset(font)
    font.save(HERE / name)
    missing = "".join(c for c in CHARACTERS if ord(c) not in have)
    print(f"{name}: {(HERE / name).stat().st_size} bytes; not in it: {missing}")
    for ident in (0, 5, 13, 14):
        print("   ", ident, font["name"].getDebugName(ident))
