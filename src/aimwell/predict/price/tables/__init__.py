"""Tables of price: weekly sales per product, and the responses of all products."""
