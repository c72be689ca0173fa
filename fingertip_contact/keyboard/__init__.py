"""Contact events to keys and text: layout, pose of the sheet, typing."""
