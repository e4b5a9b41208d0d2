# refused: port of the host such as 25 or "8448/udp"
{
  hearth.apps.hello.allow.ports = [ "80/icmp" ];
}
