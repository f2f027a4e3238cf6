"""Trigger events (触发事件): recorded by people, or told by verified fields."""
