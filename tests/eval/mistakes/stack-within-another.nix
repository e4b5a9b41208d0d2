# refused: the stack shop_test begins with the stack shop and an underscore
{
  hearth.apps.hello.stack = "shop";
  hearth.apps.hello-test.stack = "shop_test";
}
