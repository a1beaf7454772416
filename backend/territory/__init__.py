"""Cells and who serves them, plans for cells, coverage, cards, map layers."""
