"""From a video to a summary worth watching: importance, shots, selection, files and a page [extra: vision]."""
