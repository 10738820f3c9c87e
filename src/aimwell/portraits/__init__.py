"""Portraits: traits of every person as of a moment, snapshots, segments, drift, and surveys held against the census."""
