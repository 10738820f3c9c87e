"""Mappings: data that say which column of a file feeds which column of the lake. Presets are bundled mappings."""
