"""Next basket, recommendations, potential needs and look-alikes."""
