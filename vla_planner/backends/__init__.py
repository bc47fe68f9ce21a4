"""What answers: a model in this process (`hf`), at a server (`http`), or a file."""
