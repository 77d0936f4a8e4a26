#!/usr/bin/env python3
"""Run this Unifews bundle and compare the result with the logits it was exported with.

Needs numpy, scipy and safetensors; with --torch also torch. Exit code 0: the largest difference is within
1e-5 of the largest logit, beyond what storing the sparse weights in fewer bits costs by metrics.json.
Import it to use the model: load(folder), then forward(bundle, features).

With --nodes 1493,27 (ids as predictions.csv spells them, or a file with one to a line) it scores these nodes alone, on
their receptive field: part_of(bundle, nodes) is what they depend on.

With --arrivals FEATURES --edges EDGES it scores nodes that arrive at the graph, where the bundle is for new nodes:
arrive(bundle, features, edges) in a program.

With --low it runs the model in low precision, from the files that hold it in fewer bits, and compares with
logits_low.npy: the largest difference is within 1e-5 of the largest logit, or 2e-2 where embeddings are stored as bf16, since
a sum in another order can round the other way.

With --certificate it runs nothing: it computes certificate.json again from its counts, and the counts from
predictions.csv. Exit code 0: every number is right and this model is certified.
"""

import argparse
import csv
import json
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from safetensors import safe_open
from safetensors.numpy import load_file

TOLERANCE = 1e-5
# Rounded embeddings differ by one place of 8 bits where sums in another order round the other way.
HALVED_TOLERANCE = 2e-2


def load(folder, sparse=None, features=None, low=False):
    """Everything the forward pass needs, as NumPy and SciPy values.

    sparse: weights of model_sparse.safetensors, and fitted values of entries in as many bits; by default only where
    model.safetensors is not there.
    features: a file of them, for a bundle that was written without.
    low: as the recipe stores the model in low precision; its logits are then those of logits_low.npy.
    """
    folder = Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    note = manifest["model"].get("low") if low else None
    if low and note is None:
        sys.exit(f"expected a bundle in low precision, found none in its manifest: {folder}")
    if low and note.get("needs_removed"):
        sys.exit("removed entries take part in this attention, and are in no file: unifews replay runs it in low precision")
    if low:
        sparse = note["stored_as"]["weights"] != "f32"
    if sparse is None:
        sparse = not (folder / "model.safetensors").exists()
    if manifest["format"] != "unifews-bundle/2":
        sys.exit(f"expected unifews-bundle/2, found {manifest['format']}: {folder / 'manifest.json'}")
    starts_from_embedding = manifest["forward"]["starts_from"] == "embedding"
    # Row = target, column = source. The diagonal already holds what a node keeps of itself.
    edges = [] if starts_from_embedding else [load_edges(folder / name) for name in manifest["edges"]["files"]]
    entry_values = (manifest["model"].get("sparse") or {}).get("entry_values")
    # Entries that the recipe stores in fewer bits go with low precision; fitted ones with the weights of a sparse model.
    are_low = (manifest["model"].get("low") or {"stored_as": {"entries": "f32"}})["stored_as"]["entries"] != "f32"
    if entry_values and (are_low if low else sparse and not are_low):
        put_entry_values(edges, folder / entry_values, manifest["edges"]["identity"])
    return {
        "forward": manifest["forward"],
        "tensors": load_sparse(folder / "model_sparse.safetensors") if sparse else load_file(folder / "model.safetensors"),
        "edges": edges,
        "identity": manifest["edges"]["identity"],
        "features": load_features(folder, features, starts_from_embedding),
        "embedding": np.load(folder / "embedding.npy") if starts_from_embedding else None,
        # What decides of nodes that arrive is read when the first ones do.
        "arrivals_from": (folder, manifest.get("new_nodes"), manifest["graph"]["n_features"]),
        "logits": np.load(folder / (note["logits"] if low else "logits.npy")),
        "halves": low and note["stored_as"]["embeddings"] == "bf16",
    }


def load_features(folder, given, starts_from_embedding):
    """Of the bundle or of a file; none where the computation does not start from them."""
    for path in [Path(given)] if given else [folder / "features.npz", folder / "features.npy"]:
        if path.exists():
            return sp.load_npz(path) if path.suffix == ".npz" else np.load(path)
    if starts_from_embedding:
        return None
    sys.exit(
        f"expected node features, found no file {given}"
        if given
        else "this bundle was written without node features: name a file of them (.npy, or .npz as SciPy writes) with --features"
    )


def load_sparse(path):
    """The tensors of a model that is stored sparse (unifews-sparse-model/1 or /2), every value in its place."""
    with safe_open(path, framework="np") as file:
        note = file.metadata() or {}
        if note.get("format") not in ("unifews-sparse-model/1", "unifews-sparse-model/2"):
            sys.exit(f"expected unifews-sparse-model/1 or /2, found {note.get('format')}: {path}")
        return {name: scaled(file, name, about) for name, about in json.loads(note["tensors"]).items()}


def scaled(file, name, about):
    """Of integers what they stand for: times the scale of their output."""
    tensor = expand(file, name, about)
    if about["values"] != "int8":
        return tensor
    scales = file.get_tensor(name + ".scales")
    return tensor * (scales if about.get("outputs", 0) == 1 else scales[:, None])


def expand(file, name, about):
    def values(part):
        return as_floats(file.get_tensor(name + part), about["values"])

    shape = tuple(about["shape"])
    if about["encoding"] == "dense":
        return values("").reshape(shape)
    if about["encoding"] == "bitmask":
        out = np.zeros(int(np.prod(shape)), np.float32)
        out[np.unpackbits(file.get_tensor(name + ".mask"), count=out.size, bitorder="little").astype(bool)] = values(".values")
        return out.reshape(shape)
    rows = file.get_tensor(name + ".indices").astype(np.int64), file.get_tensor(name + ".indptr").astype(np.int64)
    return sp.csr_matrix((values(".values"), *rows), shape=shape).toarray()


def as_floats(array, kind):
    if kind == "bf16" and array.dtype == np.uint16:  # the upper halves of 32-bit floats
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(np.float32)


