"""The bed: a throwaway Debian host under systemd-nspawn, with the driver that runs scenarios on it.

template    debian.py, layers.py, images.py, traefik.py, registry.py   built once, kept in the cache
host        slot.py, host.py                                           one overlay, booted in a second
driver      machine.py, scenario.py                                    the NixOS test driver's methods
commands    __main__.py, tryout.py, suite.py                           `python3 tests/bed`, tests/try, tests/run
machine     prepare.sh, requirements/, fresh.py, style.py              what it must have, and the checks that it is all
"""
