"""Campaigns: from a file in the shop's folder to messages, with a receipt for every decision."""
