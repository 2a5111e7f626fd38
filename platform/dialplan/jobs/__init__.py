"""What is done once a call is over: its fields are read, and sent to whom they concern."""
