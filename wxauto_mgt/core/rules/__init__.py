"""Which message goes where: the rule model, the matcher with its explanation, findings about rules."""
