# refused: hearth.apps: hello and miniflux have the same stack one, and would replace each other. Give each its own `stack`.
{
  hearth.apps.hello.stack = "one";
  hearth.apps.miniflux.stack = "one";
}
