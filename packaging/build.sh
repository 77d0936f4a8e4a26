#!/usr/bin/env bash
# Builds what people install on Linux: .deb, .rpm, a portable .tar.gz, and the Python wheel.
#
#   packaging/build.sh                     all of them, of a release build that is made first
#   packaging/build.sh deb tar             some of them
#   UNIFEWS_BINARY=FILE packaging/build.sh of a program that was built before (not the wheel: maturin builds its own)
#   OUT=FOLDER packaging/build.sh          into another folder than target/packaging/out
#
# Needs besides Rust: python3, gzip and xz; for .deb `cargo install --locked cargo-deb`, for .rpm `cargo install --locked cargo-generate-rpm`,
# for the wheel `pip install maturin`. Packages that are asked for and cannot be built are an error.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$root/target/packaging
out=${OUT:-$work/out}
stage=$work/root
kinds=${*:-deb rpm tar wheel}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
machine=$(uname -m)
target=${CARGO_TARGET_DIR:-$root/target}

say() { printf '== %s\n' "$*"; }
is_wanted() { case " $kinds " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

for kind in $kinds; do
  case $kind in deb|rpm|tar|wheel) ;; *) echo "expected deb, rpm, tar or wheel, found $kind" >&2; exit 2 ;; esac
done

mkdir -p "$out"
if [ "$kinds" != wheel ]; then
  binary=${UNIFEWS_BINARY:-}
  if [ -z "$binary" ]; then
    say "the program"
    cargo build --release --locked
    binary=$target/release/unifews
  fi
  # The same commit gives the same bytes: every time stamp is the commit's. Not before the compiler ran: where this variable changes, what
  # is written in C is built anew.
  if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 1764547200); fi
  export SOURCE_DATE_EPOCH
  say "what is installed, as one tree: $stage"
  rm -rf "$stage"
  put() { install -D -m "${3:-644}" "$1" "$stage/$2"; }
  put "$binary" usr/bin/unifews 755
  made=$work/made
  rm -rf "$made"
  "$binary" generate "$made" --quiet
  python3 packaging/licences.py "$machine-unknown-linux-gnu" > "$made/third-party-licences.txt"
  gzip -9n "$made/third-party-licences.txt" "$made"/man/*.1
  for page in "$made"/man/*.gz; do put "$page" "usr/share/man/man1/${page##*/}"; done
  put "$made/completions/unifews.bash" usr/share/bash-completion/completions/unifews
  put "$made/completions/_unifews" usr/share/zsh/vendor-completions/_unifews
  put "$made/completions/unifews.fish" usr/share/fish/vendor_completions.d/unifews.fish
  put packaging/linux/unifews.desktop usr/share/applications/unifews.desktop
  put packaging/linux/unifews.xml usr/share/mime/packages/unifews.xml
  put packaging/linux/org.unifews.Workbench.metainfo.xml usr/share/metainfo/org.unifews.Workbench.metainfo.xml
  put assets/icon.png usr/share/icons/hicolor/256x256/apps/unifews.png
  put packaging/linux/copyright usr/share/doc/unifews/copyright
  put docs/LICENSE-MIT usr/share/doc/unifews/licence-mit.txt
  put docs/LICENSE-APACHE usr/share/doc/unifews/licence-apache.txt
  put "$made/third-party-licences.txt.gz" usr/share/doc/unifews/third-party-licences.txt.gz
  gzip -9nc docs/CHANGELOG.md > "$made/changelog.gz"
  put "$made/changelog.gz" usr/share/doc/unifews/changelog.gz
  find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
fi

if is_wanted deb; then
  say ".deb"
  # What is packed is the tree above, so nothing is built or stripped here.
  cargo deb --locked --no-build --no-strip --compress-system --output "$out/unifews_${version}_$(dpkg --print-architecture).deb"
fi

if is_wanted rpm; then
  say ".rpm"
  cargo generate-rpm --output "$out/unifews-$version-1.$machine.rpm" --payload-compress gzip --source-date "$SOURCE_DATE_EPOCH"
fi

if is_wanted tar; then
  say ".tar.gz"
  name=unifews-$version-linux-$machine
  rm -rf "${work:?}/$name"
  mkdir -p "$work/$name"
  cp -a "$stage/usr/." "$work/$name"
  # Where shells look below a prefix of one's own.
  mkdir -p "$work/$name/share/zsh/site-functions"
  mv "$work/$name/share/zsh/vendor-completions/_unifews" "$work/$name/share/zsh/site-functions/"
  rmdir "$work/$name/share/zsh/vendor-completions"
  install -m 755 packaging/linux/install.sh packaging/linux/uninstall.sh "$work/$name"
  tar --create --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$name" \
    | gzip -9n > "$out/$name.tar.gz"
fi

if is_wanted wheel; then
  say "wheel"
  command -v maturin >/dev/null || { echo "maturin is missing: pip install maturin" >&2; exit 1; }
  # Licences go with it as files of the module.
  licences=$root/packaging/python/unifews/licences
  trap 'rm -rf "$licences"' EXIT
  mkdir -p "$licences"
  cp docs/LICENSE-MIT "$licences/licence-mit.txt"
  cp docs/LICENSE-APACHE "$licences/licence-apache.txt"
  python3 packaging/licences.py "$machine-unknown-linux-gnu" > "$licences/third-party-licences.txt"
  (cd packaging/python && env -u SOURCE_DATE_EPOCH maturin build --release --locked --out "$out")
fi

say "built, version $version"
cd "$out"
for file in *"$version"*; do
  printf '%9.1f MiB  %s  %s\n' "$(stat -c %s "$file" | awk '{ print $1 / 1048576 }')" "$(sha256sum "$file" | cut -d' ' -f1)" "$file"
done
