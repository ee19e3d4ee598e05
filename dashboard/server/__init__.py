"""What stands between a connection and a view, so that whoever is slow holds nobody else.

protocol.py bounds heads and silences, bodies.py takes what is sent before a thread is taken, threads.py gives a few threads to many people,
pages.py runs Django in one of them and sends what it answered.
"""
