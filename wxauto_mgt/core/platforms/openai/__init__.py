"""The `openai` platform: any server that speaks OpenAI's chat completions."""
