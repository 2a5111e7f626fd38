"""What turns caller audio into agent audio."""
