# refused: the swarm secret's name would have 65 characters, 64 are allowed. Set a shorter hearth.apps.hello.stack.
{
  hearth.apps.hello.stack = "an-app-with-quite-a-long-name-for-a-stack";
  hearth.apps.hello.secrets.token_1234 = "hello_token";
}
