"""Demo shops: real orders, and a campaign to plan for them."""
