"""Pages for people who look at calls: server-rendered, one small script, nothing from elsewhere."""
