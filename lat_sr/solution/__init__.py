"""What a search found: points with their circuits, the budget they meet, and how one is selected."""
