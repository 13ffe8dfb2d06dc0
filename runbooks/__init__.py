"""What Midwatch knows: Markdown in, procedures and classified steps out. Pure, but for reading the documents."""
