"""HTTP: a function here reads the request, calls one service, shapes the reply."""
