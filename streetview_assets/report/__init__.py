"""The report: one page about a study, made from its published database, to be passed on."""
