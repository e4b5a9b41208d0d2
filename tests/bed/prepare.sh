# Sourced by tests/try and tests/run: sees to what this machine must have, and sets `python`.

packages=(python3 debootstrap systemd-container iproute2 util-linux gcc libc6-dev git ca-certificates mypy pyflakes3)

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

prepare() { # MORE-PACKAGES...
    local missing tool
    if [ "$(id -u)" != 0 ]; then
        echo "error: the bed mounts folders and boots a container: run it as root" >&2
        exit 1
    fi
    for tool in cargo go; do
        command -v "$tool" >/dev/null || { echo "error: $tool is not in PATH, and is needed to build" >&2; exit 1; }
    done
    mapfile -t missing < <(missing_packages "${packages[@]}" "$@")
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "Will install from Debian's packages: ${missing[*]}"
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
    fi
    python=/usr/bin/python3
}
