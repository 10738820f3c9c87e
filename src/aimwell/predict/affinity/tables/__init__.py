"""Expressions: baskets, catalogue, pairs, scores, needs, look-alikes."""
