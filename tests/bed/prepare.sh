# shellcheck shell=bash
# Sourced by tests/try, tests/run and tests/bench/run: sees to what this machine must have, and sets `python`.

table=$(dirname "${BASH_SOURCE[0]}")/requirements/table.tsv

# Each command of the table with its package, a line each.
programs() {
    local command package
    while read -r command package; do
        case $command in "" | "#"*) ;; *) echo "$command $package" ;; esac
    done <"$table"
}

missing_packages() {
    local package
    while read -r _ package; do
        case $package in
        "("*) ;;
        *) dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package" ;;
        esac
    done < <(programs) | sort -u
}

missing_toolchain() {
    local command package
    while read -r command package; do
        # starts: cargo go
        [ "$package" != "(toolchain)" ] || command -v "$command" >/dev/null || echo "$command"
    done < <(programs)
}

prepare() {
    local missing
    if [ "$(id -u)" != 0 ]; then
        echo "error: the bed mounts folders and boots a container: run it as root" >&2
        exit 1
    fi
    mapfile -t missing < <(missing_toolchain)
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "error: not in PATH, and needed to build: ${missing[*]}" >&2
        exit 1
    fi
    mapfile -t missing < <(missing_packages)
    if [ "${#missing[@]}" -gt 0 ]; then
        echo "Will install from Debian's packages: ${missing[*]}"
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
    fi
    # shellcheck disable=SC2034 # for who sources this
    python=/usr/bin/python3
}
