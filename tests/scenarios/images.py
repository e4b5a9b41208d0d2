# Images on containerd's store, which a new installation of the engine has: loaded from an archive, pulled by tag, pinned to
# what is in them, found again with the registry down, rebuilt under the tag that they had, and pruned.
APPS = {"hello": "hello.example.org"}

wait_until_serving()
assert host.succeed("docker info --format '{{.Driver}}'").strip() == "overlayfs"
Images().play()
