"""The daily run over the schedule: what is due is put on the due list, what is due no more is taken off again."""
