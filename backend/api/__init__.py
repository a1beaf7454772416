"""HTTP: one blueprint per first URL segment; a function here reads the request, calls one service, shapes the reply."""
