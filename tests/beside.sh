# shellcheck shell=bash
# Sourced with `repo` set: what tests use that is no part of the project. Where nobody names it in the environment, it is
# looked for in the folders beside the checkout; what is not there is skipped by those that need it.

first_of() { # PATHS...
    local path
    for path in "$@"; do
        if [ -e "$path" ]; then dirname "$path"; return; fi
    done
}

# A rig that evaluates Nix code without a network, and the options that NixOS has and its older release lacks.
export HEARTH_NIXCHECK=${HEARTH_NIXCHECK:-$(first_of "$repo"/../*/nixcheck/nixcheck)}
export NIXCHECK_COMPAT=${NIXCHECK_COMPAT:-$repo/tests/eval/newer-options.nix}
# Recipes, tags and encrypted files that others wrote.
export HEARTH_FIXTURES=${HEARTH_FIXTURES:-$(first_of "$repo"/../*/fixtures/INDEX.tsv)}
[ -n "$HEARTH_FIXTURES" ] || unset HEARTH_FIXTURES
