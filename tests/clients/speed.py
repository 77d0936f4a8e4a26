"""Our figures and other programs', side by side in one run, as a Markdown table.

    python speed.py UNIFEWS_BINARY MAKE_GRAPH_PY [THREADS] [REPEATS]

Makes the arxiv-sized graph with MAKE_GRAPH_PY (a script `NAME NODES ENTRIES FEATURES`) in a temporary folder, runs `unifews bench` on it and then the
same work in scipy.sparse (one thread), PyTorch's CSR product with indices of 64 and of 32 bits, PyTorch Geometric, and SuiteSparse:GraphBLAS and DGL where
they are there. Needs numpy, scipy, torch, torch_geometric. Medians; nothing else should run meanwhile.
"""

import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F
from torch_geometric.nn import GCNConv

HOPS, HIDDEN = 20, 256


def median_of(repeats, work):
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def normalised(adjacency):
    """D^-1/2 (A + I) D^-1/2 in float32, as ours has it."""
    with_loops = (adjacency + sp.identity(adjacency.shape[0], dtype=np.float32)).tocsr().astype(np.float32)
    d = 1.0 / np.sqrt(np.asarray(with_loops.sum(axis=1)).ravel())
    return (sp.diags(d) @ with_loops @ sp.diags(d)).tocsr().astype(np.float32)


def graphblas(matrix, features, threads):
    """SuiteSparse:GraphBLAS by its Python binding: the name, the product, and what it begins with."""
    try:
        import graphblas as gb
    except ImportError as why:
        print(f"without GraphBLAS: {why}", file=sys.stderr)
        return "hops_graphblas", None, None
    gb.ss.config["nthreads"] = threads
    a = gb.io.from_scipy_sparse(matrix)
    return "hops_graphblas", lambda v: a.mxm(v, gb.semiring.plus_times).new(), gb.Matrix.from_dense(features)


def dgl_product(matrix, x):
    """DGL's product over a graph's edges."""
    try:
        import dgl
    except ImportError as why:
        print(f"without DGL: {why}", file=sys.stderr)
        return "hops_dgl", None, None
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    graph = dgl.graph((torch.from_numpy(matrix.indices.astype(np.int64)), torch.from_numpy(rows)), num_nodes=matrix.shape[0]).formats(["csc"])
    values = torch.from_numpy(sp.csr_matrix(matrix).data)
    return "hops_dgl", lambda v: dgl.ops.u_mul_e_sum(graph, v, values), x


