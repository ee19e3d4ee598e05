"""The speaking tube: a bare ASGI application for chat streams, and the only room that imports aiohttp.

A stream holds neither a thread nor a database connection. What it may do was decided by the POST that signed its ticket.
"""
