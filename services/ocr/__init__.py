"""数字化: clean, recognise, classify, extract; searchable PDF/A. Engines stand behind one port."""
