"""The map of the lungs' segments as a drawing, and what it says of each segment."""

from reporting.lungs.drawing import Picture, figures, pictures, segment_svg
from reporting.lungs.marks import MARKS, in_words, mark_of, marks_of

__all__ = ["MARKS", "Picture", "figures", "in_words", "mark_of", "marks_of", "pictures", "segment_svg"]
