"""What a study is: its file, its axes, its points. Pure but for reading the file."""
