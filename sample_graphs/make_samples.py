"""Makes cora.npz, citeseer.npz and karate.npz, the graphs that ship with the program.

Usage, from this folder:

    git clone https://github.com/kimiyoung/planetoid        # commit af6abf46; only its folder data is used
    pip install numpy scipy scikit-learn
    python make_samples.py planetoid/data

The folder given must hold ind.cora.* and ind.citeseer.*; nothing is downloaded here. The format, unifews-graph/1, is
described in src/io/graph/compact.rs. The same input gives the same bytes (with the same zlib).
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import train_test_split

# In the order of the columns of the one-hot labels; told apart by the number of papers in each class.
CORA_CLASSES = [
    "Theory",
    "Reinforcement learning",
    "Genetic algorithms",
    "Neural networks",
    "Probabilistic methods",
    "Case based",
    "Rule learning",
]
CITESEER_CLASSES = [
    "Artificial intelligence",
    "Machine learning",
    "Information retrieval",
    "Databases",
    "Agents",
    "Human-computer interaction",
]

# W. W. Zachary, "An information flow model for conflict and fission in small groups",
# Journal of Anthropological Research 33 (1977): who met outside the club; members from 1.
KARATE_EDGES = """
2-1 3-1 3-2 4-1 4-2 4-3 5-1 6-1 7-1 7-5 7-6 8-1 8-2 8-3 8-4 9-1 9-3 10-3 11-1 11-5 11-6 12-1 13-1 13-4 14-1 14-2 14-3
14-4 17-6 17-7 18-1 18-2 20-1 20-2 22-1 22-2 26-24 26-25 28-3 28-24 28-25 29-3 30-24 30-27 31-2 31-9 32-1 32-25 32-26
32-29 33-3 33-9 33-15 33-16 33-19 33-21 33-23 33-24 33-30 33-31 33-32 34-9 34-10 34-14 34-15 34-16 34-19 34-20 34-21
34-23 34-24 34-27 34-28 34-29 34-30 34-31 34-32 34-33
"""
# Who stayed with the instructor when the club split; the others went with the officers.
KARATE_INSTRUCTOR = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 17, 18, 20, 22]


class PlainUnpickler(pickle.Unpickler):
    """Builds arrays, sparse matrices and dictionaries, and nothing else."""

    ALLOWED = {
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("scipy.sparse.csr", "csr_matrix"),
        ("collections", "defaultdict"),
        ("__builtin__", "list"),
        ("builtins", "list"),
        ("_codecs", "encode"),
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        if module.startswith("scipy.sparse"):
            return sp.csr_matrix
        return super().find_class(module, name)


def planetoid(folder, name):
    """Symmetric adjacency, features and one-hot labels, nodes in Planetoid's order."""

    def load(part):
        with open(folder / f"ind.{name}.{part}", "rb") as file:
            return PlainUnpickler(file, encoding="latin1").load()

    allx, tx, ally, ty, graph = (load(part) for part in ("allx", "tx", "ally", "ty", "graph"))
    order = np.loadtxt(folder / f"ind.{name}.test.index", dtype=np.int64)
    first, n = order.min(), order.max() + 1
    # CiteSeer's test numbers have gaps: papers without links, which get empty rows.
    x = sp.lil_matrix((n, allx.shape[1]), dtype=np.float32)
    y = np.zeros((n, ally.shape[1]), dtype=np.int64)
    x[: allx.shape[0]] = allx
    y[: ally.shape[0]] = ally
    assert allx.shape[0] == first
    x[order] = tx
    y[order] = ty
    pairs = np.array([(u, v) for u, row in graph.items() for v in row if u != v])
    adjacency = sp.coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n)).tocsr()
    adjacency = ((adjacency + adjacency.T) > 0).astype(np.int8)
    return adjacency, x.tocsr(), y


def smallest(values):
    """The same whole numbers in the narrowest type."""
    values = np.asarray(values)
    for kind in (np.uint8, np.int8, np.uint16, np.uint32):
        if values.size == 0 or (values.min() >= np.iinfo(kind).min and values.max() <= np.iinfo(kind).max):
            return values.astype(kind)
    raise ValueError("a number does not fit into 32 bits")


def with_self_loops(adjacency):
    full = (adjacency + sp.identity(adjacency.shape[0], dtype=np.int8, format="csr")).tocsr()
    full.sort_indices()
    return full


def stratified(labels, seed):
    """50 % train, 25 % validation, 25 % test, as the method's authors split these graphs."""
    n = len(labels)
    nodes = np.arange(n)
    train, rest = train_test_split(nodes, train_size=int(0.5 * n), random_state=seed, stratify=labels)
    val, test = train_test_split(rest, train_size=int(0.25 * n), random_state=seed, stratify=labels[rest])
    return np.sort(train), np.sort(val), np.sort(test)


def write(file, name, adjacency, features, labels, class_names, splits):
    full = with_self_loops(adjacency)
    arrays = {
        "format": np.array("unifews-graph/1"),
        "name": np.array(name),
        "adj_indptr": smallest(full.indptr),
        "adj_indices": smallest(full.indices),
        "labels": smallest(labels),
        "class_names": np.array(class_names),
        "split_names": np.array(list(splits)),
    }
    if features is not None:
        features.sort_indices()
        assert (features.data == 1).all()
        arrays |= {
            "feat_indptr": smallest(features.indptr),
            "feat_indices": smallest(features.indices),
            "feat_width": np.array(features.shape[1]),
        }
    for i, parts in enumerate(splits.values()):
        arrays |= {f"split_{i}_{part}": smallest(nodes) for part, nodes in zip(("train", "val", "test"), parts)}
    np.savez_compressed(file, **arrays)
    print(f"{file}: {full.shape[0]} nodes, {full.nnz} entries, {Path(file).stat().st_size} bytes")


def main(folder):
    adjacency, features, onehot = planetoid(folder, "cora")
    _, component = connected_components(adjacency, directed=False)
    largest = np.flatnonzero(component == np.bincount(component).argmax())
    labels = onehot.argmax(axis=1)[largest]
    adjacency, features = adjacency[largest][:, largest], features[largest]
    write("cora.npz", "Cora", adjacency, features, labels, CORA_CLASSES, {"seed42": stratified(labels, 42)})

    adjacency, features, onehot = planetoid(folder, "citeseer")
    # 15 papers without links have no label; as elsewhere they count as class 0.
    labels = onehot.argmax(axis=1)
    write("citeseer.npz", "CiteSeer", adjacency, features, labels, CITESEER_CLASSES, {"seed42": stratified(labels, 42)})

    pairs = np.array([[int(member) - 1 for member in pair.split("-")] for pair in KARATE_EDGES.split()])
    ones = np.ones(len(pairs), np.int8)
    adjacency = sp.coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(34, 34)).tocsr()
    labels = np.ones(34, np.int64)
    labels[np.array(KARATE_INSTRUCTOR) - 1] = 0
    write("karate.npz", "Karate club", adjacency + adjacency.T, None, labels, ["Instructor", "Officers"],
          {"seed42": stratified(labels, 42)})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
