"""What a run leaves on disk: the model, its directory, and checkpoints."""
