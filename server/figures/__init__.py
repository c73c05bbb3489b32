"""Figures: functions from numbers to PNG images. They know nothing of the lab."""
