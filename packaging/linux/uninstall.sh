#!/bin/sh
# Removes what install.sh put below PREFIX (~/.local where none is given), and nothing else: projects, bundles and settings stay.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# Installed, this script lies in PREFIX/share/unifews.
if [ $# -gt 0 ]; then prefix=$1; elif [ -f "$here/installed.txt" ]; then prefix=${here%/share/unifews}; else prefix=$HOME/.local; fi
list=$prefix/share/unifews/installed.txt
if [ ! -f "$list" ]; then echo "nothing is installed in $prefix: there is no $list" >&2; exit 1; fi
while read -r file; do
  case $file in bin/*|share/*) rm -f "$prefix/$file" ;; esac
done < "$list"
rm -f "$list" "$prefix/share/unifews/uninstall.sh"
# What desktops keep of it, where the system has one.
update() { if command -v "$1" >/dev/null 2>&1; then "$@" >/dev/null 2>&1 || true; fi; }
update update-desktop-database "$prefix/share/applications"
update update-mime-database "$prefix/share/mime"
update gtk-update-icon-cache -q -t -f "$prefix/share/icons/hicolor"
for folder in share/unifews share/doc/unifews share/metainfo share/mime/packages; do
  rmdir "$prefix/$folder" 2>/dev/null || true
done
echo "removed from $prefix; your files and the settings in ~/.config/unifews, ~/.local/share/unifews and ~/.local/state/unifews stay"
