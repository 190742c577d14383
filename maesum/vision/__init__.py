"""From pixels to frame features: decoding, preprocessing, backbones, and extraction of many videos [extra: vision]."""
