# An app of a long name has a stack of its beginning.
{ config, ... }:
let
  inherit (config.hearth.apps.a-name-of-more-than-fifty-characters-is-more-than-a-swarm-wants) stack;
in
{
  hearth.apps.a-name-of-more-than-fifty-characters-is-more-than-a-swarm-wants.recipe = ../../recipes/hello;
  assertions = [
    {
      assertion = stack == "a-name-of-more-than-fifty-characters-is-more-than-";
      message = "the stack is ${stack}";
    }
  ];
}
