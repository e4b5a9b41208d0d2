# refused: without `.`, `..` or `//` in it
{
  # It is the root folder, and has not its name.
  hearth.apps.hello.allow.hostPaths = [ "//" ];
}
