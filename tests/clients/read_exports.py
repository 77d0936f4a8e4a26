"""Reads what `unifews export` wrote with the programs it is written for, and compares with the bundle.

    python read_exports.py BUNDLE EXPORTS [BUNDLE EXPORTS ...]

Needs numpy, scipy and safetensors; with onnxruntime the network is run, with pyarrow the Parquet tables are read. Prints one
line per file with the largest difference; ends with 1 when one is more than rounding.
"""

import csv
import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse
from safetensors.numpy import load_file

try:
    import onnxruntime
except ImportError:
    onnxruntime = None
try:
    import pyarrow.parquet as parquet
except ImportError:
    parquet = None

# Largest difference between logits, as a share of the largest, that is still rounding.
ROUNDING = 1e-5
failed = []


def note(path, what, difference, limit=0.0):
    print(f"{path}: {what}, largest difference {difference:.1e}")
    if not difference <= limit:
        failed.append(str(path))


def difference(a, b):
    assert a.shape == b.shape, f"shape {a.shape}, expected {b.shape}"
    return float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)), initial=0.0))


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_graphs(bundle, exports):
    nodes = [row["node"] for row in read_csv(exports / "nodes.csv")]
    rows = {node: row for row, node in enumerate(nodes)}
    for layer in sorted((bundle / "edges").iterdir()):
        expected = scipy.sparse.load_npz(layer).tocsr()
        name = layer.stem
        for path, read in [
            (exports / "graphs-npz" / f"{name}.npz", scipy.sparse.load_npz),
            (exports / "graphs-mtx" / f"{name}.mtx", lambda path: scipy.io.mmread(path).tocsr()),
        ]:
            found = read(path).astype(np.float32)
            assert (found != expected).nnz == 0, f"{path}: other entries"
            note(path, f"{found.nnz} entries", difference(found.sorted_indices().data, expected.sorted_indices().data))
        edges = read_csv(exports / "graphs-csv" / f"{name}.csv")
        weights = np.array([edge["weight"] for edge in edges], dtype=np.float32)
        at = ([rows[edge["target"]] for edge in edges], [rows[edge["source"]] for edge in edges])
        found = scipy.sparse.coo_matrix((weights, at), shape=expected.shape).tocsr()
        path = exports / "graphs-csv" / f"{name}.csv"
        note(path, f"{found.nnz} edges", difference(found.toarray(), expected.toarray()))


def check_weights(bundle, exports):
    ours = load_file(bundle / "model.safetensors")
    found = load_file(exports / "model-pyg.safetensors")
    renamed = {name.replace(".lin1.weight", ".weight1"): tensor for name, tensor in ours.items()}
    assert found.keys() == renamed.keys(), f"{found.keys()} and {renamed.keys()}"
    largest = max(difference(found[name], renamed[name]) for name in found)
    note(exports / "model-pyg.safetensors", f"{len(found)} tensors", largest)
    if (exports / "model-dgl.safetensors").exists():
        note(exports / "model-dgl.safetensors", f"{len(load_file(exports / 'model-dgl.safetensors'))} tensors", 0.0)


def check_network(bundle, exports):
    if onnxruntime is None or not (exports / "model.onnx").exists():
        return
    expected = np.load(bundle / "logits.npy")
    session = onnxruntime.InferenceSession(exports / "model.onnx", providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    if given.name == "embedding":
        x = np.load(exports / "embedding.npy")
    elif (bundle / "features.npz").exists():
        x = scipy.sparse.load_npz(bundle / "features.npz").toarray()
    else:
        x = np.load(bundle / "features.npy")
    (logits,) = session.run(None, {given.name: x.astype(np.float32)})
    scale = max(1.0, float(np.abs(expected).max()))
    note(exports / "model.onnx", f"{logits.size} logits", difference(logits, expected), ROUNDING * scale)


def check_tables(bundle, exports):
    expected = read_csv(bundle / "predictions.csv")
    assert read_csv(exports / "predictions.csv") == expected

    def text(value):
        return "" if value is None else str(value)

    # Margins are numbers: their text differs from program to program.
    def same(rows):
        assert len(rows) == len(expected)
        for row, known in zip(rows, expected):
            for key in ("node", "label", "dense_prediction", "pruned_prediction"):
                assert text(row[key]) == known[key], f"{row} and {known}"
        numbers = [np.array([np.float32(row["margin"] or "nan") for row in table]) for table in (rows, expected)]
        return difference(np.nan_to_num(numbers[0]), np.nan_to_num(numbers[1]))

    rows = json.loads((exports / "predictions.json").read_text(encoding="utf-8"))
    note(exports / "predictions.json", f"{len(rows)} rows", same(rows))
    if parquet is not None:
        rows = parquet.read_table(exports / "predictions.parquet").to_pylist()
        note(exports / "predictions.parquet", f"{len(rows)} rows", same(rows))
        n = parquet.read_table(exports / "metrics.parquet").num_rows
        assert n == len(read_csv(exports / "metrics.csv"))
    assert json.loads((exports / "metrics.json").read_text()) == json.loads((bundle / "metrics.json").read_text())


def check_recipe(bundle, exports):
    expected = tomllib.loads((bundle / "recipe.toml").read_text(encoding="utf-8"))
    assert tomllib.loads((exports / "recipe.toml").read_text(encoding="utf-8")) == expected
    found = json.loads((exports / "recipe.json").read_text(encoding="utf-8"))
    assert found["edges"] == expected["edges"] and found["weights"] == expected["weights"]
    note(exports / "recipe.json", "recipe", 0.0)


for bundle, exports in zip(sys.argv[1::2], sys.argv[2::2]):
    bundle, exports = Path(bundle), Path(exports)
    check_weights(bundle, exports)
    if (exports / "nodes.csv").exists():
        check_graphs(bundle, exports)
    check_network(bundle, exports)
    check_tables(bundle, exports)
    check_recipe(bundle, exports)
skipped = [name for name, module in (("onnxruntime", onnxruntime), ("pyarrow", parquet)) if module is None]
if skipped:
    print("not checked, because it is not installed: " + ", ".join(skipped))
if failed:
    sys.exit("differs: " + ", ".join(failed))
