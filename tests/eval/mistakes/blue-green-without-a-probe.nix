# refused: hearth.apps.hello.update = "blue-green": without a probe nobody knows which colour the proxy serves. Set hearth.apps.hello.domain or gate.probe.url
{
  hearth.apps.hello = {
    update = "blue-green";
    gate.probe.enable = false;
  };
}
