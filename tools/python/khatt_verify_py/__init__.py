"""A second verifier of Khatt's record files, written from `spec/` alone.

It shares nothing with the crates: not their code, not their tables. Where the two disagree about a file,
one of them or the specification is wrong.
"""
