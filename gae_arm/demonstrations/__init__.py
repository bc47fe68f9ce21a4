"""Demonstrations: episodes on disk, loading, keyframes, making, pictures, import and export."""
