# shellcheck shell=bash
export ROLES_VERSION=v1
