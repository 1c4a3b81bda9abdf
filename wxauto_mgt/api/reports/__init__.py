"""Reports that people read: a document made of sections, rendered as Markdown, HTML or plain text."""
