"""How much does the product bear? Real processes on this machine, fixed counts, one line of JSON for each scenario."""
