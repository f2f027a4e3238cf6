"""Labels of boxes, and which boxes need another because their period or class has changed (behaviour 6)."""
