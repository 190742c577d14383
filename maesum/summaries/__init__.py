"""Turn videos into summaries: importance, shots, selection, files and a page [extra: vision]."""
