"""Tests of the jobs, with a toy export whose pace the tests decide."""
