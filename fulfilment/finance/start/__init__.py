"""What the start page of finance says: the cash, what is expected, what is to be done, what is blocked and why.

Each part is a handful of queries however long the books are; ``fulfilment.finance.dashboard`` puts them on the page."""
