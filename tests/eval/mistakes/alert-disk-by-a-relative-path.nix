# refused: hearth.alerts.disks: `var` is no absolute path. Write one such as /var.
{ hearth.alerts.disks.var = { }; }
