"""COPD risk stratification: extracts in, explained tier lists and a safe summary out."""

__version__ = "0.1.0"
