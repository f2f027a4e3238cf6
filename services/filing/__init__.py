"""整理归档. What was read becomes a catalogue entry: a title, a draft reference code (档号), the parties, likely rescans."""
