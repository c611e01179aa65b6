#!/bin/bash
# rootfs.sh DIR [ARCHITECTURE]: makes the helper image's root filesystem in DIR from Debian 12's packages, by default for this machine's architecture.
# Both ways to the image start with it: from-debian.sh, and the Dockerfile. Needs neither docker nor root. Runs nothing of another architecture.
set -euo pipefail
[ $# = 1 ] || [ $# = 2 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
machine=$(dpkg --print-architecture) architecture=${2:-$(dpkg --print-architecture)}

packages=(git git-lfs bash busybox-static ca-certificates libgcc-s1)   # libgcc: glibc loads it when a thread of git ends
# What these name but a helper never runs; most of it drags perl in.
unneeded='perl|perl-.*|libperl.*|liberror-perl|git-man|debconf|openssl|base-files|debianutils|dpkg|tar|install-info|gcc-12-base|libcrypt1'

# the packages and all that they need, but for the unneeded; level by level, for apt-cache takes half a second to start
closure() {
  local level=("$@") seen=' ' package next
  while [ ${#level[@]} -gt 0 ]; do
    # of alternatives ("|Depends:") the last one counts; virtual packages stand in <>
    next=$(apt-cache "${apt[@]}" depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "${level[@]}" \
      | sed -nE 's/^ +(Pre)?Depends: ([^<].*)$/\2/p')
    seen+="${level[*]} "
    level=()
    for package in $(sort -u <<< "$next"); do
      [[ $seen = *" $package "* || $package =~ ^($unneeded)$ ]] || level+=("$package")
    done
  done
  printf '%s\n' $seen
}

fetch() { # into $1/packages
  local list apt=(-o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3)
  mkdir -p "$1/packages"
  if [ "$architecture" != "$machine" ]; then
    # a state of its own: this machine's package manager never hears of the other architecture
    mkdir -p "$1"/apt/{lists/partial,cache/archives/partial}
    : > "$1/apt/status"
    apt+=(-o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o Dir::State::Lists="$1/apt/lists" -o Dir::State::status="$1/apt/status"
      -o Dir::Cache="$1/apt/cache" -o Acquire::Languages=none)
    apt-get -q "${apt[@]}" update
  else
    compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null || apt-get update
  fi
  closure "${packages[@]}" > "$1/closure"
  mapfile -t list < "$1/closure"
  ( cd "$1/packages" && apt-get -q "${apt[@]}" download "${list[@]}" )
  # busybox that runs here tells what it can do; another architecture's is of the same source and settings
  [ "$architecture" = "$machine" ] || ( mkdir "$1/native" && cd "$1/native" && apt-get -q -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 download busybox-static )
}

# busybox DIR: the path of one that this machine can run
busybox() {
  [ "$architecture" != "$machine" ] || { echo "$1/root/usr/bin/busybox"; return; }
  dpkg-deb -x "$1"/native/busybox-static_*.deb "$1/native/root"
  echo "$1/native/root/bin/busybox"
}

unpack() { # from $1/packages into $1/root
  local root=$1/root link file
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{etc,tmp,var/tmp,proc,sys,dev,root,run,builds,cache}
  # /bin is a link to /usr/bin, and must stay one under packages that still say /bin
  for link in bin sbin lib lib64; do ln -s usr/$link "$root/$link"; done
  for file in "$1"/packages/*.deb; do
    dpkg-deb --fsys-tarfile "$file" | tar --keep-directory-symlink --no-same-owner -C "$root" -x
  done
  cat $(find "$root/usr/share/ca-certificates" -name '*.crt' | LC_ALL=C sort) > "$1/bundle"

  # only what runs: no documentation, no translations, nothing that needs perl or a package manager
  rm -rf "$root"/usr/share/* "$root"/var/* "$root"/etc/* "$root"/usr/lib/{git-core/mergetools,mime,tmpfiles.d,systemd,locale,sasl2} \
    "$root"/usr/lib/*-linux-gnu/{gconv,audit,krb5,perl*} "$root"/usr/include "$root"/usr/games "$root"/usr/sbin/*
  grep -lE '^#! ?/usr/bin/perl' "$root"/usr/lib/git-core/* "$root"/usr/bin/* 2> /dev/null | xargs -r rm -f
  rm -f "$root"/usr/lib/git-core/git-{daemon,http-backend,imap-send,shell,cvsserver,gui*,citool,svn,p4,instaweb,http-push}
  find "$root/usr/bin" -maxdepth 1 -type f ! -name git ! -name git-lfs ! -name bash ! -name busybox -delete
  rm -f "$root"/usr/bin/{git-shell,git-receive-pack.old,rbash,bashbug,clear_console,scalar}
  mkdir -p "$root"/var/tmp "$root/usr/share/git-core/templates"/{info,hooks,branches}

  # busybox is everything else, under every name that nothing better has
  for link in $("$(busybox "$1")" --list); do
    [ -e "$root/usr/bin/$link" ] || [ -L "$root/usr/bin/$link" ] || ln -s busybox "$root/usr/bin/$link"
  done
  # the shell that the agent brings to images without one
  mkdir -p "$root/usr/local/lib/pod-executor" "$root/usr/local/bin"
  ln "$root/usr/bin/busybox" "$root/usr/local/lib/pod-executor/busybox"

  mkdir -p "$root/etc/ssl/certs"
  mv "$1/bundle" "$root/etc/ssl/certs/ca-certificates.crt"
  echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
  echo 'root:x:0:' > "$root/etc/group"
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
  # the job's user and the owner of the volume may differ, and this container serves only that one job
  # lfs: what "git lfs install" writes, without which "git lfs pull" fetches but checks nothing out
  cat > "$root/etc/gitconfig" <<'G'
[safe]
	directory = *
[filter "lfs"]
	clean = git-lfs clean -- %f
	smudge = git-lfs smudge -- %f
	process = git-lfs filter-process
	required = true
G
  # what is in it, where scanners for vulnerabilities look (as in images without a package manager)
  mkdir -p "$root/var/lib/dpkg/status.d"
  for file in "$1"/packages/*.deb; do dpkg-deb --field "$file" > "$root/var/lib/dpkg/status.d/$(dpkg-deb --field "$file" Package)"; done
  printf 'PRETTY_NAME="pod-executor helper, of Debian 12"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n' > "$root/etc/os-release"
  chmod 1777 "$root"/tmp "$root"/var/tmp
  chmod 777 "$root"/builds "$root"/cache
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch "$work"
unpack "$work"
mkdir -p "$1"
# a folder that is there already keeps what it is: only its content comes
find "$work/root" -mindepth 1 -maxdepth 1 -exec mv -t "$1" {} +
