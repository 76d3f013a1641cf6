#!/usr/bin/env bash
# Puts the servers that tests, e2e and perf run against into a cache outside the tree.
#
#   ensure.sh PART...     PART: kube-apiserver etcd kubectl kube-controller-manager
#                               kube-scheduler helm kind redis-server chromium
#
# stdout: one line a part, "PART<TAB>ABSOLUTE PATH". stderr: a progress line for each long step.
# Exit 1, with one sentence, where a part cannot be had.
#
# Sources, first that answers: $KUBEBUILDER_ASSETS; a program on PATH of the pinned version; built with
# `go` from the pinned manifests beside this file. redis-server: PATH, else Debian's package
# unpacked without root. chromium (a headless browser): $CHROMIUM, else Debian's headless shell with
# the libraries that are missing here, unpacked likewise. Everybody gets one version: results of different API servers do not compare.
# The envtest release archives are no source: their index (envtest-releases.yaml of controller-tools,
# looked at in November 2026) goes from v1.36.0 to v1.36.2, has no v1.36.3, and no
# kube-controller-manager at all. Once it has the pinned version, its sha512 belongs here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}
helm_version=v4.3.1
kind_version=v0.33.0

say() { printf 'berth servers: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

module_version() { # manifest folder, module
  awk -v module="$2" '$1 == "require" && $2 == module {print $3} $1 == module && NF >= 2 {print $2}' \
    "$here/$1/go.mod" | head -1
}

# A program counts as the pinned one only when it says so itself: the machine's own kubectl is often old.
has_version() { # program, wanted version
  local said
  said=$("$1" --version 2>/dev/null || "$1" version --client 2>/dev/null || "$1" version 2>/dev/null) || return 1
  [[ " $said " =~ [^0-9.]${2#v}[^0-9] ]]
}

found_outside() { # part, wanted version
  if [[ -n ${KUBEBUILDER_ASSETS:-} && -x $KUBEBUILDER_ASSETS/$1 ]]; then
    has_version "$KUBEBUILDER_ASSETS/$1" "$2" ||
      say "using $KUBEBUILDER_ASSETS/$1, which is not the pinned $2: do not compare its results with others"
    printf '%s\n' "$KUBEBUILDER_ASSETS/$1"
  elif on_path=$(command -v "$1") && has_version "$on_path" "$2"; then
    printf '%s\n' "$on_path"
  else
    return 1
  fi
}

# Two runs at once must not write one program. Where there is no flock (macOS) they may, at the price
# of building twice: each writes beside the target and moves it there whole.
lock() { # file; until the shell ends, or `unlock`
  mkdir -p "$(dirname "$1")"
  exec 9>"$1"
  if command -v flock >/dev/null; then flock 9; fi
}
unlock() { exec 9>&-; }

need_go() {
  command -v go >/dev/null || die "cannot build $1 as there is no 'go' on PATH: install Go 1.26 or newer, or set" \
    "KUBEBUILDER_ASSETS to a folder with kube-apiserver, etcd and kubectl"
}

go_build() { # part, manifest folder, package, version, ldflags
  local target key
  # The whole manifest is hashed, not only its version: a changed sum is a changed program.
  key=$(cat "$here/$2/go.mod" "$here/$2/go.sum" | sha256sum | cut -c1-12)
  target=$cache/servers/$2-$4-$key/$1
  if [[ ! -x $target ]]; then
    need_go "$1"
    lock "$target.lock"
    if [[ ! -x $target ]]; then
      say "building $1 $4 from its Go modules (once; about $6 min on 2 cores)"
      (cd "$here/$2" && GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -trimpath -ldflags "$5" -o "$target.part" "$3") >&2 9>&- ||
        die "cannot build $1 $4: see the lines above; 'go' must reach a module proxy"
      mv "$target.part" "$target"
    fi
    unlock
  fi
  printf '%s\n' "$target"
}

kubernetes_part() { # part, minutes
  local version stamp
  version=$(module_version kubernetes k8s.io/kubernetes)
  # Without a stamp the server calls itself v0.0.0-master, and compatibility versions are off.
  stamp=k8s.io/component-base/version
  found_outside "$1" "$version" ||
    go_build "$1" kubernetes "k8s.io/kubernetes/cmd/$1" "$version" \
      "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=$(cut -d. -f2 <<<"$version")" "$2"
}

etcd_part() {
  local version
  version=$(module_version etcd go.etcd.io/etcd/server/v3)
  found_outside etcd "$version" || go_build etcd etcd go.etcd.io/etcd/server/v3 "$version" "-s -w" 3
}

# A program that is one Go module, installed as it is.
module_part() { # part, package, version, minutes
  local target=$cache/servers/$1-$3/$1
  if on_path=$(command -v "$1") && has_version "$on_path" "$3"; then
    printf '%s\n' "$on_path"
    return
  fi
  if [[ ! -x $target ]]; then
    need_go "$1"
    say "building $1 $3 from its Go module (once; about $4 min on 2 cores)"
    GOFLAGS='' CGO_ENABLED=0 GOBIN=$(dirname "$target") go install -trimpath "$2@$3" >&2 ||
      die "cannot build $1 $3: see the lines above; 'go' must reach a module proxy"
  fi
  printf '%s\n' "$target"
}

redis_part() {
  command -v redis-server || debian_part redis redis-server "install it, or set BERTH_REDIS_URL"
}

chromium_part() {
  if [[ -n ${CHROMIUM:-} ]]; then
    "$CHROMIUM" --version >&2 || die "cannot run CHROMIUM=$CHROMIUM"
    printf '%s\n' "$CHROMIUM"
  else
    debian_part chromium chromium "set CHROMIUM to a Chromium or Chrome that runs headless"
  fi
}

# A Debian package in the cache, unpacked without root, behind a script that finds its libraries.
debian_part() { # name of `packages_NAME` and `script_NAME`, program, what else to do
  local folder=$cache/servers/$1 target part
  target=$folder/$2
  if [[ ! -x $target ]]; then
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
      die "cannot get $2: it is not on PATH and this is no Debian; $3"
    lock "$folder.lock"
    if [[ ! -x $target ]]; then
      say "unpacking Debian's package of $2 into the cache (once, no root needed)"
      part=$(mktemp -d)
      (cd "$part" && "packages_$1") || die "cannot download Debian's package of $2: run 'apt-get update' once, $3"
      for package in "$part"/*.deb; do dpkg-deb -x "$package" "$part/unpacked"; done
      mkdir -p "$folder"
      cp -a "$part/unpacked/." "$folder/"
      rm -rf "$part"
      "script_$1" >"$target.part"
      chmod +x "$target.part"
      "$target.part" --version >&2 || die "cannot run Debian's $2: a library is missing; $3"
      mv "$target.part" "$target"
    fi
    unlock
  fi
  printf '%s\n' "$target"
}

packages_redis() {
  # redis-server is the same binary as redis-check-rdb in redis-tools; its libraries come beside it.
  apt_download redis-server redis-tools libjemalloc2 liblzf1 libatomic1
}

script_redis() {
  cat <<'WRAP'
#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu) exec "$here/usr/bin/redis-server" "$@"
WRAP
}

packages_chromium() { # about 90 MB
  apt_download chromium-headless-shell && apt_download $(missing_of chromium-headless-shell)
}

script_chromium() {
  cat <<'WRAP'
#!/bin/sh
here=$(dirname "$0")
libraries=$(echo "$here"/usr/lib/*-linux-gnu)
LD_LIBRARY_PATH=$libraries:$libraries/pulseaudio exec "$here/usr/lib/chromium/chromium-headless-shell" "$@"
WRAP
}

# What its installation would bring beside it on this machine; nothing is installed.
missing_of() { # package
  apt-get "${apt_options[@]}" --simulate install --no-install-recommends "$1" | awk '/^Inst / {print $2}'
}

# apt's own lists may be absent or old where nobody ran `apt-get update`; a private copy needs no root.
apt_options=()
apt_download() {
  apt-get "${apt_options[@]}" download "$@" >&2 2>/dev/null && return
  local state=$cache/apt
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  apt_options=(-o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache")
  apt-get "${apt_options[@]}" update >&2 && apt-get "${apt_options[@]}" download "$@" >&2
}

for part in "$@"; do
  case $part in
    kube-apiserver) path=$(kubernetes_part "$part" 7) ;;
    kubectl | kube-controller-manager | kube-scheduler) path=$(kubernetes_part "$part" 2) ;;
    etcd) path=$(etcd_part) ;;
    helm) path=$(module_part helm helm.sh/helm/v4/cmd/helm "$helm_version" 4) ;;
    kind) path=$(module_part kind sigs.k8s.io/kind "$kind_version" 1) ;;
    redis-server) path=$(redis_part) ;;
    chromium) path=$(chromium_part) ;;
    *) die "unknown part '$part'; wanted: kube-apiserver etcd kubectl kube-controller-manager kube-scheduler helm kind redis-server chromium" ;;
  esac
  printf '%s\t%s\n' "$part" "$path"
done
