"""`unifews.prune` on modules of PyTorch Geometric: with nothing removed, its bundle says what the module says.

    python pyg_module.py

Needs the wheel (packaging/build.sh wheel), torch and torch_geometric. Networks are trained for a moment on a generated graph (seeded), as it stands in both
directions and in one. Exit code 1 where logits differ by more than 1e-5 of the largest.
"""

import sys
import warnings

import numpy as np
import torch
import torch_geometric
import unifews
from torch_geometric.data import Data
from torch_geometric.nn import GAT, GCN, GIN, GraphSAGE

N_NODES, N_PAIRS, N_FEATURES, N_CLASSES = 400, 4800, 24, 4
THRESHOLDS = {"edges": {"mode": "target", "delta": [0.5]}, "weights": {"mode": "target", "delta": [0.5]}}


def graph(is_directed):
    y = torch.randint(0, N_CLASSES, (N_NODES,))
    pairs = torch.randint(0, N_NODES, (2, N_PAIRS))
    is_kept = ((y[pairs[0]] == y[pairs[1]]) | (torch.rand(N_PAIRS) < 0.15)) & (pairs[0] != pairs[1])
    pairs = pairs[:, is_kept]
    edges = torch.unique(pairs if is_directed else torch.cat([pairs, pairs.flip(0)], 1), dim=1)
    x = torch.randn(N_NODES, N_FEATURES)
    x[torch.arange(N_NODES), y] += 1.0
    part = torch.rand(N_NODES)
    return Data(x=x, edge_index=edges, y=y, train_mask=part < 0.5, val_mask=(part >= 0.5) & (part < 0.75), test_mask=part >= 0.75)


def trained(make, data):
    model = make(N_FEATURES, 16, 2, N_CLASSES)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(60):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(data.x, data.edge_index)[data.train_mask], data.y[data.train_mask]).backward()
        optimiser.step()
    return model.eval()


def main():
    # What a file leaves open is warned of; here it is checked.
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, torch_geometric {torch_geometric.__version__}")
    largest = 0.0
    for is_directed in (False, True):
        data = graph(is_directed)
        for make in (GCN, GAT, GraphSAGE, GIN):
            model = trained(make, data)
            with torch.no_grad():
                expected = model(data.x, data.edge_index).numpy()
            whole = unifews.prune(data, model, delta_a=0, delta_w=0, no_timing=True)
            difference = float(np.abs(whole.predict() - expected).max() / np.abs(expected).max())
            pruned = unifews.prune(data, model, THRESHOLDS, no_timing=True)
            test = [float((logits.argmax(1) == data.y.numpy())[data.test_mask.numpy()].mean()) for logits in (expected, pruned.predict())]
            edges = "one way" if is_directed else "both ways"
            print(f"{make.__name__}, {edges}: difference {difference:.1e}; half of both removed: test {test[0]:.3f} to {test[1]:.3f}")
            largest = max(largest, difference)
    return 0 if largest <= 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
