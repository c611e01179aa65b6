#!/bin/bash
# package.sh [OUT_DIR]: makes the packages for a gitlab-runner that runs on a machine and not in the cluster, of the published binaries:
#   pod-executor_VERSION_ARCH.deb                for Debian and its kin; needs nothing else installed
#   pod-executor-VERSION-linux-ARCH.tar.gz       for everything else: bin/, share/ as below a prefix (/usr/local)
#   SHA256SUMS
# ARCHITECTURE (amd64, arm64; default: this machine's) chooses the binaries; deploy/images/publish.sh makes them.
# PACKAGE_LEVEL (0 to 9, default 6): how hard is compressed. The same commit and binaries give the same bytes. Neither starts or asks anything when it is installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd) root=$(cd "$(dirname "$0")/../.." && pwd)
fail() { printf 'package.sh: %s\n' "$*" >&2; exit 1; }
out=$(realpath -m "${1:-$root/artifacts/package}")
architecture=${ARCHITECTURE:-$(dpkg --print-architecture)}
case $architecture in amd64) rid=linux-x64 ;; arm64) rid=linux-arm64 ;; *) fail "no such architecture: $architecture (amd64, arm64)" ;; esac
driver=${POD_EXECUTOR_BINARY:-$root/artifacts/publish/Driver/release_$rid/pod-executor}
agent=${POD_AGENT_BINARY:-$root/artifacts/publish/Agent/release_$rid/pod-agent}
for binary in "$driver" "$agent"; do [ -x "$binary" ] || fail "$binary is missing: run deploy/images/publish.sh $architecture"; done
level=${PACKAGE_LEVEL:-6}
version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' "$root/Directory.Build.props")
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

# --- what both hold, as below a prefix
prefix=$work/prefix
install -D -m 755 "$driver" "$prefix/bin/pod-executor"
install -D -m 755 "$agent" "$prefix/lib/pod-executor/pod-agent"   # for the helper image: deploy/images/helper

# the shells complete by asking the program, so a program of another architecture needs not run here: these texts are the same in all
completion() { "${HOST_POD_EXECUTOR:-$driver}" completion "$1" | install -D -m 644 /dev/stdin "$prefix/$2"; }
completion bash share/bash-completion/completions/pod-executor
completion zsh share/zsh/vendor-completions/_pod-executor
completion fish share/fish/vendor_completions.d/pod-executor.fish

# man pages, of the documentation
manual() { # NAME SECTION FILE.md
  mkdir -p "$prefix/share/man/man$2"
  "$here/man.pl" "$1" "$2" "$date" "$3" | gzip -n -9 > "$prefix/share/man/man$2/$1.$2.gz"
}
settings=$root/docs/settings.md
manual pod-executor 1 "$root/docs/pod-executor.md"
manual pod-executor.toml 5 "$settings"
manual pod-executor-troubleshooting 7 "$root/docs/troubleshooting.md"

doc=$prefix/share/doc/pod-executor
install -D -m 644 -t "$doc" "$root/README.md"
install -D -m 644 -t "$doc/docs" "$root"/docs/*.md
install -D -m 644 "$root/LICENSE" "$doc/copyright"
gzip -n -9 < "$root/CHANGELOG.md" | install -D -m 644 /dev/stdin "$doc/changelog.gz"
install -D -m 644 -t "$doc/examples" "$here"/examples/*
find "$work" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

archive() { tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$1" -c "$2" | gzip -n -"$(( level > 0 ? level : 1 ))"; }
mkdir -p "$out"
rm -f "$out/SHA256SUMS"

# --- tar.gz
name=pod-executor-$version-linux-$architecture
mkdir "$work/tar"
cp -a "$prefix" "$work/tar/$name"
archive "$work/tar" "$name" > "$out/$name.tar.gz"

# --- deb
deb=$work/deb
mkdir -p "$deb/DEBIAN" "$deb/etc/pod-executor"
cp -a "$prefix" "$deb/usr"
cat > "$deb/DEBIAN/control" <<C
Package: pod-executor
Version: $version
Architecture: $architecture
Maintainer: pod-executor <pod-executor@localhost>
Section: devel
Priority: optional
Installed-Size: $(du -sk "$deb/usr" | cut -f1)
Suggests: gitlab-runner
Description: GitLab Runner custom executor: each job in a Kubernetes pod of its own
 A static program that gitlab-runner calls for each job. It creates one pod
 for the job, runs the scripts in it by an agent that no broken connection
 disturbs, and deletes it.
C
find "$deb" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
package=pod-executor_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz -z"$level" --build "$deb" "$out/$package" > /dev/null

( cd "$out" && sha256sum "$name.tar.gz" "$package" > SHA256SUMS )
ls -l --time-style=+ "$out" | awk 'NF > 3 {print $5, $NF}'
