# refused: hearth.proxy.settings: hearth.apps.proxy has a recipe of your own, which does not get them. Put the flags into that recipe, or take it away.
{
  hearth.proxy.settings.metrics.prometheus = true;
  hearth.apps.proxy.recipe = ../../recipes/hello;
}
