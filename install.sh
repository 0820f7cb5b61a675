#!/bin/sh
# Installs halton-meter for the user who runs this, without root:
#
#   curl -fsSL https://github.com/haltonlabs/halton-meter/releases/latest/download/install.sh | sh
#
# "sh -s -- --help" in the place of "sh" tells what else it can do. It contacts the address of the release and nothing
# else, and changes nothing but one file.

usage() {
  cat <<'TEXT'
Installs halton-meter, or brings it to another version.

  install.sh [--version X.Y.Z]   install or upgrade
  install.sh --uninstall         remove the program
  install.sh --help              show this

Variables:
  HALTON_METER_VERSION      version to install; default latest
  HALTON_METER_INSTALL_DIR  folder to install to; default ~/.local/bin
  HALTON_METER_BASE_URL     where releases are; default https://github.com/haltonlabs/halton-meter/releases
TEXT
}

fail() {
  printf 'install.sh: %s\n' "$1" >&2
  if [ $# -gt 1 ]; then printf '  %s\n' "$2" >&2; fi
  exit 1
}

misused() {
  printf 'install.sh: %s\n  See install.sh --help\n' "$1" >&2
  exit 2
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# One word as a shell reads it.
quoted() {
  printf "'"
  printf '%s' "$1" | sed "s/'/'\\\\''/g"
  printf "'"
}

clean_up() {
  if [ -n "$work" ]; then rm -rf "$work"; fi
}

# Removes what runs that were killed have left. One that works still is left alone; so is one without a number, which may
# have begun just now, unless $1 says that all is to go.
sweep() {
  for left in "$target"/.halton-meter.??????; do
    if [ ! -d "$left" ] || [ "$left" = "$work" ]; then continue; fi
    owner=$(cat "$left/pid" 2>/dev/null || true)
    if [ -z "$owner" ] && [ "$1" != all ]; then continue; fi
    if [ -n "$owner" ] && kill -0 "$owner" 2>/dev/null; then continue; fi
    rm -rf "$left"
  done
}

# What an upgrade that was killed has left: the program before it, and copies of the next one, named by a UUID.
sweep_upgrades() {
  for left in "$target/halton-meter.previous" "$target"/halton-meter.????????-????-????-????-????????????.tmp; do
    case ${left##*/halton-meter.} in
      previous) ;;
      *[!-.0-9a-ftmp]*) continue ;;
    esac
    if [ -f "$left" ]; then rm -f "$left" || fail "Cannot remove $left"; fi
  done
}

# An address without the name and the password that may be in it.
shown() {
  printf '%s' "$1" | sed 's|//[^@/]*@|//|; s|^[^@/]*@||'
}

find_platform() {
  system=$(uname -s)
  machine=$(uname -m)
  case $system in
    Darwin) os=darwin ;;
    Linux) os=linux ;;
    *) fail "There is no halton-meter for $system" "It runs on macOS and on Linux" ;;
  esac
  case $machine in
    x86_64 | amd64) arch=x64 ;;
    arm64 | aarch64) arch=arm64 ;;
    *) fail "There is no halton-meter for $machine processors" "It runs on x86-64 and on 64-bit ARM" ;;
  esac
  # A shell that is translated for Intel is told so of an Apple processor too.
  if [ "$os" = darwin ] && [ "$arch" = x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || true)" = 1 ]; then
    arch=arm64
  fi
  if [ "$os" = linux ] && (ldd --version 2>&1 || true) | grep -qi musl; then
    fail "There is no halton-meter for musl, the C library of this system" "Use a system with glibc, such as Debian or Fedora"
  fi
}

