#!/usr/bin/env bash
# Trains the models that ship with the app, with the app's own trainer. Same bits for any number of threads.
# usage: sample_graphs/make_models.sh [UNIFEWS_PROGRAM]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
unifews=${1:-unifews}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train() { # GRAPH ARCH HIDDEN
  "$unifews" train "sample:$1" --arch "$2" --hidden "$3" --epochs 200 --seed 42 -o "$work/$1-$2.safetensors"
  cp "$work/$1-$2.safetensors" "$here/$1-$2.safetensors"
}
train cora gcn 256
train cora sgc 256
train citeseer gcn 64
train citeseer sgc 64
