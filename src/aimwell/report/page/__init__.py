"""The page: blocks that a chapter is made of, and how they become one HTML file."""