# Downloads $1 to the file $2.
download() {
  said=$work/said
  ended=0
  # What begins safely must not be led to where anyone could change it.
  case $1 in https://*) only='=https' ;; *) only='=http,https' ;; esac
  if has curl; then
    code=$(curl --location --proto-redir "$only" --silent --show-error --connect-timeout 30 --write-out '%{http_code}' --output "$2" "$1" 2>"$said") ||
      ended=$?
    if [ "$ended" -eq 0 ]; then
      case $code in
        2??) return ;;
        404) fail "Cannot download $1: there is no such file" "Check the version: $version" ;;
        *) fail "Cannot download $1: the server answered $code" "Try again later" ;;
      esac
    fi
  elif has wget; then
    wget -q -T 30 -O "$2" "$1" 2>"$said" || ended=$?
    if [ "$ended" -eq 0 ]; then return; fi
  else
    fail "Cannot download $1: neither curl nor wget is installed" "Install one of them"
  fi
  hint="Check the network, and the space that is left in $target"
  proxy=${https_proxy:-${HTTPS_PROXY:-${all_proxy:-${ALL_PROXY:-}}}}
  if [ -n "$proxy" ]; then hint="$hint; a proxy is set: $(shown "$proxy")"; fi
  why=$(tail -n 1 "$said" 2>/dev/null || true)
  fail "Cannot download $1: ${why:-the download failed with code $ended}" "$hint"
}

sum_of() {
  if has sha256sum; then
    sum=$(sha256sum <"$1")
  elif has shasum; then
    sum=$(shasum -a 256 <"$1")
  elif has openssl; then
    sum=$(openssl dgst -sha256 -r <"$1")
  else
    fail "Cannot verify the download: none of sha256sum, shasum and openssl is installed" "Install one of them"
  fi
  sum=${sum%% *}
}

# The archive for this machine, as the list of checksums names it.
find_archive() {
  archive=$(sed -n "s/^[0-9a-f]\{64\}  \(halton-meter-[0-9A-Za-z.+-]*-$os-$arch\.tar\.gz\)\$/\1/p" "$work/SHA256SUMS" | head -n 1)
  if [ -z "$archive" ]; then
    if ! grep -q '^[0-9a-f]\{64\}  halton-meter-' "$work/SHA256SUMS"; then
      fail "What $from/SHA256SUMS answers is no list of checksums" "See what it is in a browser: a network may ask for a login first"
    fi
    fail "The release at $from has nothing for $os-$arch" "Choose another version: HALTON_METER_VERSION=X.Y.Z"
  fi
  version=${archive#halton-meter-}
  version=${version%-"$os"-"$arch".tar.gz}
  if [ "$wanted" != latest ] && [ "$version" != "$wanted" ]; then
    fail "The release at $from is of version $version, and not $wanted"
  fi
}

verify() {
  stated=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$work/SHA256SUMS" | head -n 1)
  sum_of "$work/$archive"
  if [ "$stated" != "$sum" ]; then
    fail "The checksum of $archive is wrong: expected $stated, found $sum" "Nothing was changed. Try again"
  fi
}

# A program that does not run here must not replace one that does.
try() {
  tar -xzf "$work/$archive" -C "$work" halton-meter 2>"$work/said" ||
    fail "Cannot unpack $archive: $(tail -n 1 "$work/said")" "Check the space that is left in $target"
  chmod 755 "$work/halton-meter"
  answer=$("$work/halton-meter" --version 2>"$work/said" </dev/null) ||
    fail "The program does not run on this machine: $(head -n 1 "$work/said")" "Nothing was changed"
  case $answer in
    "halton-meter $version" | "halton-meter $version "*) ;;
    *) fail "The program says that it is \"$answer\", and not version $version" "Nothing was changed" ;;
  esac
}

# A meter that is set up is upgraded by itself: it restarts its services so that no call fails, and goes back if it must.
put() {
  if [ -f "$home/install-mode" ] && [ -x "$target/halton-meter" ] && "$target/halton-meter" --version >/dev/null 2>&1 </dev/null; then
    "$target/halton-meter" upgrade --from "$work/halton-meter" --allow-downgrade </dev/null || exit 1
    return
  fi
  # mv would put it into the folder.
  if [ -d "$target/halton-meter" ]; then fail "Cannot write $target/halton-meter: it is a folder" "Move it away"; fi
  mv -f "$work/halton-meter" "$target/halton-meter" || fail "Cannot write $target/halton-meter"
  printf 'Installed halton-meter %s as %s\n' "$version" "$target/halton-meter"
}

