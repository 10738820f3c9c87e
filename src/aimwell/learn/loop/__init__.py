"""The loop: policies run the same simulated shop for a year, month by month, and are compared by profit."""
