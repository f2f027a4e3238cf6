"""What the administrator does with people: accounts, roles over time, departments, and what opens the archive to them."""
