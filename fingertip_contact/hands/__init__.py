"""Colour image to hands: palm detector, landmark model, tracker."""
