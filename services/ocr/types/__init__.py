"""What type a document is: rules first (``services.ocr.classify``), and a model of character n-grams that learns from what
people said. ``grams`` makes numbers of text, ``model`` decides and explains, ``training`` fits and judges, ``service`` learns
from the catalogue and keeps versions.
"""
