"""The guides of the docs site: their clients run, their words stand on the screens, their tables are current."""
