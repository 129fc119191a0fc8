"""What one looks at: the start screen, the dashboard and its dialogs."""
