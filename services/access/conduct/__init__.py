"""Rewards and violations (奖惩, behaviour 29). Rows are never changed, and nothing here computes a fine."""