def put_entry_values(edges, path, identity):
    """The values of entries in fewer bits (unifews-entry-values/1 or /2), in place of those of the edge files."""
    with safe_open(path, framework="np") as file:
        note = file.metadata() or {}
        if note.get("format") not in ("unifews-entry-values/1", "unifews-entry-values/2"):
            sys.exit(f"expected unifews-entry-values/1 or /2, found {note.get('format')}: {path}")
        for step, hop in enumerate(edges):
            name = f"layer_{step:02}"
            values = as_floats(file.get_tensor(name), note["values"])
            rows = hop["rows"] if isinstance(hop, dict) else np.repeat(np.arange(hop.shape[0]), np.diff(hop.indptr))
            if name + ".scales" in file.keys():
                values = values * file.get_tensor(name + ".scales")[rows]
            if isinstance(hop, dict):
                hop["coefficients"] = values
            else:
                hop.data = values.reshape(-1)
                if identity != "self-loop":  # what a node keeps of itself is not stored in fewer bits
                    hop.data[rows == hop.indices] += 1


def load_edges(path):
    """The matrix of a layer or hop; for attention its entries, with the coefficient of every head."""
    matrix = sp.load_npz(path)
    arrays = np.load(path)
    if "coefficients" not in arrays:
        return matrix
    entries = matrix.tocoo()
    return {
        "rows": entries.row.astype(np.int64),
        "columns": entries.col.astype(np.int64),
        "coefficients": arrays["coefficients"],
    }


def forward(bundle, features=None):
    """Logits [n_nodes, n_classes]. Works on NumPy and SciPy values and, after to_torch, on torch tensors."""
    note, tensors = bundle["forward"], bundle["tensors"]
    h = bundle["features"] if features is None else features
    if note.get("hop_weights"):
        start = bundle["embedding"]
        h = start if start is not None else propagate(bundle, h, note["hop_weights"])
        if "scaler.mean" in tensors:
            h = (h - tensors["scaler.mean"]) / tensors["scaler.scale"]
    program = note["program"]
    # Value 0 is the network's input, value i + 1 what instruction i gives; each goes with its last read.
    last_read = {value: at for at, line in enumerate(program["instructions"]) for value in line["inputs"]}
    values = {0: h}
    for at, line in enumerate(program["instructions"]):
        values[at + 1] = OPERATIONS[line["op"]](bundle, line, *[values[value] for value in line["inputs"]])
        for value in {value for value in line["inputs"] if last_read[value] == at and value != program["output"]}:
            del values[value]
    return values[program["output"]]


def part_of(bundle, nodes):
    """What the logits of some nodes depend on, as a bundle of its own, and their rows in what forward makes of it.

    nodes: numbers from 0. Rows of the part that are not asked for hold nothing of use.
    """
    check_rows(bundle)
    nodes = np.asarray(nodes, np.int64)
    field, rows = np.unique(nodes), []
    for hop in reversed(bundle["edges"]):
        rows.append(field)
        field = np.union1d(field, sources(hop, field))
    edges = [part_of_hop(hop, targets, field) for hop, targets in zip(bundle["edges"], reversed(rows))]
    given = {name: None if bundle[name] is None else bundle[name][field] for name in ("features", "embedding")}
    return {**bundle, **given, "edges": edges, "logits": bundle["logits"][field]}, np.searchsorted(field, nodes)


def sources(hop, targets):
    return hop["columns"][entries_of(hop, targets)] if isinstance(hop, dict) else hop[targets].indices


def entries_of(hop, targets):
    """Where the entries of these rows stand in a layer of attention, whose rows ascend."""
    starts, ends = (np.searchsorted(hop["rows"], targets, side) for side in ("left", "right"))
    counts = ends - starts
    return np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def part_of_hop(hop, targets, field):
    """The entries of the rows of these targets, nodes numbered as in the field."""
    if isinstance(hop, dict):
        kept = entries_of(hop, targets)
        ends = {name: np.searchsorted(field, hop[name][kept]) for name in ("rows", "columns")}
        return {**ends, "coefficients": hop["coefficients"][kept]}
    entries = hop[targets].tocoo()
    places = np.searchsorted(field, targets)[entries.row], np.searchsorted(field, entries.col)
    return sp.csr_matrix((entries.data, places), shape=(len(field), len(field)))


def arrive(bundle, features, edges, weights=None):
    """Logits of nodes that arrive, in the order of their features, by the rule that the bundle recorded for them.

    features: [k, f], dense or sparse. edges: [m, 2], source and target; the nodes of the bundle are numbered from 0, those that
    arrive follow them. weights: [m], only where the graph has weights.
    Every row of a new node is decided by itself; known nodes hear whom they heard. It takes as long as what the new nodes depend
    on is large. Nothing is kept: the next call starts from the same bundle.
    """
    rule = arrival_rule(bundle)
    check_rows(bundle)
    features, rows, row_of_known = check_arrivals(rule, features, edges, weights)
    first, count = len(rule["degree"]), features.shape[0]
    values = diffusion_values(rule, rows, row_of_known)
    if rule["decided_by"] == "norms":
        rows, values = with_identity(bundle, rule, rows, values, count)
        # Each is tested once its message is there; until then all are.
        steps = [(np.ones(len(values), bool), values)] * len(bundle["edges"])
    else:
        sums = np.bincount(rows["row"] - first, values.astype(np.float64), count).astype(np.float32)
        own = np.isin(np.arange(count), (rows["row"] - first)[rows["row"] == rows["column"]])
        unsure, certainty = confidence(rule, alone(bundle, rule, features, np.where(own, sums, 0), own))
        keys = ranked(rule, rows, unsure, certainty)
        steps = [(kept, kept_values(rule, rows, values, kept)) for kept in kept_by_steps(rule, rows, keys)]
    # What the new nodes depend on, from the last layer to the first; new nodes have the largest numbers.
    new, known, fields = np.arange(first, first + count), np.empty(0, np.int64), []
    for hop, (kept, _) in zip(reversed(bundle["edges"]), reversed(steps)):
        fields.append(known)
        heard = rows["column"][kept]
        known = np.union1d(np.union1d(known, sources(hop, known)), heard[heard < first]).astype(np.int64)
    field = np.concatenate([known, new])
    hops, left = [], np.ones(len(values), bool)
    for hop, targets, cut, (kept, of_kept) in zip(bundle["edges"], reversed(fields), rule["cut"], steps):
        ends = {name: np.searchsorted(field, rows[name][kept]) for name in ("row", "column")}
        part = part_of_hop(hop, targets, field)
        by_norm = rule["decided_by"] == "norms"
        hops.append(ByNorm(part, ends, of_kept, rows["tested"], cut, left) if by_norm else with_rows(part, ends, of_kept, len(field)))
    given = bundle["features"][known]
    stacked = sp.vstack([given, features]).tocsr() if sp.issparse(given) else np.concatenate([given, dense(features)])
    return np.asarray(forward({**bundle, "edges": hops, "features": stacked, "embedding": None}))[len(known) :]


