#!/usr/bin/env bash
# Builds Unifews Workbench.app and a .dmg with it, for this machine's processor. Not tried: there was no Mac where this was written.
#
#   packaging/macos/build.sh
#   IDENTITY="Developer ID Application: NAME (TEAM)" packaging/macos/build.sh     signed; notarise the .dmg afterwards with xcrun notarytool
#
# Without IDENTITY it is signed for this machine alone; others have to open it with a right-click the first time.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
target=${CARGO_TARGET_DIR:-target}
work=target/packaging/macos
app="$work/image/Unifews Workbench.app"

cargo build --release --locked
rm -rf "$work"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources" target/packaging/out
cp "$target/release/unifews" "$app/Contents/MacOS/unifews"
cp packaging/macos/Info.plist "$app/Contents/Info.plist"
cp docs/LICENSE-MIT docs/LICENSE-APACHE "$app/Contents/Resources"
python3 packaging/licences.py "$(rustc -vV | sed -n 's/^host: //p')" > "$app/Contents/Resources/third-party-licences.txt"
icons=$work/unifews.iconset
mkdir "$icons"
for size in 16 32 128 256; do
  sips -z "$size" "$size" assets/icon.png --out "$icons/icon_${size}x$size.png" >/dev/null
done
sips -z 32 32 assets/icon.png --out "$icons/icon_16x16@2x.png" >/dev/null
sips -z 256 256 assets/icon.png --out "$icons/icon_128x128@2x.png" >/dev/null
iconutil --convert icns --output "$app/Contents/Resources/unifews.icns" "$icons"
codesign --force --options runtime --sign "${IDENTITY:--}" "$app"
ln -s /Applications "$work/image/Applications"
dmg=target/packaging/out/unifews-$version-macos-$(uname -m).dmg
hdiutil create -volname "Unifews Workbench" -srcfolder "$work/image" -format UDZO -ov "$dmg"
shasum -a 256 "$dmg"
