# Users and groups as the system knows them: by their names, which need not be those of their attributes.
{ lib, config }:
let
  named = name: set: lib.filter (one: one.name == name) (lib.attrValues set);
  inherit (config.users) users groups;
in
{
  isUser = name: named name users != [ ];
  isGroup = name: named name groups != [ ];

  # By whichever of the three ways NixOS has to say so.
  isMember =
    { user, group }:
    lib.any (one: one.group == group || lib.elem group one.extraGroups) (named user users)
    || lib.any (one: lib.elem user one.members) (named group groups);
}