class ByNorm:
    """A layer's matrix whose rows of new nodes are decided by the norms of their messages, once these are there.

    What a layer removes is gone in the later ones: left is shared by all of them.
    """

    def __init__(self, known, ends, values, tested, cut, left):
        self.known, self.ends, self.values, self.tested, self.cut, self.left = known, ends, values, tested, cut, left

    def of(self, h):
        norms = np.sqrt(np.asarray(h.multiply(h).sum(1)).ravel() if sp.issparse(h) else (h * h).sum(1))
        # tested: the value that the test takes; NaN for what is never removed.
        self.left &= ~(np.abs(self.tested) * norms[self.ends["column"]] < self.cut)
        ends = {name: at[self.left] for name, at in self.ends.items()}
        return with_rows(self.known, ends, self.values[self.left], self.known.shape[0])


def matrix_of(bundle, step, h):
    """The matrix of a layer that is given h."""
    hop = bundle["edges"][step]
    return hop.of(h) if isinstance(hop, ByNorm) else hop


def propagate_step(bundle, step, h):
    return matrix_of(bundle, step, h) @ h


def with_identity(bundle, rule, rows, values, count):
    """The rows of new nodes with what a node keeps of itself, and in tested the value that decides: NaN on the diagonal."""
    first, own, identity = len(rule["degree"]), rows["row"] == rows["column"], bundle["identity"]
    values = values.copy()
    if identity != "self-loop":
        values[own] = 1 if identity == "residual" else values[own] + 1
        lacking = np.setdiff1d(np.arange(first, first + count), rows["row"][own])
        rows = {name: np.concatenate([rows[name], lacking]) for name in ("row", "column")}
        values = np.concatenate([values, np.ones(len(lacking), np.float32)])
    return {**rows, "tested": np.where(rows["row"] == rows["column"], np.nan, values)}, values


def arrival_rule(bundle):
    """What decides of nodes that arrive: the note of the manifest with the arrays of its file (unifews-new-nodes/1), read once."""
    if "arrivals" not in bundle:
        folder, note, width = bundle["arrivals_from"]
        if note is None:
            sys.exit(
                "expected a bundle with a rule for nodes that arrive, found none: prune with --recover one-shot --nodes-are new"
                f" (and not --without-new-nodes): {folder}"
            )
        with safe_open(folder / note["file"], framework="np") as file:
            found = (file.metadata() or {}).get("format")
            if found != "unifews-new-nodes/1":
                sys.exit(f"expected unifews-new-nodes/1, found {found}: {folder / note['file']}")
            arrays = {name: file.get_tensor(name) for name in file.keys()}
        prefix = "unpruned."
        unpruned = {name[len(prefix) :]: values for name, values in arrays.items() if name.startswith(prefix)}
        # Those of model.safetensors, whatever weights the bundle was loaded with: bias and moments are the same.
        bundle["arrivals"] = {**note, **arrays, "width": width, "unpruned": {**bundle["tensors"], **unpruned}}
    return bundle["arrivals"]


def check_rows(bundle):
    """Refuses a network in which a node's output takes all others."""
    over_all = [line["kind"] for line in bundle["forward"]["program"]["instructions"] if line["op"] == "normalise" and line["kind"] != "layer"]
    if over_all:
        sys.exit(f"expected a network that normalises every node by itself, found {over_all[0]}: score all nodes instead")


