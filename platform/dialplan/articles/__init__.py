"""Articles that callers are answered from: files to titled sections, sections to chunks. Pure."""
