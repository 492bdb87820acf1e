"""A library whose import starts a thread that never ends."""

import threading

threading.Thread(target=threading.Event().wait, name="left_behind", daemon=True).start()
