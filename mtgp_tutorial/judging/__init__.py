"""Is a prediction good, and is one better than another?"""
