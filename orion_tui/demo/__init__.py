"""A sample repository and a recording, as data, and the driver that runs the main job on them.

The engine knows nothing of this: a demonstration is an ordinary home, an ordinary repository, and a model whose
configured API is a recording.
"""
