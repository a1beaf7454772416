"""The demo city: Qingdao's ten districts with made-up customers, people and jobs, and a day that is played in it."""
