"""Fields that reading is not sure of (policy: ``filing.review_below``) wait here for a person's look, most doubtful first."""
