"""Money that goes back by SEPA credit transfer, from the button to the line of the bank."""