def peers(folder, threads, repeats):
    torch.set_num_threads(threads)
    adjacency = sp.load_npz(folder / "adj.npz")
    matrix = normalised(adjacency)
    features = np.load(folder / "feats.npy").astype(np.float32)
    x = torch.from_numpy(features)
    csr = torch.sparse_csr_tensor(
        torch.from_numpy(matrix.indptr.astype(np.int64)),
        torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data),
        matrix.shape,
    )
    found = {}

    def hops(product, value):
        for _ in range(HOPS):
            value = product(value)
        return value

    with torch.no_grad():
        few = max(1, repeats // 2)
        found["hops_scipy"] = median_of(few, lambda: hops(lambda v: matrix @ v, features))
        found["hops_torch"] = median_of(few, lambda: hops(lambda v: csr @ v, x))
        short = torch.sparse_csr_tensor(torch.from_numpy(matrix.indptr.astype(np.int32)), torch.from_numpy(matrix.indices.astype(np.int32)), torch.from_numpy(matrix.data), matrix.shape)
        found["hops_torch_32"] = median_of(few, lambda: hops(lambda v: short @ v, x))
        for name, product, value in (graphblas(matrix, features, threads), dgl_product(matrix, x)):
            if product is not None:
                found[name] = median_of(few, lambda: hops(product, value))

    n_classes = int(np.load(folder / "labels.npz")["labels"].max()) + 1
    labels = torch.from_numpy(np.load(folder / "labels.npz")["labels"]).long()
    edges = torch.from_numpy(np.stack([np.repeat(np.arange(len(adjacency.indptr) - 1), np.diff(adjacency.indptr)), adjacency.indices])).long()
    w1, w2 = torch.randn(x.shape[1], HIDDEN), torch.randn(HIDDEN, n_classes)
    convs = [GCNConv(x.shape[1], HIDDEN, cached=True), GCNConv(HIDDEN, n_classes, cached=True)]
    norm = torch.nn.BatchNorm1d(HIDDEN)
    parameters = [p for part in (*convs, norm) for p in part.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-2)

    def pyg(training):
        norm.train(training)
        return convs[1](F.dropout(F.relu(norm(convs[0](x, edges))), 0.5, training), edges)

    def step():
        optimiser.zero_grad()
        F.cross_entropy(pyg(True), labels).backward()
        optimiser.step()

    with torch.no_grad():
        norm.eval()
        found["forward_torch"] = median_of(repeats, lambda: csr @ (F.relu(norm(csr @ (x @ w1))) @ w2))
        found["forward_pyg"] = median_of(few, lambda: pyg(False))
    found["step_pyg"] = median_of(few, step)
    return found


def main(binary, make_graph, threads=2, repeats=5):
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([sys.executable, str(pathlib.Path(make_graph).resolve()), "arxivlike", "169343", "2315598", "128"], cwd=place, check=True, stdout=sys.stderr)
        folder = pathlib.Path(place) / "arxivlike"
        bench = [binary, "bench", str(folder), "--json", "--quiet", "--threads", str(threads), "--repeats", str(repeats)]
        ours = json.loads(subprocess.run(bench, check=True, capture_output=True, text=True).stdout)
        theirs = peers(folder, threads, repeats)
    print(json.dumps({"ours": ours, "theirs": theirs}), file=sys.stderr)
    machine, triad, hop, forward = ours["machine"], ours["triad"], ours["hop"], ours["forward"]
    print(f"{machine['processor']}, {machine['system']}, {threads} threads, medians of {repeats}; torch {torch.__version__}, Python {platform.python_version()}.")
    print(f"Triad {triad['bytes_per_sec_one_thread'] / 1e9:.1f} GB/s on one thread, {triad['bytes_per_sec'] / 1e9:.1f} GB/s on all. ", end="")
    print(f"One hop {1e3 * hop['secs']:.1f} ms, {hop['traffic_bytes'] / hop['secs'] / 1e9:.1f} GB/s without reuse ({100 * hop['share_of_triad']:.0f} % of the triad), {hop['scaling']:.2f} times one thread.\n")
    print("| what | ours | scipy (1 thread) | torch CSR | the same, 32-bit indices | GraphBLAS | DGL | PyTorch Geometric |\n| --- |" + " ---: |" * 7)
    ms = lambda secs: f"{1e3 * secs:,.0f} ms"
    other = lambda name: ms(theirs[name]) if name in theirs else ""
    plain = ours["propagation"][0]
    print(f"| {HOPS} hops, width 128, unpruned | {ms(plain['secs'])} | {ms(theirs['hops_scipy'])} | {ms(theirs['hops_torch'])} | {ms(theirs['hops_torch_32'])} | {other('hops_graphblas')} | {other('hops_dgl')} | |")
    for row in ours["propagation"][1:]:
        print(f"| {HOPS} hops, {row['title']} | {ms(row['secs'])}; from the second on {row['later_speedup']:.2f} times | | | | | | |")
    print(f"| {forward['title']}, forward | {ms(forward['unpruned_secs'])} | | {ms(theirs['forward_torch'])} | | | | {ms(theirs['forward_pyg'])} |")
    print(f"| the same, 90 % of entries and weights removed | {ms(forward['pruned_secs'])} ({forward['speedup']:.2f} times) | | | | | | |")
    both = theirs["step_pyg"] + theirs["forward_pyg"]
    print(f"| one epoch: a training step and an evaluation | {ms(forward['epoch_secs'])} | | | | | | {ms(both)} (step {ms(theirs['step_pyg'])}) |")
    print("\n| product, rows x inputs x outputs | input | all weights | GFLOP/s | 50 % gone | 70 % | 90 % | faster from |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for w in ours["weights"]:
        density = "dense" if w["input_density"] >= 1 else f"{100 * w['input_density']:.0f} % stored"
        sparse = " | ".join(f"{1e3 * secs:.1f} ms" for _, secs in w["sparse_secs"])
        pays = f"{100 * max(0, w['pays_from']):.0f} %" if w["pays_from"] < 1 else "never"
        print(f"| {w['n_rows']} x {w['d_in']} x {w['d_out']} | {density} | {1e3 * w['dense_secs']:.1f} ms | {w['dense_flops'] / 1e9:.0f} | {sparse} | {pays} |")
    print(f"\nCost lines: {json.dumps(ours['cost'])}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(a) for a in sys.argv[3:]))
