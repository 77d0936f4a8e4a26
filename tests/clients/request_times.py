"""Requests for a few nodes, ours and other programs', side by side in one run, as a Markdown table.

    python request_times.py UNIFEWS_BINARY MAKE_GRAPH_PY [THREADS] [REQUESTS]

Makes the arxiv-sized graph with MAKE_GRAPH_PY (a script `NAME NODES ENTRIES FEATURES`) in a temporary folder, runs `unifews bench` on it, and then scores
as many random nodes with a GCN of the same shape, weights and batch normalisation at hand, in: PyTorch's CSR product over the part of the matrix that SciPy
cuts out, PyTorch Geometric's NeighborLoader with all neighbours and with fan-outs, and DGL's samplers where DGL is there. Finding the field and gathering
its features count, as in ours. Needs numpy, scipy, torch, torch_geometric with torch_sparse. Medians; nothing else should run meanwhile.
"""

import json
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch_geometric.data import Data
from torch_geometric.loader import NeighborLoader
from torch_geometric.nn import GCNConv

from speed import normalised

HIDDEN, SIZES, FAN_OUTS, MAX_SECS = 256, (1, 64, 1024), ([15, 10], [10, 5]), 12


def timed(requests, answer):
    """Median and 99th percentile of what the requests took, in seconds; the first one warms up."""
    answer(requests[0])
    times, began = [], time.perf_counter()
    for request in requests[1:]:
        start = time.perf_counter()
        answer(request)
        times.append(time.perf_counter() - start)
        if time.perf_counter() - began > MAX_SECS:
            break
    return {"secs": float(np.median(times)), "slowest_secs": float(np.quantile(times, 0.99)), "n_requests": len(times)}


def peers(folder, threads, n_requests):
    torch.set_num_threads(threads)
    matrix = normalised(sp.load_npz(folder / "adj.npz"))
    features = np.load(folder / "feats.npy").astype(np.float32)
    x, n = torch.from_numpy(features), matrix.shape[0]
    n_classes = int(np.load(folder / "labels.npz")["labels"].max()) + 1
    w1, w2 = torch.randn(x.shape[1], HIDDEN), torch.randn(HIDDEN, n_classes)
    norm = torch.nn.BatchNorm1d(HIDDEN).eval()
    rng = np.random.default_rng(41)
    requests = {size: [np.sort(rng.choice(n, size, replace=False)) for _ in range(n_requests + 1)] for size in SIZES}

    def part(rows):
        """The rows of the matrix over the columns that they have, and those columns."""
        cut = matrix[rows]
        columns = np.unique(cut.indices)
        place = np.empty(n, dtype=np.int64)
        place[columns] = np.arange(len(columns))
        csr = torch.sparse_csr_tensor(torch.from_numpy(cut.indptr.astype(np.int64)), torch.from_numpy(place[cut.indices]), torch.from_numpy(cut.data), (len(rows), len(columns)))
        return csr, columns

    def cut_out(request):
        second, hidden = part(request)
        first, read = part(hidden)
        return second @ (F.relu(norm(first @ (x[torch.from_numpy(read).long()] @ w1))) @ w2)

    rows = np.repeat(np.arange(n), np.diff(matrix.indptr))
    edges = torch.from_numpy(np.stack([matrix.indices.astype(np.int64), rows]))
    data = Data(x=x, edge_index=edges, edge_attr=torch.from_numpy(matrix.data))
    convs = [GCNConv(x.shape[1], HIDDEN, normalize=False), GCNConv(HIDDEN, n_classes, normalize=False)]

    def pyg(neighbours, size):
        nodes = torch.from_numpy(np.concatenate(requests[size]))
        batches = iter(NeighborLoader(data, num_neighbors=neighbours, input_nodes=nodes, batch_size=size, shuffle=False))

        def answer(_):
            batch = next(batches)
            hidden = F.relu(norm(convs[0](batch.x, batch.edge_index, batch.edge_attr)))
            return convs[1](hidden, batch.edge_index, batch.edge_attr)[:size]

        return answer

    ways = {"torch CSR, field cut out by SciPy": lambda size: cut_out, "PyG NeighborLoader, all neighbours": lambda size: pyg([-1, -1], size)}
    for fan_outs in FAN_OUTS:
        ways[f"PyG NeighborLoader, {fan_outs[0]} and {fan_outs[1]} neighbours"] = lambda size, fan_outs=fan_outs: pyg(fan_outs, size)
    ways.update(dgl_ways(matrix, rows, x, norm, n_classes))
    with torch.no_grad():
        return {name: {size: timed(requests[size], way(size)) for size in SIZES} for name, way in ways.items()}


