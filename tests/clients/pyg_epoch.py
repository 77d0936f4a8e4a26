"""One training epoch of a GCN in PyTorch Geometric, to set beside `unifews train`.

    python pyg_epoch.py GRAPH_FOLDER [HIDDEN] [THREADS] [EPOCHS] [SAMPLES]

GRAPH_FOLDER is a Unifews folder. Needs torch, torch_geometric, numpy. GCN of 2 layers with batch normalisation, dropout 0.5, Adam, all nodes at
once; an epoch is one training step and one evaluation of all nodes, as `unifews train` counts it. Medians, milliseconds; SAMPLES is a JSON
file for every one of them.
"""

import json
import pathlib
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch_geometric.nn import GCNConv


def main(folder, hidden=512, threads=2, epochs=60, samples=None):
    torch.set_num_threads(threads)
    folder = pathlib.Path(folder)
    adj = np.load(folder / "adj.npz")
    n = len(adj["indptr"]) - 1
    rows = np.repeat(np.arange(n), np.diff(adj["indptr"]))
    edges = torch.tensor(np.stack([rows, adj["indices"]])).long()
    x = torch.tensor(np.load(folder / "feats.npy")).float()
    y = torch.tensor(np.load(folder / "labels.npz")["labels"]).long()
    train = torch.tensor(np.load(folder / "split_seed42.npz")["idx_train"]).long()
    convs = [GCNConv(x.shape[1], hidden, cached=True), GCNConv(hidden, int(y.max()) + 1, cached=True)]
    norm = torch.nn.BatchNorm1d(hidden)
    parameters = [p for part in (*convs, norm) for p in part.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=1e-3, weight_decay=1e-5)

    def forward(training):
        norm.train(training)
        h = F.dropout(F.relu(norm(convs[0](x, edges))), 0.5, training)
        return convs[1](h, edges)

    steps, evaluations = [], []
    for epoch in range(epochs):
        start = time.perf_counter()
        optimiser.zero_grad()
        F.cross_entropy(forward(True)[train], y[train]).backward()
        optimiser.step()
        between = time.perf_counter()
        with torch.no_grad():
            forward(False).argmax(1)
        end = time.perf_counter()
        if epoch >= 5:
            steps.append(1e3 * (between - start))
            evaluations.append(1e3 * (end - between))
    both = [a + b for a, b in zip(steps, evaluations)]
    print(
        f"PyTorch Geometric, torch {torch.__version__}, {threads} threads, hidden {hidden}: "
        f"step {statistics.median(steps):.1f} ms, forward {statistics.median(evaluations):.1f} ms, "
        f"epoch {statistics.median(both):.1f} ms (of {len(both)})"
    )
    if samples:
        of = {"torch": torch.__version__, "threads": threads, "hidden": hidden, "step_ms": steps, "evaluation_ms": evaluations}
        pathlib.Path(samples).write_text(json.dumps(of) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], *(int(a) for a in sys.argv[2:5]), *sys.argv[5:])
