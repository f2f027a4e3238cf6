"""整理归档: the desk, the quality check, corrections beside the picture, filing forms, customers' files, handovers."""
