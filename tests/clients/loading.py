"""Loading the same graph with `unifews` and with what people use in Python: time and peak memory.

    python loading.py UNIFEWS FOLDER [EDGES] [REPEATS] [FORMAT ...]

UNIFEWS is the program, FOLDER where the files are made once (seeded, heavy-tailed, a tenth as many nodes as edges). FORMATs are edge_list,
matrix_market, npz, pt; all without any. Needs numpy, scipy, networkx, torch, torch_geometric.

Every load is a process of its own, the programs in turn; medians, without a first round. Ours is the whole process of `unifews inspect`, from its start to the
statistics that it prints; a library's time is that of the call alone, without its import. Peak memory is the process's, and in
brackets what of it is above the peak of the same process without the call. Every round of every program is kept in FOLDER/loading.jsonl.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

CLIENT = """
import sys, time, resource
{imports}
path = {path!r}
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
began = time.perf_counter()
{call}
print(time.perf_counter() - began, peak(), peak() - before)
"""

CLIENTS = {
    "edge_list": [
        ("PyG `read_txt_array`", "import torch\nfrom torch_geometric.io import read_txt_array",
         "m = read_txt_array(path, sep='\\t', dtype=torch.long).t().contiguous()", 10),
        ("networkx `read_edgelist`", "import networkx", "m = networkx.read_edgelist(path, nodetype=int)", 10),
    ],
    "matrix_market": [("scipy `mmread`", "import scipy.io", "m = scipy.io.mmread(path).tocsr()", 1)],
    "npz": [("scipy `load_npz`", "import scipy.sparse", "m = scipy.sparse.load_npz(path)", 1)],
    "pt": [("`torch.load`", "import torch, torch_geometric.data", "m = torch.load(path, weights_only=False)", 1)],
}

BOTH_WAYS = ["--direction", "symmetrised", "--self-loops", "added"]
AS_STORED = ["--direction", "as-stored", "--self-loops", "as-stored"]


def make(folder, n_edges):
    """The files, unless they are there."""
    import scipy.sparse as sp

    n = n_edges // 10
    files = {name: folder / f"{n_edges}.{end}" for name, end in
             (("edge_list", "txt"), ("matrix_market", "mtx"), ("npz", "npz"), ("pt", "pt"))}
    if all(path.exists() for path in files.values()):
        return files
    rng = np.random.default_rng(1)
    number = rng.permutation(n)
    a, b = (number[(n * rng.random(n_edges) ** 1.5).astype(np.int64)] for _ in range(2))
    a[0], b[0] = n - 1, 0
    for name, shift, head in (("edge_list", 0, ""), ("matrix_market", 1, f"%%MatrixMarket matrix coordinate pattern general\n{n} {n} {n_edges}\n")):
        with open(files[name], "w") as f:
            f.write(head)
            for at in range(0, n_edges, 1 << 20):
                pairs = zip((a[at:at + (1 << 20)] + shift).tolist(), (b[at:at + (1 << 20)] + shift).tolist())
                f.write("".join(f"{u}\t{v}\n" for u, v in pairs))
    matrix = sp.coo_array((np.ones(n_edges, np.int8), (a, b)), shape=(n, n)).tocsr()
    matrix.data[:] = 1  # the few edges that stand there twice are no weights
    sp.save_npz(files["npz"], matrix, compressed=False)
    import torch
    from torch_geometric.data import Data

    torch.save(Data(edge_index=torch.tensor(np.stack([a, b])), num_nodes=n), files["pt"])
    return files


def ours(program, path, options):
    began = time.perf_counter()
    child = subprocess.Popen([program, "inspect", str(path), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, (path, status)
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def theirs(imports, call, path):
    code = CLIENT.format(imports=imports, call=call, path=str(path))
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True).stdout
    return tuple(float(word) for word in out.split())


def middle(runs):
    return [statistics.median(values) for values in zip(*runs[1:])]


def main(program, folder, n_edges=10_000_000, repeats=3, *formats):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    n_edges, repeats = int(n_edges), int(repeats)
    rounds = open(folder / "loading.jsonl", "w")

    def keep(who, edges, runs):
        values = [list(of_rounds) for of_rounds in zip(*runs)]
        names = ("secs", "peak_mib", "above_mib")
        line = {"what": who, "edges": edges, "first_round_left_out": True, **dict(zip(names, values))}
        print(json.dumps(line), file=rounds, flush=True)

    for name in formats or CLIENTS:
        files = make(folder, n_edges)
        path = files[name]
        stored, both, others = [], [], {who: [] for who, *_ in CLIENTS[name]}
        sizes = {who: n_edges // less for who, _, _, less in CLIENTS[name]}
        for _ in range(repeats + 1):
            stored.append(ours(program, path, AS_STORED))
            both.append(ours(program, path, BOTH_WAYS))
            for who, imports, call, less in CLIENTS[name]:
                others[who].append(theirs(imports, call, make(folder, n_edges // less)[name]))
        for who, runs in ((f"{name}: ours, as stored", stored), (f"{name}: ours, both ways and self-loops", both)):
            keep(who, n_edges, runs)
            secs, mib = middle(runs)
            print(f"| {who} | {n_edges:,} | {secs:.2f} s | {n_edges / secs / 1e6:.1f} M/s | {mib:.0f} MiB |", flush=True)
        for who, runs in others.items():
            keep(f"{name}: {who}", sizes[who], runs)
            secs, mib, above = middle(runs)
            print(f"| {name}: {who} | {sizes[who]:,} | {secs:.2f} s | {sizes[who] / secs / 1e6:.1f} M/s | {mib:.0f} MiB ({above:.0f}) |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
