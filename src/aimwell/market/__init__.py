"""Market background: yearly series of the market from statistics, their growth, and the shop's own growth beside it."""
