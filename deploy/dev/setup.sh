#!/usr/bin/env bash
# Installs what is missing: Debian packages, then a virtual environment from pinned requirements with hashes.
# Usage: deploy/dev/setup.sh run|dev|cluster        Changes nothing when everything is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
kind=${1:-run}
requirements=$kind

packages=(tesseract-ocr tesseract-ocr-chi-sim poppler-utils fonts-noto-cjk)
case "$kind" in
  dev) packages+=(chromium) ;;
  cluster) # the servers that deploy/dev/servers starts (their Java comes with the Python packages, Maven's own from Debian), and the
    # malware scanner that one test asks
    packages+=(postgresql redis-server maven clamav-daemon)
    requirements=dev
    ;;
esac

find_python() {
  for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
}

python=$(find_python)
if [ -z "$python" ]; then
  packages+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip' 2>/dev/null; then
  packages+=("$("$python" -c 'import sys; print(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")')")
fi

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" = 0 ]; then
    become=""
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    become="sudo"
  else
    echo "These packages are missing. Install them, then run this again:" >&2
    echo "  sudo apt-get update && sudo $install" >&2
    exit 1
  fi
  echo "Installing ${missing[*]}"
  $become apt-get update -qq
  # RUNLEVEL=1 keeps invoke-rc.d from starting the packages' own services
  $become env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $install -qq >/dev/null
fi

python=$(find_python)
if [ -z "$python" ]; then
  echo "Muniment needs Python 3.11 or newer; this system offers none. Install it, then run this again." >&2
  exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv

wanted=$(cat "requirements/$requirements.txt" pyproject.toml | sha256sum | cut -d' ' -f1)
if [ "$(cat ".venv/.muniment-$requirements" 2>/dev/null)" != "$wanted" ]; then
  echo "Installing Python packages into .venv (a minute or two)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "requirements/$requirements.txt"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "$wanted" >".venv/.muniment-$requirements"
fi