def check_arrivals(rule, features, edges, weights):
    """The features as they are computed with, and the entries of the rows of new nodes and of known ones."""
    features = features.tocsr().astype(np.float32) if sp.issparse(features) else np.asarray(features, np.float32)
    first, width = len(rule["degree"]), rule["width"]
    if features.ndim != 2 or features.shape[1] != width or not features.shape[0]:
        sys.exit(f"expected features of at least one node that arrives, {width} columns, found shape {features.shape}")
    if not np.isfinite(features.data if sp.issparse(features) else features).all():
        sys.exit("expected finite features of nodes that arrive, found others")
    edges, n = np.asarray(edges).reshape(-1, 2), first + features.shape[0]
    if len(edges) and (not np.issubdtype(edges.dtype, np.integer) or edges.min() < 0 or edges.max() >= n):
        sys.exit(f"expected edges between nodes from 0 to {n - 1}, found {edges.min()} to {edges.max()}")
    edges = edges.astype(np.int64)
    if (edges < first).all(1).any():
        sys.exit(f"expected a node that arrives at one end of every edge, found two known nodes: {edges[(edges < first).all(1)][0].tolist()}")
    if len(np.unique(edges, axis=0)) != len(edges):
        sys.exit("expected every edge once, found one twice")
    if weights is not None and not rule["weighted"]:
        sys.exit("expected edges without weights, as the graph has none")
    weights = np.ones(len(edges), np.float32) if weights is None else np.asarray(weights, np.float32)
    if weights.shape != (len(edges),) or not (np.isfinite(weights) & (weights >= 0)).all():
        sys.exit("expected a finite weight of at least 0 for every edge, found others")
    source, target, own = edges[:, 0], edges[:, 1], edges[:, 0] == edges[:, 1]
    parts = [(target, source, weights)]
    if rule["both_ways"]:
        parts.append((source[~own], target[~own], weights[~own]))
    if rule["self_loops"]:
        lacking = np.setdiff1d(np.arange(first, n), source[own])
        parts.append((lacking, lacking, np.ones(len(lacking), np.float32)))
    row, column, weight = (np.concatenate(part) for part in zip(*parts))
    # In the order of rows and columns; of an edge said both ways with two weights the larger.
    order = np.lexsort((-weight, column, row))
    row, column, weight = row[order], column[order], weight[order]
    once = np.ones(len(row), bool)
    once[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    entries = {"row": row[once], "column": column[once], "weight": weight[once]}
    is_new = entries["row"] >= first
    return features, *({name: values[part] for name, values in entries.items()} for part in (is_new, ~is_new))


def diffusion_values(rule, rows, row_of_known):
    """The values of the rows of new nodes in the enlarged graph: known neighbours count the edges that came."""
    if rule["norm_r"] is None:
        return rows["weight"] if rule["weighted"] else np.ones(len(rows["row"]), np.float32)
    first = len(rule["degree"])
    ends = np.unique(np.concatenate([rows["row"], rows["column"]]))
    degree = np.where(ends < first, rule["degree"][np.minimum(ends, first - 1)], 0.0)
    for part in (rows, row_of_known):
        counted = part["weight"].astype(np.float64) if rule["weighted"] else np.ones(len(part["row"]))
        heard = np.isin(part["row"], ends)
        np.add.at(degree, np.searchsorted(ends, part["row"][heard]), counted[heard])
    degree[degree == 0] = 1
    of_target, of_source = degree ** (rule["norm_r"] - 1), degree ** -rule["norm_r"]
    values = of_target[np.searchsorted(ends, rows["row"])] * of_source[np.searchsorted(ends, rows["column"])]
    return (values * rows["weight"] if rule["weighted"] else values).astype(np.float32)


def alone(bundle, rule, features, sums, own):
    """What the unpruned model says of every new node by itself, as loudly as its whole row. [k, n_classes]"""
    at = np.flatnonzero(own)
    count, loops = features.shape[0], sp.csr_matrix((sums[at], (at, at)), shape=(features.shape[0],) * 2)
    is_attention = any(isinstance(hop, dict) for hop in bundle["edges"])
    hop = {"rows": at, "columns": at, "coefficients": None} if is_attention else loops
    given = features if sp.issparse(bundle["features"]) else dense(features)
    given = sp.csr_matrix(given) if sp.issparse(bundle["features"]) else given
    part = {"tensors": rule["unpruned"], "edges": [hop] * len(bundle["edges"]), "features": given, "embedding": None}
    return np.asarray(forward({**bundle, **part})).reshape(count, -1)


def confidence(rule, logits):
    """Entropy of every node in nats, and how sure it is as a source."""
    logits = logits.astype(np.float64)
    if not np.isfinite(logits).all():
        sys.exit("expected finite answers of the unpruned model for nodes that arrive, found others")
    if rule["several_classes"]:
        p, most = 1 / (1 + np.exp(-logits)), np.log(2)
        entropy = (p * np.logaddexp(0, -logits) + (1 - p) * np.logaddexp(0, logits)).mean(1)
    else:
        most = np.log(logits.shape[1])
        log = logits - logits.max(1)[:, None]
        log = log - np.log(np.exp(log).sum(1))[:, None]
        entropy = np.maximum(-(np.exp(log) * log).sum(1), 0)
    return entropy, np.clip(1 - entropy / most, 0, 1) if most > 0 else np.ones(len(entropy))


def ranked(rule, rows, unsure, certainty):
    """The key of every entry: what it is worth to its row, halved with every rank in it; those of self-loops mean nothing."""
    first, row, column = len(rule["degree"]), rows["row"], rows["column"]
    is_known = column < first
    sure = np.where(is_known, rule["certainty"][np.minimum(column, first - 1)], certainty[np.maximum(column - first, 0)])
    other = np.flatnonzero(row != column)
    order = other[np.lexsort((other, -sure[other], row[other]))]
    starts = np.searchsorted(row[order], row[order])
    keys = np.full(len(row), -np.inf, np.float32)
    with np.errstate(divide="ignore"):
        keys[order] = np.log2(unsure[row[order] - first] * sure[order]) - (np.arange(len(order)) - starts)
    return keys


def kept_by_steps(rule, rows, keys):
    """Which entries every step keeps: flags."""
    row, own, before = rows["row"], rows["row"] == rows["column"], None
    for cut in rule["cut"]:
        allowed = ~own if before is None or not rule["nested"] else ~own & before
        kept = own | (allowed & (keys >= cut))
        if rule["least_per_node"] and cut < np.inf:
            at = np.flatnonzero(allowed)
            order = at[np.lexsort((at, -keys[at], row[at]))]
            rank = np.arange(len(order)) - np.searchsorted(row[order], row[order])
            kept[order[rank < rule["least_per_node"]]] = True
        before = kept
        yield kept


def kept_values(rule, rows, values, kept):
    """The values of what is kept: rows that lost something keep their sum."""
    if not rule["keeps_sum"]:
        return values[kept]
    at = rows["row"] - len(rule["degree"])
    before, after = np.bincount(at, values.astype(np.float64)), np.bincount(at, np.where(kept, values.astype(np.float64), 0.0))
    scale = np.where(np.abs(after) > 1e-12, before / np.where(after == 0, 1, after), 1.0)
    scale[np.bincount(at) == np.bincount(at, kept)] = 1.0
    return (values * scale[at]).astype(np.float32)[kept]


def with_rows(hop, ends, values, size):
    """A part of a layer's matrix with the entries of other rows."""
    if isinstance(hop, dict):
        rows, columns = np.concatenate([hop["rows"], ends["row"]]), np.concatenate([hop["columns"], ends["column"]])
        return {"rows": rows, "columns": columns, "coefficients": None}
    return hop + sp.csr_matrix((values, (ends["row"], ends["column"])), shape=(size, size))


ID_NAMES = {"id", "node", "node_id", "nodeid"}
END_NAMES = {"source", "target", "src", "dst", "from", "to", "u", "v", "source_id", "target_id", "node1", "node2"}


def read_arrivals(folder, bundle, features, edges):
    """What arrive takes, from files: features and ids, edges as numbers, and their weights where the graph has some."""
    rule, path = arrival_rule(bundle), Path(features)
    known = known_ids(folder)
    if path.suffix in (".npy", ".npz"):
        values, ids = sp.load_npz(path) if path.suffix == ".npz" else np.load(path), None
    else:
        values, ids = read_feature_table(path, rule["width"])
    ids = [str(len(known) + at) for at in range(values.shape[0])] if ids is None else ids
    clash = [node for node in ids if node in known]
    if clash:
        sys.exit(f"expected ids that no node of the graph has, found {clash[0]}: {path}")
    if len(set(ids)) != len(ids):
        sys.exit(f"expected every id once, found one twice: {path}")
    numbers = {**known, **{node: len(known) + at for at, node in enumerate(ids)}}
    ends, weights = read_edge_table(Path(edges), numbers, rule["weighted"])
    return values, ids, ends, weights


def read_feature_table(path, width):
    values, ids = [], []
    for line, row in table_rows(path):
        with_id = len(row) == width + 1
        if len(row) != width and not with_id or values and with_id != bool(ids):
            sys.exit(f"line {line}: expected {width} numbers, or an id and {width} numbers, in every line, found {len(row)} fields: {path}")
        fields = row[with_id:]
        if not values and not ids and (with_id and row[0].lower() in ID_NAMES or all(number(field) is None for field in fields)):
            continue
        numbers = [number(field) for field in fields]
        if None in numbers:
            sys.exit(f"line {line}: expected numbers, found {fields[numbers.index(None)]!r}: {path}")
        values.append(numbers)
        ids += row[:with_id]
    if not values:
        sys.exit(f"expected at least one node that arrives, found none: {path}")
    return np.array(values, np.float32), ids or None


def read_edge_table(path, numbers, weighted):
    edges, weights, is_first = [], [], True
    for line, row in table_rows(path):
        if len(row) != 2 and not (weighted and len(row) == 3):
            sys.exit(f"line {line}: expected source and target{' and perhaps a weight' if weighted else ''}, found {len(row)} fields: {path}")
        ends, was_first, is_first = row[:2], is_first, False
        if was_first and all(end.lower() in END_NAMES and end not in numbers for end in ends):
            continue
        for end in ends:
            if end not in numbers:
                sys.exit(f"line {line}: expected ids of nodes of the graph or of nodes that arrive, found {end}: {path}")
        edges.append([numbers[end] for end in ends])
        weight = 1.0 if len(row) == 2 or not row[2] else number(row[2])
        if weight is None:
            sys.exit(f"line {line}: expected a weight, found {row[2]}: {path}")
        weights.append(weight)
    if not edges:
        sys.exit(f"expected at least one edge of a node that arrives, found none: {path}")
    return np.array(edges, np.int64), np.array(weights, np.float32) if weighted else None


def table_rows(path):
    """The rows of a table that are not empty, with their line numbers: commas, semicolons or tabs between, by the first line."""
    text = path.read_text(encoding="utf-8-sig").splitlines()
    between = max(",;\t", key=text[0].count) if text else ","
    for line, row in enumerate(csv.reader(text, delimiter=between), 1):
        if any(field.strip() for field in row):
            yield line, [field.strip() for field in row]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def matmul(bundle, line, h, _=None):
    weight = bundle["tensors"][line["weight"]]
    return h @ (weight.T if line["transposed"] else weight)  # stored [out, in] or [in, out]


def attention(bundle, line, source, target=None):
    tensors, hop = bundle["tensors"], bundle["edges"][line["step"]]
    # One vector per head for the sum of both sides (GATv2), or one for each side (GAT of 2018).
    first, *second = [tensors[name] for name in line["vectors"]]
    heads, channels = first.shape[1:]
    n = source.shape[0]
    rows, columns = hop["rows"], hop["columns"]
    source = source.reshape(n, heads, channels)
    target = source if target is None else target.reshape(n, heads, channels)
    if bundle["forward"]["coefficients"] == "stored":
        alpha = hop["coefficients"]
    elif second:
        scores = (source * first).sum(-1)[columns] + (target * second[0]).sum(-1)[rows]
        alpha = softmax(leaky_relu(scores), rows, n)
    else:
        alpha = softmax((leaky_relu(source[columns] + target[rows]) * first).sum(-1), rows, n)
    return scatter_add(alpha[:, :, None] * as_propagated(bundle, source)[columns], rows, n).reshape(n, heads * channels)


def as_propagated(bundle, h):
    """What a propagation reads: with embeddings as bf16 the upper halves of 32-bit floats, rounded to even."""
    if not bundle.get("halves"):
        return h
    h = dense(h)
    if not isinstance(h, np.ndarray):
        import torch

        return h.to(torch.bfloat16).to(h.dtype)
    bits = np.ascontiguousarray(h, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def factor(bundle, value):
    """A number of the program, or one that a tensor holds."""
    return 1 + bundle["tensors"][value["one-plus"]] if isinstance(value, dict) else value


def batch_norm(bundle, line, h):
    weight, bias, mean, var = [
        bundle["tensors"][f"{line['name']}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    ]
    return (h - mean) * (weight / (var + bundle["forward"]["batch_norm_eps"]) ** 0.5) + bias


def propagate_max(bundle, line, h):
    """Per column the largest value over the entries of each row, 0 where there is none."""
    h = dense(as_propagated(bundle, h))
    matrix = matrix_of(bundle, line["step"], h)
    if isinstance(h, np.ndarray):
        entries = matrix.tocoo()
        largest = np.full((matrix.shape[0], h.shape[1]), -np.inf, h.dtype)
        np.maximum.at(largest, entries.row, h[entries.col])
        return np.where(np.isneginf(largest), 0, largest)
    import torch

    rows, columns = matrix.indices()
    empty = h.new_full((matrix.shape[0], h.shape[1]), -torch.inf)
    largest = empty.scatter_reduce(0, rows[:, None].expand(-1, h.shape[1]), h[columns], "amax")
    return torch.where(torch.isneginf(largest), 0.0, largest)


def normalise(bundle, line, h):
    """By statistics of the values at hand."""
    tensors, eps, kind, name = bundle["tensors"], 1e-5, line["kind"], line["name"]
    if kind == "layer":
        centred = h - h.mean(1)[:, None]
        out = centred / ((centred**2).mean(1)[:, None] + eps) ** 0.5
    elif kind == "layer-graph":
        centred = h - h.mean()
        out = centred / ((centred**2).mean() ** 0.5 + eps)
    elif kind == "graph-size":
        out = h / h.shape[0] ** 0.5
    else:
        centred = h - h.mean(0) * (tensors[f"{name}.mean_scale"] if kind == "graph" else 1)
        if kind == "mean-subtraction":
            return centred
        square = (centred**2).mean(0)
        out = centred / ((square.sum() if kind.startswith("pair") else square) + eps) ** 0.5
    if kind in ("pair", "pair-width", "graph-size"):
        return out * (h.shape[1] if kind == "pair-width" else 1)
    return out * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def nonlinearity(bundle, line, h):
    """ReLU has an operation of its own."""
    if isinstance(h, np.ndarray):
        from scipy.special import erf

        np_or_torch = np
    else:
        import torch

        np_or_torch, erf = torch, torch.erf
    sigmoid = lambda x: 1 / (1 + np_or_torch.exp(-x))  # noqa: E731
    return {
        "elu": lambda: np_or_torch.where(h > 0, h, np_or_torch.expm1(h * (h <= 0))),
        "leaky-relu": lambda: h * ((h > 0) + 0.01 * (h <= 0)),
        "gelu": lambda: h * (0.5 * (1 + erf(h * 0.5**0.5))),
        "silu": lambda: h * sigmoid(h),
        "tanh": lambda: np_or_torch.tanh(h),
        "sigmoid": lambda: sigmoid(h),
    }[line["function"]]()


def prelu(bundle, line, h):
    return h * (h > 0) + bundle["tensors"][line["slope"]] * h * (h <= 0)


def concatenate(bundle, line, *parts):
    parts = [dense(part) for part in parts]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, 1)
    import torch

    return torch.cat(parts, 1)


def maximum(bundle, line, *parts):
    largest = dense(parts[0])
    for part in parts[1:]:
        part = dense(part)
        largest = largest * (largest >= part) + part * (largest < part)
    return largest


OPERATIONS = {
    "matmul": matmul,
    "bias": lambda bundle, line, h: h + bundle["tensors"][line["bias"]],
    "propagate": lambda bundle, line, h: propagate_step(bundle, line["step"], as_propagated(bundle, h)),
    "attention": attention,
    "mean-heads": lambda bundle, line, h: h.reshape(h.shape[0], line["heads"], -1).mean(1),
    "combine": lambda bundle, line, x, y: factor(bundle, line["a"]) * dense(x) + factor(bundle, line["b"]) * dense(y),
    "scale": lambda bundle, line, h: line["a"] * h,
    "batch-norm": batch_norm,
    "normalise": normalise,
    "relu": lambda bundle, line, h: h * (h > 0),
    "nonlinearity": nonlinearity,
    "prelu": prelu,
    "propagate-max": propagate_max,
    "concatenate": concatenate,
    "maximum": maximum,
}


def dense(h):
    return h.toarray() if sp.issparse(h) else h


def propagate(bundle, h, weights):
    h = as_propagated(bundle, dense(h))
    out = weights[0] * h
    for step, weight in zip(range(len(bundle["edges"])), weights[1:]):
        h = as_propagated(bundle, propagate_step(bundle, step, h))
        out = out + weight * h
    return out


def leaky_relu(x):
    return x * ((x > 0) + 0.2 * (x <= 0))


def softmax(scores, rows, n):
    """Over the entries of every row. [entries, heads]"""
    if isinstance(scores, np.ndarray):
        largest = np.full((n, scores.shape[1]), -np.inf, scores.dtype)
        np.maximum.at(largest, rows, scores)
        values = np.exp(scores - largest[rows])
    else:
        import torch

        index = rows[:, None].expand_as(scores)
        largest = torch.full((n, scores.shape[1]), -torch.inf).scatter_reduce(0, index, scores, "amax")
        values = torch.exp(scores - largest[rows])
    return values / scatter_add(values, rows, n)[rows]


def scatter_add(values, rows, n):
    """Sums the values of every row. [entries, …] to [n, …]"""
    if isinstance(values, np.ndarray):
        out = np.zeros((n, *values.shape[1:]), values.dtype)
        np.add.at(out, rows, values)
        return out
    return values.new_zeros((n, *values.shape[1:])).index_add(0, rows, values)


def to_torch(bundle):
    """The same bundle with torch tensors; sparse matrices become torch.sparse_coo."""
    import torch

    def convert(x):
        if isinstance(x, dict):
            return {name: convert(values) for name, values in x.items()}
        if sp.issparse(x):
            x = x.tocoo()
            places = torch.from_numpy(np.stack([x.row, x.col]).astype(np.int64))
            return torch.sparse_coo_tensor(places, torch.from_numpy(x.data), x.shape).coalesce()
        return torch.from_numpy(np.ascontiguousarray(x))

    dense = {"features": bundle["features"].toarray()} if sp.issparse(bundle["features"]) else {}
    bundle = {**bundle, **dense}
    return {
        **bundle,
        "tensors": {name: convert(value) for name, value in bundle["tensors"].items()},
        "edges": [convert(hop) for hop in bundle["edges"]],
        "features": None if bundle["features"] is None else convert(bundle["features"]),
        "embedding": None if bundle["embedding"] is None else convert(bundle["embedding"]),
    }


def check_certificate(folder):
    """What does not agree in the folder's certificate, as sentences, and the certificate."""
    path = Path(folder) / "certificate.json"
    if not path.exists():
        sys.exit(f"expected certificate.json, found no such file in this bundle: {folder}")
    note = json.loads(path.read_text(encoding="utf-8"))
    if note["format"] != "unifews-certificate/1":
        sys.exit(f"expected unifews-certificate/1, found {note['format']}: {path}")
    tested = [("all calibration nodes", len(note["nodes"]), note["overall"])]
    tested += [(group_title(group), group["n"], group["sequence"]) for group in note["groups"] if group["sequence"]]
    wrong = [line for title, n, sequence in tested for line in recompute(note, title, n, sequence)]
    if note["exported"] is not None:
        wrong += recount(note, read_predictions(Path(folder) / "predictions.csv"))
    return wrong, note


def group_title(group):
    return group["name"] if group["by"] == "class" else f"degree {group['lowest']} to {group['highest']}"


def recompute(note, title, n, sequence):
    """Whether p-values, smallest limits and the last certified model follow from the counts."""
    error, passes = 1 - note["level"], []
    for at, (point, model) in enumerate(zip(sequence["points"], note["path"])):
        where = f"{title}, {model['title']}"
        harmed, helped = point["harmed"], point["helped"]
        interval = discordance_interval(n, harmed + helped, note["beta"])

        def p_value(limit):
            return paired_p_value(n, harmed - helped, interval, limit, note["beta"], note["n_rates"])

        p = p_value(note["limit"])
        passes.append(p <= error)
        if abs(p - point["p_value"]) > 1e-8:
            yield f"{where}: p-value {point['p_value']}, computed {p}"
        smallest = point["smallest_limit"]
        if p_value(smallest + 1e-8) > error or (smallest > 1e-8 and p_value(smallest - 1e-8) <= error):
            yield f"{where}: {smallest} is not the smallest limit of {harmed} harmed and {helped} helped of {n} nodes"
    # In order, each at the full level, until one fails.
    n_passed = (passes + [False]).index(False)
    certified = n_passed - 1 if n_passed else None
    if certified != sequence["certified"]:
        yield f"{title}: last certified model {sequence['certified']}, computed {certified}"


def paired_p_value(n, net, interval, limit, beta, n_rates):
    """Of "the population loses more than limit", where net = harmed - helped nodes are seen (Berger and Boos, 1994).

    The largest tail over the interval of the rate at which exactly one model is right, plus what the interval may miss.
    """
    low, high = interval
    if high <= limit:
        return beta
    rates = np.linspace(min(max(low, limit + 1e-9), high), high, n_rates)
    return min(1.0, beta + max(paired_tail(n, net, limit, rate) for rate in rates))


def paired_tail(n, net, limit, rate):
    """Probability of harmed - helped <= net, where that is n * limit in the mean and harmed + helped is n * rate."""
    harm, help_ = (rate + limit) / (2 * rate), (rate - limit) / (2 * rate)
    if rate >= 1:
        return binomial_cdf((net + n) // 2, n, harm)
    spread = 10 * (n * rate * (1 - rate)) ** 0.5 + 60
    discordant = np.arange(max(0, int(n * rate - spread)), min(n, int(n * rate + spread) + 1) + 1)
    weights = binomial_pmf(discordant, n, rate)
    # P(Bin(m, harm) <= (net + m) // 2) for one m after the other: each follows from the one before.
    start = max(abs(net), int(discordant[0]))
    below = {}
    value, upper = binomial_cdf((net + start) // 2, start, harm), (net + start + 1) // 2
    at_upper = float(binomial_pmf(np.array([upper]), start, harm)[0])
    for m in range(start, int(discordant[-1]) + 1):
        below[m] = value
        if (net + m) % 2 == 0:
            value -= harm * at_upper
            at_upper *= harm * (m + 1) / (upper + 1)
            upper += 1
        else:
            value += help_ * at_upper
            at_upper *= help_ * (m + 1) / (m + 1 - upper)
    # With fewer discordant nodes than the net number, it is out of reach, or certain.
    return float(sum(w * below.get(int(m), float(net > 0)) for m, w in zip(discordant, weights)))


def discordance_interval(n, k, miss):
    """The interval of Clopper and Pearson for a rate of which k of n were seen."""

    def turn(is_above):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if is_above(middle) else (middle, high)
        return low

    low = turn(lambda p: 1 - binomial_cdf(k - 1, n, p) >= miss / 2) if k > 0 else 0.0
    return low, turn(lambda p: binomial_cdf(k, n, p) <= miss / 2) if k < n else 1.0


def binomial_cdf(k, n, p):
    return 1.0 if k >= n else min(1.0, float(binomial_pmf(np.arange(k + 1), n, p).sum()))


def binomial_pmf(k, n, p):
    """Probability of k successes of n. [len(k)]"""
    if p <= 0 or p >= 1:
        return (k == (n if p >= 1 else 0)).astype(float)
    log = log_factorials(n.bit_length())
    return np.exp(log[n] - log[k] - log[n - k] + k * np.log(p) + (n - k) * np.log1p(-p))


@lru_cache
def log_factorials(bits):
    """Of every number that has so many bits at most."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 2**bits)))])


def recount(note, predictions):
    """Whether the counts are those of predictions.csv: of the one model of the path that it has."""
    at, nodes = note["exported"], np.array(note["nodes"], int)
    label, dense, pruned = (predictions[name] for name in ("label", "dense_prediction", "pruned_prediction"))
    harmed, helped = (dense == label) & (pruned != label), (dense != label) & (pruned == label)
    members = [("all calibration nodes", nodes, len(nodes), note["overall"])]
    for group in note["groups"]:
        if group["by"] == "class":
            chosen = nodes[label[nodes] == group["class"]]
        else:
            degrees = np.array(note["degrees"], int)
            chosen = nodes[(degrees >= group["lowest"]) & (degrees <= group["highest"])]
        members.append((group_title(group), chosen, group["n"], group["sequence"]))
    if (label[nodes] < 0).any():
        yield "calibration nodes: some have no label in predictions.csv"
    for title, chosen, n, sequence in members:
        if len(chosen) != n:
            yield f"{title}: {n} nodes, counted {len(chosen)}"
        for name, counted in [("harmed", harmed), ("helped", helped)] if sequence else []:
            said, found = sequence["points"][at][name], int(counted[chosen].sum())
            if said != found:
                yield f"{title}: {said} nodes {name}, counted {found}"
    parts = {part["name"]: np.array(part["nodes"], int) for part in note["parts"]}
    for said in note["path"][at]["changed"]:
        chosen = parts.get(said["nodes"], slice(None))
        found = int((dense != pruned)[chosen].sum())
        if said["n_changed"] != found or said["n"] != len(label[chosen]):
            yield f"{said['nodes']} nodes: {said['n_changed']} of {said['n']} changed, counted {found} of {len(label[chosen])}"


def read_predictions(path):
    """The classes of every node; -1 without a label."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ("label", "dense_prediction", "pruned_prediction")
    return {name: np.array([int(row[name] or -1) for row in rows], int) for name in names}


def report_certificate(folder):
    """Says whether the certificate holds; the exit code."""
    wrong, note = check_certificate(folder)
    for line in wrong:
        print(line)
    if wrong:
        print(f"the certificate does not hold: {len(wrong)} numbers differ")
        return 1
    exported, certified = note["exported"], note["overall"]["certified"]
    print(f"{len(note['path'])} models on {len(note['nodes'])} nodes: {note['covers'][0]}")
    if exported is None:
        print("not counted again: the certificate does not say which of its models this bundle holds")
    elif certified is None or exported > certified:
        print(f"every number is right, but this model is not certified: {note['path'][exported]['title']}")
        return 1
    print("the certificate holds")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=Path(__file__).parent, help="default: where this script lies")
    parser.add_argument("--torch", action="store_true", help="compute with torch")
    parser.add_argument("--sparse", action="store_true", help="weights of model_sparse.safetensors")
    parser.add_argument("--low", action="store_true", help="the model in low precision, against logits_low.npy")
    parser.add_argument("--features", metavar="FILE", help="node features, for a bundle without: .npy, or .npz of SciPy")
    parser.add_argument("--nodes", metavar="LIST|FILE", help="score these nodes alone: ids with commas between, or a file of them")
    parser.add_argument("--arrivals", metavar="FEATURES", help="score nodes that arrive: .npy, .npz of SciPy, or a table, perhaps with ids in front")
    parser.add_argument("--edges", metavar="EDGES", help="the edges that they bring: a table of sources and targets, by id")
    parser.add_argument("--certificate", action="store_true", help="compute certificate.json again instead")
    options = parser.parse_args()
    if options.certificate:
        return report_certificate(options.folder)
    if options.low and options.sparse:
        parser.error("--low says by itself which weights it takes: expected it without --sparse")
    bundle = load(options.folder, sparse=True if options.sparse else None, features=options.features, low=options.low)
    if options.arrivals or options.edges:
        if options.nodes or options.torch or not (options.arrivals and options.edges):
            parser.error("--arrivals and --edges go together, and without --nodes and --torch")
        features, ids, edges, weights = read_arrivals(options.folder, bundle, options.arrivals, options.edges)
        print_answers(ids, arrive(bundle, features, edges, weights))
        return 0
    rows = slice(None)
    if options.nodes:
        ids = read_ids(options.nodes)
        bundle, rows = part_of(bundle, node_numbers(options.folder, ids))
    logits = forward(to_torch(bundle)).numpy() if options.torch else forward(bundle)
    logits, expected = np.asarray(logits)[rows], bundle["logits"][rows]
    if options.nodes:
        print_answers(ids, logits)
    largest = float(np.abs(expected).max(initial=0.0))
    difference = float(np.abs(logits - expected).max(initial=0.0)) / (largest or 1.0)
    same = float((logits.argmax(axis=1) == expected.argmax(axis=1)).mean())
    print(f"largest difference {difference:.2e} of the largest logit, same class for {same:.2%} of the nodes", file=sys.stderr if options.nodes else sys.stdout)
    allowed = HALVED_TOLERANCE if bundle["halves"] else TOLERANCE
    return 0 if difference <= allowed + rounding(options) / (largest or 1.0) else 1


def read_ids(nodes):
    if Path(nodes).is_file():
        lines = (line.strip() for line in Path(nodes).read_text(encoding="utf-8-sig").splitlines())
        return [line for line in lines if line and not line.startswith("#")]
    return [part.strip() for part in nodes.split(",") if part.strip()]


def print_answers(ids, logits):
    print("node,class,margin")
    for node, row in zip(ids, logits):
        print(f"{node},{row.argmax()},{margin(row):.4f}")


def known_ids(folder):
    """The number of every node by its id."""
    with open(Path(folder) / "predictions.csv", newline="", encoding="utf-8") as file:
        return {row["node"]: at for at, row in enumerate(csv.DictReader(file))}


def node_numbers(folder, ids):
    """Of ids as predictions.csv spells them."""
    numbers = known_ids(folder)
    unknown = [node for node in ids if node not in numbers]
    if unknown or not ids:
        sys.exit(f"expected ids of column node of predictions.csv, found {unknown[0] if unknown else 'none'}")
    return [numbers[node] for node in ids]


def margin(row):
    """Largest logit minus second largest."""
    return np.diff(np.sort(row)[-2:])[0] if len(row) > 1 else np.inf


def rounding(options):
    """By how much the sparse weights move a logit at most, by metrics.json."""
    folder = Path(options.folder)
    if options.low or not options.sparse and (folder / "model.safetensors").exists():
        return 0.0
    size = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["size"]
    return (size.get("rounding") or {}).get("largest_difference") or 0.0


if __name__ == "__main__":
    sys.exit(main())
