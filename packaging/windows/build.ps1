# Builds the MSI on Windows. Not tried: there was no Windows where this was written.
#
#   dotnet tool install --global wix --version 4.0.6
#   pwsh packaging/windows/build.ps1
#
# There are two binaries: unifews.exe for terminals, unifews-window.exe for icons and files, which opens no console.
$ErrorActionPreference = "Stop"
Set-Location (Join-Path $PSScriptRoot "../..")
$version = (Select-String -Path Cargo.toml -Pattern '^version = "(.*)"' | Select-Object -First 1).Matches.Groups[1].Value
$target = if ($env:CARGO_TARGET_DIR) { $env:CARGO_TARGET_DIR } else { "target" }
$made = "target/packaging/windows"
New-Item -ItemType Directory -Force $made, target/packaging/out | Out-Null

cargo build --release --locked --features without-console
if ($LASTEXITCODE) { exit $LASTEXITCODE }
python packaging/licences.py x86_64-pc-windows-msvc | Out-File -Encoding utf8 "$made/third-party-licences.txt"
if ($LASTEXITCODE) { exit $LASTEXITCODE }
$msi = "target/packaging/out/unifews-$version-windows-x86_64.msi"
wix build packaging/windows/unifews.wxs -arch x64 -d "Binaries=$target/release" -d "Made=$made" -o $msi
if ($LASTEXITCODE) { exit $LASTEXITCODE }
Get-FileHash -Algorithm SHA256 $msi | Format-List Path, Hash
