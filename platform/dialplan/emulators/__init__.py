"""Protocol-faithful peers on loopback, and the phone on the desk."""
