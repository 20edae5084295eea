"""Tables of numbers: names, units, holes, trends."""
