# refused: is not of type `string matching the pattern [^ @]+:[A-Za-z0-9._-]+'
{
  hearth.apps.hello.images = [
    {
      name = "hello";
      archive = ./.;
    }
  ];
}
