# accepted: a key as a file and one as text. The door reaches the network then, and not otherwise.
{ config, lib, ... }:
let
  manifest = config.environment.etc."hearth/deploy.json";
  service = config.systemd.services."hearth-deploy@".serviceConfig;
  inherit (config.hearth.apps.hello.deploy) cosignKeys;
in
{
  hearth.apps.hello.deploy.cosignKeys = [
    ../../../helpers/image-signature/vectors/cosign-2.pub
    (lib.readFile ../../../helpers/image-signature/vectors/cosign-3.pub)
  ];
  assertions = [
    {
      assertion = manifest.enable && lib.all (lib.hasPrefix "-----BEGIN PUBLIC KEY-----") cosignKeys;
      message = "a key is not in the manifest as its text";
    }
    {
      assertion = !service.PrivateNetwork && lib.elem "AF_INET" service.RestrictAddressFamilies;
      message = "the door cannot ask a registry";
    }
  ];
}
