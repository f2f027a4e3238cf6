"""What is told day by day (I一, H五): what came in, what is to be filed by the week's day, and what is overdue."""
