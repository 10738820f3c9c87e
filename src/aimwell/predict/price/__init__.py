"""How sales answer to price and promotion, product by product, learned from the shop's own past price moves."""