hint_path() {
  case ":$PATH:" in
    *":$target:"*)
      found=$(command -v halton-meter || true)
      if [ -n "$found" ] && [ "$found" != "$target/halton-meter" ]; then
        printf '\nYour shell finds another one first: %s\n' "$found"
      fi
      return
      ;;
  esac
  folder=$(quoted "$target")
  printf '\n%s is not on your PATH. To put it there:\n\n' "$target"
  case $(basename "${SHELL:-sh}") in
    fish) printf '  fish_add_path %s\n' "$folder" ;;
    zsh) path_line "$(quoted "${ZDOTDIR:-$HOME}/.zshrc")" ;;
    bash) if [ "$os" = darwin ]; then path_line "$(quoted "$HOME/.bash_profile")"; else path_line "$(quoted "$HOME/.bashrc")"; fi ;;
    *) path_line "$(quoted "$HOME/.profile")" ;;
  esac
  printf '\nand open a new terminal.\n'
}

path_line() {
  # Quoted twice: once for the line, once for the command that writes it.
  line="export PATH=$folder:\"\$PATH\""
  printf '  echo %s >> %s\n' "$(quoted "$line")" "$1"
}

install() {
  find_platform
  mkdir -p "$target" 2>/dev/null || fail "Cannot make the folder $target" "Set HALTON_METER_INSTALL_DIR to a folder of your own"
  # In the target's own folder, so that the last step is a rename.
  work=$(mktemp -d "$target/.halton-meter.XXXXXX" 2>/dev/null) ||
    fail "Cannot write to $target" "Set HALTON_METER_INSTALL_DIR to a folder of your own"
  printf '%s\n' "$$" >"$work/pid"
  sweep others
  version=$wanted
  if [ "$wanted" = latest ]; then from=$base/latest/download; else from=$base/download/v$wanted; fi
  download "$from/SHA256SUMS" "$work/SHA256SUMS"
  find_archive
  # By its version even where the latest is wanted: another release may appear meanwhile.
  download "$base/download/v$version/$archive" "$work/$archive"
  verify
  try
  put
  hint_path
  if [ ! -f "$home/install-mode" ]; then
    printf '\nNext:  halton-meter demo           see it work, with nothing set up\n'
    printf '       halton-meter init --apps    meter every new terminal\n'
  fi
}

uninstall() {
  if [ -f "$home/install-mode" ]; then
    fail "The meter is still set up on this machine" "Run this first: halton-meter uninstall"
  fi
  sweep all
  sweep_upgrades
  if [ ! -e "$target/halton-meter" ] && [ ! -h "$target/halton-meter" ]; then
    printf 'There is no %s\n' "$target/halton-meter"
    return
  fi
  rm -f "$target/halton-meter" || fail "Cannot remove $target/halton-meter"
  printf 'Removed %s\n' "$target/halton-meter"
  # Folders that were made for it, or might as well have been.
  if [ "$target" = "$HOME/.local/bin" ]; then rmdir "$target" "$HOME/.local" 2>/dev/null || true; fi
  if [ -d "$home" ]; then printf 'What was recorded is still in %s\n' "$home"; fi
}

main() {
  if [ -n "${ZSH_VERSION:-}" ]; then emulate -L sh; fi
  set -eu
  umask 022
  work=
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  action=install
  wanted=${HALTON_METER_VERSION:-latest}
  while [ $# -gt 0 ]; do
    case $1 in
      --version)
        if [ $# -lt 2 ]; then misused "--version needs a version"; fi
        wanted=$2
        shift
        ;;
      --version=*) wanted=${1#--version=} ;;
      --uninstall) action=uninstall ;;
      -h | --help)
        usage
        return
        ;;
      *) misused "Unknown option: $1" ;;
    esac
    shift
  done
  wanted=${wanted#v}
  case $wanted in
    '' | *[!0-9A-Za-z.+-]*) misused "Not a version: $wanted" ;;
  esac
  if [ -z "${HOME:-}" ]; then fail "HOME is not set"; fi
  base=${HALTON_METER_BASE_URL:-https://github.com/haltonlabs/halton-meter/releases}
  base=${base%/}
  target=${HALTON_METER_INSTALL_DIR:-$HOME/.local/bin}
  home=${HALTON_METER_HOME:-$HOME/.halton-meter}
  case $target in
    /*) ;;
    *) misused "HALTON_METER_INSTALL_DIR is not an absolute path: $target" ;;
  esac
  "$action"
}

# In braces, so that a download that was cut anywhere runs nothing.
{ main "$@"; }
