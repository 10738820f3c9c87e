"""Demand: how many units will be bought, by product, category, channel, group of customers and in total."""
