#!/bin/sh
# Installs what lies beside this script: for you alone into ~/.local, or elsewhere with  install.sh PREFIX  (as root: /usr/local).
# What was installed is listed in PREFIX/share/unifews/installed.txt; uninstall.sh removes exactly that.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-$HOME/.local}
case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
list=$prefix/share/unifews/installed.txt

mkdir -p "$prefix/share/unifews"
# What an earlier version had and this one has not goes.
if [ -f "$list" ]; then "$here/uninstall.sh" "$prefix" >/dev/null; mkdir -p "$prefix/share/unifews"; fi
: > "$list"
cd "$here"
find bin share -type f | sort | while read -r file; do
  mkdir -p "$prefix/$(dirname "$file")"
  cp "$file" "$prefix/$file.part"
  if [ -x "$file" ]; then chmod 755 "$prefix/$file.part"; else chmod 644 "$prefix/$file.part"; fi
  mv -f "$prefix/$file.part" "$prefix/$file"
  echo "$file" >> "$list"
done
cp uninstall.sh "$prefix/share/unifews/uninstall.sh"
chmod 755 "$prefix/share/unifews/uninstall.sh"
# A desktop does not look for programs where the shell does: the entry names the file itself.
entry=$prefix/share/applications/unifews.desktop
sed "s|^Exec=unifews |Exec=\"$prefix/bin/unifews\" |" "$entry" > "$entry.part" && mv -f "$entry.part" "$entry"
# What desktops keep of it, where the system has one.
update() { if command -v "$1" >/dev/null 2>&1; then "$@" >/dev/null 2>&1 || true; fi; }
update update-desktop-database "$prefix/share/applications"
update update-mime-database "$prefix/share/mime"
update gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor"
echo "installed into $prefix; remove it with $prefix/share/unifews/uninstall.sh"
case ":$PATH:" in
  *":$prefix/bin:"*) ;;
  *) echo "$prefix/bin is not on the PATH of this shell: add it, or start $prefix/bin/unifews" ;;
esac
