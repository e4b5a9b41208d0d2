# refused: virtualisation.docker.listenOptions lacks /run/docker.sock, where every helper reaches the engine. Add it to the list.
{ lib, ... }:
{
  virtualisation.docker.listenOptions = lib.mkForce [ "/run/engine.sock" ];
}
