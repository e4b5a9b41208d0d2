# shellcheck shell=bash
# hello has no configs whose versions would stand here.
