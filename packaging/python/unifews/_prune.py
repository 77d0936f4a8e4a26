"""A graph and a model of Python, handed to the program."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from ._bundle import Bundle, _load
from ._program import UnifewsError, run

# Options of the command line whose value is true or false; the others that Python says True of stand alone.
_VALUED = {"share_weights", "root_weight", "edge_weights", "header"}


def prune(
    data: Any,
    model: Any,
    recipe: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Bundle:
    """Decides what can go of a graph and of a trained model, and gives the bundle back.

    data: a PyG ``Data``, or anything with ``x`` [nodes, features], ``edge_index`` [2, edges], and where it has them ``y``, ``train_mask``,
        ``val_mask``, ``test_mask`` and ``edge_weight``; or what the program opens, a path or ``sample:NAME``.
    model: a module with a ``state_dict``, one such dictionary (tensors or arrays), or what the program opens.
    recipe: a recipe's file, or its sections and keys as a dictionary; by default that of the program.
    output: the bundle to write, a folder or a name that ends in .zip; by default one that goes with the bundle.
    options: options of ``unifews prune``, as ``delta_a=0.5`` or ``recover="one-shot"``; they beat the recipe.

    Edges are taken as they stand. Self-loops are added where the network's layers add them in PyG: all but GraphSAGE's and GIN's.
    ``direction`` and ``self_loops`` say otherwise.

    >>> import unifews
    >>> bundle = unifews.prune("sample:cora", "sample:cora-gcn", {"edges": {"mode": "target", "delta": [0.5]}}, no_timing=True)
    >>> bundle.metrics["totals"]["edge_sparsity"]
    0.5
    >>> unifews.prune("sample:cora", "sample:cora-gcn", {"edges": {"mod": "target"}})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    unifews._program.UnifewsError: ...unknown field `mod`...
    """
    temporary = None
    with tempfile.TemporaryDirectory(prefix="unifews-") as folder:
        given = Path(folder)
        arguments: list[str] = ["prune", *_graph(data, given, options), _model(model, given)]
        if not isinstance(data, (str, os.PathLike)) and "self_loops" not in options and not _adds_self_loops(model):
            arguments += ["--self-loops", "as-stored"]
        if recipe is not None:
            arguments += ["--recipe", _recipe(recipe, given)]
        if output is None:
            temporary = Path(tempfile.mkdtemp(prefix="unifews-"))
            output = temporary / "bundle"
        arguments += [*_options(options), "--quiet", "--output", os.fspath(output)]
        try:
            run(*arguments)
        except UnifewsError:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
    return _load(Path(output), temporary)


def _graph(data: Any, folder: Path, options: dict[str, Any]) -> list[str]:
    """The graph's file with the options that it needs."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    edges = _array(data.edge_index).astype(np.int64)
    features = getattr(data, "x", None)
    n = _count(data, edges, features)
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise ValueError(f"edge_index: expected shape [2, edges], found {list(edges.shape)}")
    if edges.size and (edges.min() < 0 or edges.max() >= n):
        raise ValueError(f"edge_index: expected nodes from 0 to {n - 1}, found {edges.min()} to {edges.max()}")
    arguments = [str(folder / "graph.npz")]
    weights = getattr(data, "edge_weight", None)
    values = np.ones(edges.shape[1], np.float32) if weights is None else _array(weights).astype(np.float32).reshape(-1)
    order = np.lexsort((edges[1], edges[0]))
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(edges[0], minlength=n), out=indptr[1:])
    archive: dict[str, npt.NDArray[Any]] = {
        "adj_indptr": indptr,
        "adj_indices": edges[1][order],
        "adj_data": values[order],
        "adj_shape": np.array([n, n]),
    }
    if weights is not None and "edge_weights" not in options:
        arguments += ["--edge-weights", "true"]
    if "direction" not in options and not _is_symmetric(edges, n):
        arguments += ["--direction", "as-stored"]
    if features is not None:
        archive["attr_matrix"] = _array(features).astype(np.float32)
    labels = getattr(data, "y", None)
    if labels is not None:
        labels = _array(labels)
        if labels.ndim == 2 and labels.shape[1] > 1:
            np.save(folder / "labels.npy", labels.astype(np.uint8))
            arguments += ["--label-file", str(folder / "labels.npy")]
        else:
            archive["labels"] = labels.reshape(-1).astype(np.int64)
    np.savez(folder / "graph.npz", **archive)
    names = ("train_mask", "val_mask", "test_mask")
    masks = {name: _array(mask).astype(bool) for name in names if (mask := getattr(data, name, None)) is not None}
    if masks:
        missing = [name for name in names if name not in masks]
        if missing:
            raise ValueError(f"a split needs train_mask, val_mask and test_mask; {missing[0]} is missing")
        # Of several splits, one column each, the first.
        masks = {name: mask if mask.ndim == 1 else mask[:, 0] for name, mask in masks.items()}
        np.savez(folder / "split.npz", **masks)
        arguments += ["--split-file", str(folder / "split.npz")]
    return arguments


