#!/usr/bin/env bash
# Installs the .deb in a bare Debian, opens a project there as a double-click does, photographs the screen, and removes the package again.
#
#   packaging/try_deb.sh [DEB] [ROOT]       by default the newest in target/packaging/out, and a folder that is removed afterwards
#
# Needs root, debootstrap, Xvfb, xdotool and ImageMagick. A ROOT that exists is used as it is: a second try takes no download.
# The photograph is target/packaging/try/opened.png; look at it.
set -euo pipefail
cd "$(dirname "$0")/.."
deb=$(realpath "${1:-$(ls -t target/packaging/out/*.deb | head -1)}")
root=${2:-}
suite=bookworm
shots=$PWD/target/packaging/try
mkdir -p "$shots"
if [ -z "$root" ]; then
  root=$(mktemp -d)/debian
  trap 'rm -rf "${root%/debian}"' EXIT
fi
[ -d "$root/usr" ] || debootstrap --variant=minbase "$suite" "$root" http://deb.debian.org/debian
in_root() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 HOME=/root "$@"; }
as_user() { chroot --userspec=jane "$root" env -i PATH=/usr/bin:/bin HOME=/home/jane LANG=C.UTF-8 DISPLAY="$display" XDG_RUNTIME_DIR=/tmp/jane "$@"; }
files() { (cd "$root" && find . -path ./proc -prune -o -path ./var -prune -o -path ./tmp -prune -o -type f -print | sort); }

echo "== installed"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
# What every desktop has: a screen (here drawn without a graphics card), and how xdg-open tells what a file is.
in_root apt-get update -qq
in_root apt-get install -y -qq --no-install-recommends libgl1-mesa-dri xdg-utils libfile-mimeinfo-perl file desktop-file-utils shared-mime-info man-db >/dev/null 2>&1
id=$(in_root sh -c 'id -u jane 2>/dev/null || { useradd --create-home jane; id -u jane; }')
# What an earlier try left.
in_root apt-get purge -y -qq unifews >/dev/null 2>&1 || true
files > "$shots/before.txt"
cp "$deb" "$root/tmp/unifews.deb"
in_root apt-get install -y -qq --no-install-recommends /tmp/unifews.deb >/dev/null 2>&1
in_root dpkg-query -W -f '${Package} ${Version}, ${Installed-Size} KiB\n' unifews
in_root unifews --version
in_root desktop-file-validate /usr/share/applications/unifews.desktop
in_root test -s /usr/share/man/man1/unifews-prune.1.gz

echo "== a project, made by Jane"
display=:$((100 + RANDOM % 800))
install -d -o "$id" -m 700 "$root/tmp/jane"
as_user sh -c 'cd && unifews prune sample:karate "$(unifews train sample:karate --hidden 8 --epochs 30 -o karate.safetensors --quiet >/dev/null; echo karate.safetensors)" \
  --delta-a 0.9 -o karate.unifews.zip --no-timing --quiet >/dev/null'
cat > "$root/home/jane/karate.unifews" <<'JSON'
{ "format": "unifews-project/1", "graph": "sample:karate", "model": "/home/jane/karate.safetensors",
  "recipe": { "format": "unifews-recipe/1", "edges": { "mode": "target", "delta": [0.5] } } }
JSON
chown "$id" "$root/home/jane/karate.unifews"
as_user xdg-mime query filetype /home/jane/karate.unifews | grep -x application/x-unifews-project
as_user xdg-mime query filetype /home/jane/karate.unifews.zip | grep -x application/x-unifews-bundle+zip
as_user xdg-mime query default application/x-unifews-project | grep -x unifews.desktop

echo "== opened by xdg-open, on a screen of its own"
Xvfb "$display" -screen 0 1440x900x24 -nolisten tcp >/dev/null 2>&1 &
screen=$!
stop() { kill "$screen" 2>/dev/null || true; }
sleep 2
open_and_photograph() { # FILE PICTURE: the window must come, with this name in it or without
  as_user xdg-open "$1" >"$shots/$2.log" 2>&1 &
  local window=
  for _ in $(seq 120); do
    window=$(DISPLAY=$display xdotool search --onlyvisible --name "Unifews Workbench" 2>/dev/null | tail -1 || true)
    [ -n "$window" ] && break
    sleep 0.5
  done
  [ -n "$window" ] || { echo "no window; see $shots/$2.log" >&2; stop; exit 1; }
  sleep 12
  DISPLAY=$display import -window root "$shots/$2.png"
  # There is no window manager that could ask it to close.
  kill "$(DISPLAY=$display xdotool getwindowpid "$window")"
  sleep 2
}
open_and_photograph /home/jane/karate.unifews opened
open_and_photograph /home/jane/karate.unifews.zip bundle
stop

if ls "$root"/home/jane/.local/state/unifews/crashes/crash-* 2>/dev/null; then echo "an internal error was written down" >&2; exit 1; fi

echo "== removed: what is left beside the base system is Jane's"
in_root apt-get purge -y -qq --autoremove unifews >/dev/null 2>&1
files > "$shots/after.txt"
comm -13 "$shots/before.txt" "$shots/after.txt" | tee "$shots/left.txt"
if grep -v '^\./home/jane/' "$shots/left.txt" | grep -E 'unifews|Unifews'; then echo "the package left something" >&2; exit 1; fi
echo "photographs: $shots/opened.png $shots/bundle.png"
