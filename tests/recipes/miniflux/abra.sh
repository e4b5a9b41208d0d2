# shellcheck shell=bash
export DATABASE_URL_VERSION=v1
