# shellcheck shell=bash disable=SC2034  # read by others, which use what it sets
# Read by cli/start and tests/run: what the build needs, by names that Debian and Ubuntu share, and how to get it. Nothing is
# changed before it is certain that all of it can be installed; where everything is there already, no network and no rights
# are needed.

# make, not ninja: it is what a plain `cmake -S . -B build` takes.
build_packages=(g++ cmake make libhdf5-dev libaec-dev zlib1g-dev libeigen3-dev libcli11-dev nlohmann-json3-dev
                libjpeg-dev)
# tests/run builds the benchmarks too, so that they cannot rot, makes a Python environment of its own and Debian packages,
# and fuzzes with Clang's library.
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev parallel valgrind pkgconf python3-venv dpkg-dev file clang)
# Ubuntu 22.04 has no package of that name: there Clang's library comes with Clang.
grep -qs '^VERSION_ID="22.04"' /etc/os-release || test_packages+=(libclang-rt-dev)

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() { printf '\n== %s\n' "$*" >&2; }

# as_root COMMAND...: runs it with the rights to install, which may_install has found to be there.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

# quietly LOG COMMAND...: keeps what the command says for the case that it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1
}

# installable PACKAGE...: whether apt could install all of them as things stand; changes nothing.
installable() { LC_ALL=C apt-get install --simulate --no-install-recommends "$@" >/dev/null 2>&1; }

# by_hand PACKAGE...: the command that installs them, by the names that they have here (cli/packages.txt).
by_hand() {
  local manager
  for manager in apt-get dnf zypper pacman none; do command -v "$manager" >/dev/null && break; done
  case $manager in
    apt-get) printf 'as root: apt-get update && apt-get install --no-install-recommends' ;;
    pacman) printf 'untried: pacman -S' ;;
    none) printf 'by their names in Debian:' ;;
    *) printf 'untried: %s install' "$manager" ;;
  esac
  printf '%s\n' "$@" | awk -v manager="$manager" '
    /^#/ {next}
    !column {for (column = NF; column > 1 && $column != manager;) --column; next}
    FILENAME != "-" {names[$1] = $column; next}
    {name = $1 in names ? names[$1] : $1; if (!told[name]++) printf " %s", name}' "${BASH_SOURCE[0]%/*}/packages.txt" -
}

# need_packages LOG PACKAGE...: installs those that are missing, or says which and exits with 1.
need_packages() {
  local log=$1 package missing=()
  shift
  if ! command -v dpkg-query >/dev/null; then
    for package in g++ cmake make; do command -v "$package" >/dev/null || missing+=("$package"); done
    [ ${#missing[@]} = 0 ] ||
      die "missing: ${missing[*]}; this script installs packages on Debian and Ubuntu only. All that is needed," \
        "$(by_hand "$@")"
    return 0  # Missing libraries are named by CMake, before anything is built.
  fi
  for package in "$@"; do
    # shellcheck disable=SC2016  # dpkg-query's own format
    [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  command -v apt-get >/dev/null || die "missing packages, and no apt-get to install them: ${missing[*]}"
  may_install || die "missing packages, and neither root nor sudo without a password to install them;" \
    "$(by_hand "${missing[@]}")"

  mkdir -p "$(dirname "$log")"
  say "Installing ${missing[*]}"
  local -a install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
  # A list of packages that is absent or out of date shows in one of the first two steps; then it is fetched anew.
  if installable "${missing[@]}" && quietly "$log" as_root "${install[@]}"; then return 0; fi
  quietly "$log" as_root apt-get update -q || true  # one repository of many may be out of reach
  if ! installable "${missing[@]}"; then
    cat "$log" >&2
    die "apt-get cannot install ${missing[*]} here, and changed nothing. Is there a network? By hand, $(by_hand "${missing[@]}")"
  fi
  if ! quietly "$log" as_root "${install[@]}"; then
    tail -n 20 "$log" >&2
    die "apt-get could not install ${missing[*]} (all it said: $log). By hand, $(by_hand "${missing[@]}")"
  fi
}

# jobs: as many compilers at a time as there are cores, but no more than the memory holds (1 GiB each).
jobs() {
  local cores memory_gib
  cores=$(nproc)
  memory_gib=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  [ "$memory_gib" -ge 1 ] || memory_gib=1
  echo $((cores < memory_gib ? cores : memory_gib))
}