def dgl_ways(matrix, rows, x, norm, n_classes):
    try:
        import dgl
    except ImportError as why:
        print(f"without DGL: {why}", file=sys.stderr)
        return {}
    graph = dgl.graph((torch.from_numpy(matrix.indices.astype(np.int64)), torch.from_numpy(rows.astype(np.int64))), num_nodes=matrix.shape[0])
    graph.edata["w"] = torch.from_numpy(matrix.data)
    graph.create_formats_()
    convs = [dgl.nn.GraphConv(a, b, norm="none", allow_zero_in_degree=True) for a, b in ((x.shape[1], HIDDEN), (HIDDEN, n_classes))]

    def way(sampler):
        def answer(request):
            read, _, blocks = sampler.sample_blocks(graph, torch.from_numpy(request.astype(np.int64)))
            hidden = F.relu(norm(convs[0](blocks[0], x[read], edge_weight=blocks[0].edata["w"])))
            return convs[1](blocks[1], hidden, edge_weight=blocks[1].edata["w"])

        return lambda size: answer

    found = {f"DGL {dgl.__version__}, all neighbours": way(dgl.dataloading.MultiLayerFullNeighborSampler(2))}
    for fan_outs in FAN_OUTS:
        found[f"DGL {dgl.__version__}, {fan_outs[0]} and {fan_outs[1]} neighbours"] = way(dgl.dataloading.NeighborSampler(fan_outs[::-1]))
    return found


def main(binary, make_graph, threads=2, n_requests=100):
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([sys.executable, str(pathlib.Path(make_graph).resolve()), "arxivlike", "169343", "2315598", "128"], cwd=place, check=True, stdout=sys.stderr)
        folder = pathlib.Path(place) / "arxivlike"
        bench = [binary, "bench", str(folder), "--json", "--quiet", "--threads", str(threads), "--repeats", "3"]
        ours = json.loads(subprocess.run(bench, check=True, capture_output=True, text=True).stdout)
        theirs = peers(folder, threads, n_requests)
    print(json.dumps({"ours": ours, "theirs": theirs}), file=sys.stderr)
    machine = ours["machine"]
    print(f"{machine['processor']}, {machine['system']}, {threads} threads; torch {torch.__version__}, Python {platform.python_version()}.\n")
    print("| median (99th percentile), ms | " + " | ".join(f"{size:,} nodes" for size in SIZES) + " |\n| --- |" + " ---: |" * len(SIZES))
    cell = lambda secs, slowest: f"{1e3 * secs:,.2f} ({1e3 * slowest:,.2f})"
    requests = {found["n_asked"]: found for found in ours["forward"]["requests"]}
    for way, name in enumerate(["ours, unpruned", "ours, 90 % of entries and weights removed"]):
        print(f"| **{name}** | " + " | ".join(cell(requests[size]["secs"][way], requests[size]["slowest_secs"][way]) for size in SIZES) + " |")
    for name, found in theirs.items():
        print(f"| {name} | " + " | ".join(cell(found[size]["secs"], found[size]["slowest_secs"]) for size in SIZES) + " |")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(a) for a in sys.argv[3:]))