def _count(data: Any, edges: npt.NDArray[np.int64], features: Any) -> int:
    """How many nodes there are."""
    if features is not None:
        return int(features.shape[0])
    given = getattr(data, "num_nodes", None)
    return int(given) if given is not None else int(edges.max(initial=-1)) + 1


def _is_symmetric(edges: npt.NDArray[np.int64], n: int) -> bool:
    there, back = np.unique(edges[0] * n + edges[1]), np.unique(edges[1] * n + edges[0])
    return bool(np.array_equal(there, back))


def _model(model: Any, folder: Path) -> str:
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    tensors = model.state_dict() if hasattr(model, "state_dict") else model
    path = folder / "model.safetensors"
    save_file({name: np.ascontiguousarray(_array(tensor)) for name, tensor in tensors.items()}, path)
    return str(path)


def _adds_self_loops(model: Any) -> bool:
    """Whether a network looks at every node itself among its neighbours: by its layers, else by the names of its tensors.

    >>> _adds_self_loops({"convs.0.lin.weight": None, "convs.0.bias": None})
    True
    >>> _adds_self_loops({"convs.0.lin_l.weight": None, "convs.0.lin_r.weight": None})
    False
    >>> _adds_self_loops({"convs.0.lin_l.weight": None, "convs.0.lin_r.weight": None, "convs.0.att": None})
    True
    >>> _adds_self_loops({"convs.0.nn.lins.0.weight": None, "convs.0.eps": None})
    False
    """
    if isinstance(model, (str, os.PathLike)):
        return True
    if hasattr(model, "modules"):
        layers = [layer for layer in model.modules() if hasattr(layer, "propagate")]
        if layers:
            return any(getattr(layer, "add_self_loops", False) for layer in layers)
    names = list(model.state_dict() if hasattr(model, "state_dict") else model)
    is_attention = any(".att" in name for name in names)
    is_sage = any(name.endswith(".lin_l.weight") for name in names) and not is_attention
    return not (is_sage or any(".nn." in name or name.endswith(".eps") for name in names))


def _array(value: Any) -> npt.NDArray[Any]:
    """A tensor or whatever NumPy takes, as an array; 16-bit floats that NumPy does not know become 32-bit ones."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if value.is_sparse:
            value = value.to_dense()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        return value.numpy()
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value)


def _recipe(recipe: str | os.PathLike[str] | Mapping[str, Any], folder: Path) -> str:
    if not isinstance(recipe, Mapping):
        return os.fspath(recipe)
    path = folder / "recipe.json"
    path.write_text(json.dumps({"format": "unifews-recipe/1", **recipe}), encoding="utf-8")
    return str(path)


def _options(options: Mapping[str, Any]) -> list[str]:
    """As the command line spells them.

    >>> _options({"delta_a": [0.5, 0.9], "no_timing": True, "controls": False, "root_weight": True, "seed": 7})
    ['--delta-a', '0.5,0.9', '--no-timing', '--root-weight', 'true', '--seed', '7']
    """
    arguments: list[str] = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or (value is False and name not in _VALUED):
            continue
        if value is True and name not in _VALUED:
            arguments.append(option)
        elif isinstance(value, bool):
            arguments += [option, str(value).lower()]
        elif isinstance(value, (list, tuple)):
            arguments += [option, ",".join(map(str, value))]
        else:
            arguments += [option, os.fspath(value) if isinstance(value, os.PathLike) else str(value)]
    return arguments
