"""What a link may do: as documents say it, and as its provider is told."""
