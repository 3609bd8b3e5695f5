# shellcheck shell=bash
# Sourced by tests/other_debian and tests/packages, which set $top: a bare root of a Debian, and commands inside it. Needs
# root, debootstrap (installed where it is missing) and a mirror.

# shellcheck source=cli/packages.sh
. "$top/cli/packages.sh"
roots=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/vgg16/debian

# without REASON: ends, with status 0.
without() {
  echo "No tests in Debian's $suite: $*."
  exit 0
}

# own_mounts NAME COMMAND...: starts the script COMMAND again with mounts of its own, so that nothing is left of them however
# it ends, and one at a time of this NAME.
own_mounts() {
  [ "${VGG16_UNSHARED:-}" != true ] || return 0
  [ "$(id -u)" = 0 ] || without 'not root'
  unshare --mount true 2>/dev/null || without 'no rights to mount'
  mkdir -p "$roots"
  VGG16_UNSHARED=true exec flock "$roots/$1.lock" unshare --mount "${@:2}"
}

# bootstrap SUITE ROOT: a minimal Debian with git, from the mirror and by the settings that apt has here.
bootstrap() {
  local mirror
  command -v debootstrap >/dev/null || need_packages "$2.packages.log" debootstrap || return 1
  # shellcheck disable=SC2016  # apt-get's own format
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v -- -security | head -n 1)
  rm -rf --one-file-system "$2"
  debootstrap --variant=minbase --include=git,ca-certificates "$1" "$2" "$mirror" || return 1
  apt-config dump Acquire >"$2/etc/apt/apt.conf.d/99acquire"
  cp /etc/resolv.conf "$2/etc/resolv.conf"
  touch "$2/.ready"
}

# make_root SUITE ROOT: makes it unless it is there.
make_root() {
  [ ! -e "$2/.ready" ] || return 0
  say "Making a root of Debian's $1"
  if ! (bootstrap "$1" "$2") >"$2.log" 2>&1; then
    tail -n 2 "$2.log"
    without "the root could not be made (all it said: $2.log)"
  fi
}

# mount_root: mounts what commands inside $root need.
mount_root() {
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
}

# inside COMMAND: bash's, in /root/project inside $root, with what cli/packages.sh defines.
inside() {
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
    bash -c "cd /root/project && . cli/packages.sh && $1"
}
