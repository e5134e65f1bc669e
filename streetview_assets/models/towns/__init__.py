"""What scores of some towns say of others: trained here, tested there."""
