"""Policy that guards people: what is masked, how a masked identifier is still found."""
