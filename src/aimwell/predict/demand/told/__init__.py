"""What a shop tells beside its facts, in small files: promotions, days without stock, planned prices, launches."""
