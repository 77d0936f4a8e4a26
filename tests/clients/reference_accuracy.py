"""Test accuracy of the authors' settings in plain PyTorch, over many seeds: what one run of their code is a draw from.

    python reference_accuracy.py GRAPH_FOLDER SPLIT_SEED gcn|sgc|appnp SEED...

GRAPH_FOLDER is a Unifews folder (adj.npz, feats.npy, labels.npz, split_seedN.npz). Nothing is pruned. Needs torch, numpy and scipy.
GCN: 2 layers, hidden 512, batch normalisation with momentum 0.9, ReLU, dropout 0.5, all nodes at once, learning rate 1e-3.
SGC: 20 hops of D^-1 A, columns standardised on the training nodes, 2-layer MLP with batches of 512, learning rate 1e-2.
APPNP: as SGC, over the symmetric matrix, with teleporting probability 0.1.
All: 200 epochs, Adam with L2 1e-5, halved steps after 15 epochs without a better validation accuracy, best validation epoch.
"""

import pathlib
import sys

import numpy as np
import scipy.sparse as sp
import torch
import torch.nn.functional as F

EPOCHS, HIDDEN = 200, 512


def main(folder, split_seed, family, seeds):
    folder = pathlib.Path(folder)
    adj = np.load(folder / "adj.npz")
    n = len(adj["indptr"]) - 1
    # Stored zeros are entries, too.
    a = sp.csr_matrix((np.ones(len(adj["indices"]), np.float32), adj["indices"], adj["indptr"]), (n, n)).T.tocsr()
    degree = np.maximum(np.asarray(a.sum(1)).ravel(), 1)
    x = np.load(folder / "feats.npy").astype(np.float32)
    y = torch.tensor(np.load(folder / "labels.npz")["labels"]).long()
    split = np.load(folder / f"split_seed{split_seed}.npz")
    train, val, test = (torch.tensor(split[f"idx_{part}"]).long() for part in ("train", "val", "test"))
    n_classes = int(y.max()) + 1
    is_decoupled = family != "gcn"
    half = sp.diags(degree**-0.5).astype(np.float32)
    t = (half @ a @ half).tocsr()
    if is_decoupled:
        total = np.zeros_like(x)
        for _ in range(20):
            if family == "sgc":
                x = sp.diags(1 / degree).astype(np.float32) @ (a @ x)
            else:
                total += np.float32(0.1) * x
                x = np.float32(0.9) * (t @ x)
        x = x + total
        mean, std = x[train].mean(0), x[train].std(0)
        x = torch.tensor((x - mean) / np.where(std > 0, std, 1)).float()
    else:
        t = torch.sparse_csr_tensor(torch.tensor(t.indptr), torch.tensor(t.indices), torch.tensor(t.data), t.shape)
        x = torch.tensor(x).to_sparse_csr()
    scores = []
    for seed in seeds:
        torch.manual_seed(seed)
        if is_decoupled:
            first, second = torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.Linear(HIDDEN, n_classes)
            norm = torch.nn.BatchNorm1d(HIDDEN)
            parameters = [*first.parameters(), *second.parameters(), *norm.parameters()]
        else:
            w0 = torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(x.shape[1], HIDDEN)))
            w1 = torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(HIDDEN, n_classes)))
            b0, b1 = torch.nn.Parameter(torch.zeros(HIDDEN)), torch.nn.Parameter(torch.zeros(n_classes))
            norm = torch.nn.BatchNorm1d(HIDDEN, momentum=0.9)
            parameters = [w0, b0, w1, b1, *norm.parameters()]
        optimiser = torch.optim.Adam(parameters, lr=1e-2 if is_decoupled else 1e-3, weight_decay=1e-5)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, "max", 0.5, 15, 1e-4)

        def forward(rows, training):
            norm.train(training)
            if is_decoupled:
                h = norm(F.relu(first(x if rows is None else x[rows])))
                return second(F.dropout(h, 0.5, training))
            h = F.relu(norm(t @ (x @ w0) + b0))
            out = t @ (F.dropout(h, 0.5, training) @ w1) + b1
            return out if rows is None else out[rows]

        best = (-1.0, 0.0, 0)
        for epoch in range(1, EPOCHS + 1):
            batches = train[torch.randperm(len(train))].split(512) if is_decoupled else [train]
            for batch in batches:
                optimiser.zero_grad()
                F.cross_entropy(forward(batch, True), y[batch]).backward()
                optimiser.step()
            with torch.no_grad():
                hit = forward(None, False).argmax(1) == y
            at_val = hit[val].float().mean().item()
            schedule.step(at_val)
            if at_val > best[0]:
                best = (at_val, hit[test].float().mean().item(), epoch)
        scores.append(best[1])
        print(f"seed {seed}: val {100 * best[0]:.2f} test {100 * best[1]:.2f} epoch {best[2]}", flush=True)
    print(f"{family} split {split_seed}: mean {100 * np.mean(scores):.2f} sd {100 * np.std(scores, ddof=1):.2f} of {len(scores)}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], [int(s) for s in sys.argv[4:]])
