from hypothesis import given
from hypothesis import strategies as st

from reporting.engine.differences import Difference, Kind, Piece, between, words

TEXTS = st.text(st.sampled_from("ab .,\n"), max_size=30)


def of_kind(pieces, *kinds):
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_put_together_from_the_pieces(before, after):
    pieces = words(before, after)
    assert of_kind(pieces, Kind.SAME, Kind.REMOVED) == before
    assert of_kind(pieces, Kind.SAME, Kind.ADDED) == after
    assert all(piece.text for piece in pieces)


@given(TEXTS)
def test_the_same_text_has_no_changes(text):
    assert of_kind(words(text, text), Kind.ADDED, Kind.REMOVED) == ""


def test_a_changed_word_is_removed_and_added_whole():
    assert words("Large defect in RB9.", "Small defect in RB10.") == (
        Piece(Kind.REMOVED, "Large"),
        Piece(Kind.ADDED, "Small"),
        Piece(Kind.SAME, " defect in "),
        Piece(Kind.REMOVED, "RB9"),
        Piece(Kind.ADDED, "RB10"),
        Piece(Kind.SAME, "."),
    )


def test_neighbouring_changed_words_read_as_one_change():
    pieces = words("two small defects", "three large defects")
    assert pieces == (
        Piece(Kind.REMOVED, "two small"),
        Piece(Kind.ADDED, "three large"),
        Piece(Kind.SAME, " defects"),
    )


def test_only_parts_that_differ_are_named_also_those_that_are_gone():
    before = {"Findings": "Even.", "Impression": "Normal.", "Next step": "None."}
    after = {"Findings": "Even.", "Impression": "Abnormal."}
    assert [each.label for each in between(before, after)] == ["Impression", "Next step"]
    assert between(before, before) == ()
    assert between({}, {"Findings": "Even."}) == (Difference("Findings", (Piece(Kind.ADDED, "Even."),)),)
