"""What the program exports, as arrays."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
import tomllib
import weakref
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

# The script that lies in every bundle; here it is the one that came with this module, so that no code of a bundle is run.
from . import load_bundle as _client

Array = npt.NDArray[Any]


class Bundle:
    """A pruned model with its graph: everything that a forward pass needs, read when it is asked for.

    Rows of matrices are targets, columns sources.
    """

    def __init__(self, folder: Path, temporary: Path | None = None) -> None:
        """``temporary`` is removed with the bundle: where a .zip was unpacked."""
        self.folder = folder
        if temporary is not None:
            weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)

    def __repr__(self) -> str:
        graph = self.manifest["graph"]
        return f"<unifews.Bundle {self.manifest['model']['title']}, {graph['n_nodes']} nodes, {self.folder}>"

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the bundle says of itself: graph, model, program, files and their hashes."""
        return self._json("manifest.json")

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Counts, accuracy and times before and after."""
        return self._json("metrics.json")

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The recipe that made it."""
        return tomllib.loads((self.folder / "recipe.toml").read_text(encoding="utf-8"))

    @cached_property
    def weights(self) -> dict[str, Array]:
        """Every tensor of the pruned model by its name; what was removed is 0."""
        return dict(self._parts["tensors"])

    @cached_property
    def masks(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Of every weight matrix that was looked at: True where a weight was kept."""
        return {name: mask.astype(bool) for name, mask in load_file(self.folder / "masks.safetensors").items()}

    @cached_property
    def edges(self) -> list[Any]:
        """Of every layer or hop the entries that were kept, with their values: a SciPy matrix [nodes, nodes].

        For attention a dictionary with ``rows``, ``columns`` and ``coefficients`` [entries, heads]. Empty where the bundle starts from an
        embedding.
        """
        return self._parts["edges"]

    @cached_property
    def features(self) -> Any:
        """Node features, a NumPy array or a SciPy matrix [nodes, features]; None where the bundle has none."""
        found = [self.folder / name for name in ("features.npz", "features.npy") if (self.folder / name).exists()]
        if not found:
            return None
        with _as_error():
            return _client.load_features(self.folder, found[0], False)

    @cached_property
    def logits(self) -> Array:
        """What the program computed when it exported the bundle [nodes, classes]."""
        return np.load(self.folder / "logits.npy")

    @cached_property
    def node_ids(self) -> list[str]:
        """The nodes as the graph's file spells them, in the order of all rows."""
        with open(self.folder / "predictions.csv", newline="", encoding="utf-8") as file:
            return [row["node"] for row in csv.DictReader(file)]

    def predict(self, features: Any = None, nodes: Iterable[int | str] | None = None) -> Array:
        """Runs the pruned model: logits [nodes, classes].

        features: others than those of the bundle [nodes, features], for the same nodes.
        nodes: score these alone, on their receptive field: numbers from 0, or ids as text; rows come in this order.
        """
        with _as_error():
            parts = self._parts if features is None else {**self._parts, "features": features}
            if parts["features"] is None and parts["embedding"] is None:
                raise ValueError("this bundle was written without node features: pass features")
            if nodes is None:
                return np.asarray(_client.forward(parts))
            part, rows = _client.part_of(parts, [self._number(node) for node in nodes])
            return np.asarray(_client.forward(part))[rows]

    def _number(self, node: int | str) -> int:
        if not isinstance(node, str):
            return int(node)
        try:
            return self._numbers[node]
        except KeyError:
            raise ValueError(f"no node of the graph has the id {node!r}") from None

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {node: at for at, node in enumerate(self.node_ids)}

    @cached_property
    def _parts(self) -> dict[str, Any]:
        with _as_error():
            return _client.load(self.folder) if self._has_features else self._without_features()

    @property
    def _has_features(self) -> bool:
        starts_from_embedding = self.manifest["forward"]["starts_from"] == "embedding"
        return starts_from_embedding or any((self.folder / f"features.{end}").exists() for end in ("npz", "npy"))

    def _without_features(self) -> dict[str, Any]:
        """As the script loads it, with no features."""
        with tempfile.TemporaryDirectory() as folder:
            nothing = Path(folder) / "features.npy"
            np.save(nothing, np.zeros((0, 0), np.float32))
            return {**_client.load(self.folder, features=nothing), "features": None}

    def _json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


def load(bundle: str | os.PathLike[str]) -> Bundle:
    """Opens a bundle: a folder, or a .zip, which is unpacked for as long as the bundle is in use.

    >>> import tempfile, unifews
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     said = unifews.run("prune", "sample:cora", "sample:cora-gcn", "--delta-a", "0.5", "--no-timing", "--quiet", "-o", f"{folder}/b.zip")
    ...     bundle = unifews.load(f"{folder}/b.zip")
    >>> bundle.manifest["graph"]["n_nodes"], len(bundle.edges), sorted(bundle.masks)
    (2485, 2, ['convs.0.lin.weight', 'convs.1.lin.weight'])
    >>> bundle.predict(nodes=[1493, "27"]).shape
    (2, 7)
    >>> unifews.load("no-such-bundle")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no bundle: expected a folder with manifest.json or a .zip of one, found no-such-bundle
    """
    return _load(Path(bundle))


def _load(path: Path, temporary: Path | None = None) -> Bundle:
    """As ``load``; ``temporary`` is removed with the bundle."""
    if path.is_dir() and (path / "manifest.json").is_file():
        return _checked(Bundle(path, temporary))
    if not (path.is_file() and zipfile.is_zipfile(path)):
        raise FileNotFoundError(f"no bundle: expected a folder with manifest.json or a .zip of one, found {path}")
    folder = Path(tempfile.mkdtemp(prefix="unifews-"))
    with zipfile.ZipFile(path) as archive:
        # Names that would lead out of the folder lead into it.
        archive.extractall(folder)
    below = [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]
    found = next((child for child in below if (child / "manifest.json").is_file()), None)
    if found is None:
        shutil.rmtree(folder, ignore_errors=True)
        raise FileNotFoundError(f"no bundle: no manifest.json in {path}")
    return _checked(Bundle(found, folder))


def _checked(bundle: Bundle) -> Bundle:
    form = bundle.manifest.get("format")
    if form != "unifews-bundle/2":
        raise ValueError(f"expected unifews-bundle/2, found {form}: {bundle.folder}")
    return bundle


@contextmanager
def _as_error() -> Iterator[None]:
    """The script ends the interpreter where it cannot go on; a module raises."""
    try:
        yield
    except SystemExit as ended:
        raise ValueError(str(ended)) from None


