"""Compute frame features from videos: decoding, preprocessing, backbones and extraction [needs the extra vision]."""
