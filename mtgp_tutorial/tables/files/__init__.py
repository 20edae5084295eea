"""Files of text as tables: encodings, dialects, columns that are guessed. The core imports none of it."""
