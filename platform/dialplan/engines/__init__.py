"""What listens, thinks and speaks in a call, behind one seam."""
