"""A small school service: pupils, guardians, grades, and a worker that computes averages. Release 1.0.0.

Later releases are this folder with files of releases/<version>/ laid over it.
"""
