"""What is kept on disk: the journal, outputs, and where everything lives."""
