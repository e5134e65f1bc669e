"""Money: prices, the ledger, and the reservations that no run exceeds."""
