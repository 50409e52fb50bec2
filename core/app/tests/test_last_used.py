"""What was made of an object is made once, while the object is one of those used last."""

from treadle.last_used import LastUsed


def test_it_is_made_once_for_one_object():
    made = []
    doubled = LastUsed(lambda items: made.append(items) or items * 2)
    one, equal = [1], [1]
    assert doubled(one) is doubled(one)
    assert doubled(equal) is not doubled(one)
    assert len(made) == 2


def test_what_was_used_longest_ago_is_forgotten():
    made = []
    size = LastUsed(lambda items: made.append(items) or len(items))
    often, others = ["often"], [[number] for number in range(40)]
    for other in others:
        assert size(often) == size(other) == 1
    size(others[0])
    assert made == [often, *others, others[0]]


def test_another_object_at_the_same_address_is_another_object():
    text = LastUsed(lambda items: str(items))
    assert [text([number]) for number in range(50)] == [f"[{number}]" for number in range(50)]
