"""The facade's nouns: what a person can ask of the engine, one file for each."""
