"""Bring finished files to where people fetch them, and prove that they arrived whole."""
