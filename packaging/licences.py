#!/usr/bin/env python3
"""Print the licences of everything that is part of the program: every crate that is linked into it, and the fonts.

Usage: python3 packaging/licences.py > third-party-licences.txt

Reads what `cargo metadata` says and the files of the crates where cargo keeps them: nothing is fetched that a build does not need. A text
that many crates share is printed once, with their names above it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("license", "licence", "copying", "notice", "copyright", "unlicense")
# Texts of crates that come without one, by the first of these in their expression; they are the same wherever they stand.
STANDARD = {"MIT": "docs/LICENSE-MIT", "Apache-2.0": "docs/LICENSE-APACHE"}


def linked(target):
    """The crates that are linked into the program, with what cargo knows of them."""
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, todo = {root}, [root]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            # Neither tests nor build scripts are part of the program.
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]) and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    return sorted((packages[name] for name in seen - {root}), key=lambda package: (package["name"], package["version"]))


def texts(package):
    """The texts that lie beside a crate, else the standard one of its licence."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(NAMES))
    found = [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]
    if not found:
        of = next((name for name in STANDARD if name in (package["license"] or "")), None)
        found = [(ROOT / STANDARD[of]).read_text(encoding="utf-8").strip()] if of else []
    return found


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else "x86_64-unknown-linux-gnu"
    packages = linked(target)
    by_text, without = {}, []
    print("Unifews Workbench is made of its own code (MIT OR Apache-2.0) and of the following.\n")
    for package in packages:
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license'] or 'see below'}")
        found = texts(package)
        if not found:
            without.append(name)
        for text in found:
            by_text.setdefault(text, []).append(name)
    for path in sorted((ROOT / "assets" / "fonts").iterdir()):
        if path.suffix == ".txt":
            by_text.setdefault(path.read_text(encoding="utf-8").strip(), []).append(f"font, {path.stem}")
    if without:
        print(f"\nWithout a text of their own: {', '.join(without)}")
    for text, names in by_text.items():
        print(f"\n{'=' * 100}\n{', '.join(names)}\n{'-' * 100}\n{text}")


if __name__ == "__main__":
    main()
