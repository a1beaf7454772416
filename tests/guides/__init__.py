"""The guides: their clients run, their words stand on the screens, their tables are current."""
