# refused: hearth.secrets.entries.../shadow: a name is made of letters, digits, `_`, `-` and `.`, with `/` between folders, and `templates/` is taken. Rename it; `key` may name any place in the sops file.
{ hearth.secrets.entries."../shadow" = { }; }
