#!/usr/bin/env bash
# How long from starting the program to the first heatmap on the screen, in seconds, several times.
#
#   benches/first_heatmap.sh [PROGRAM [TIMES]]
#
# Opens Cora with its GCN on a display of its own, and looks at the part of the screen where the weights of layer 1 stand until it is coloured.
# A look takes about a tenth of a second, which is how finely this measures.
# Needs: apt-get install -y --no-install-recommends xvfb imagemagick x11-utils libgl1 libegl1 libgl1-mesa-dri libx11-6 libx11-xcb1 \
#        libxcursor1 libxi6 libxrandr2 libxkbcommon-x11-0
set -eu
program=${1:-target/release/unifews} times=${2:-7}
model=$(dirname "$0")/../sample_graphs/cora-gcn.safetensors
number=$((100 + RANDOM % 800))
while [ -e "/tmp/.X$number-lock" ]; do number=$((number + 1)); done
Xvfb ":$number" -screen 0 1440x900x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
home=$(mktemp -d)
trap 'kill $screen 2>/dev/null || true; rm -rf "$home"' EXIT
export DISPLAY=":$number" HOME="$home" XDG_RUNTIME_DIR="$home"
unset WAYLAND_DISPLAY
until xdpyinfo >/dev/null 2>&1; do sleep 0.05; done
for _ in $(seq "$times"); do
  began=$(date +%s.%N)
  "$program" sample:cora "$model" >/dev/null 2>&1 &
  app=$!
  until [ "$(import -window root png:- | convert png:- -crop 300x150+700+130 -colorspace HSB -channel G -separate -format "%[fx:mean > 0.4]" info:)" = 1 ]; do
    kill -0 $app 2>/dev/null || { echo "the program ended before a heatmap was there" >&2; exit 1; }
  done
  echo "$(date +%s.%N) $began" | awk '{ printf "%.2f\n", $1 - $2 }'
  kill $app
  wait $app 2>/dev/null || true
  rm -rf "${home:?}/.local" "${home:?}/.config"
done
