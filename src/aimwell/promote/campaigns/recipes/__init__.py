"""Recipes: campaigns ready to use, as files that are copied into a shop's folder and belong to the shop from then on."""
