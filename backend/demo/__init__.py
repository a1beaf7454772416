"""The demo city: Qingdao's ten districts, and a day that is played in them.

Its customers, people and jobs are made up.
"""
