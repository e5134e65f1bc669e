"""Pairs of images: the table of a survey, the votes of Place Pulse 2, and files that are wrong."""

import pytest

from streetview_assets.errors import StudyError

SURVEY = "img_1,img_2,perception,choice,user_id,time\n"


def test_the_choices_of_a_survey_are_told(read):
    pairs = [("11", "left"), ("12", "right"), ("1", "equal"), ("0", "not_comparable")]
    pairs.append(("2", "not_shown"))
    text = SURVEY + "".join(f"11,12,safe,{sign},u{n},\n" for n, (sign, _) in enumerate(pairs))
    frame = read(text, pairs=True).sort("rater_id")
    assert frame["choice"].to_list() == [meaning for _, meaning in pairs]
    assert set(frame["quality"]) == {"safe"}


def test_a_sign_that_is_also_an_image_is_not_guessed(read):
    frame = read(SURVEY + "1,5,safe,1,u,\n1,5,safe,5,u,\n1,5,safe,0,u,\n", pairs=True)
    assert frame["choice"].to_list() == [None, "right", "not_comparable"]


def test_votes_of_place_pulse_come_in_as_ratings_too(read, tmp_path):
    votes = "study_id,left,right,winner\ns1,a,b,left\ns1,b,a,equal\ns2,a,b,RIGHT\n"
    frame = read(votes, pairs=True)
    assert frame.select("quality", "left_name", "choice").rows() == [
        *(("s1", "a", "left"), ("s1", "b", "equal"), ("s2", "a", "right"))
    ]
    assert read(votes).is_empty(), "named as ratings, they are pairs all the same"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SURVEY + "1,3,safe,9,u,\n", "column 'choice', row 2: '9' is no choice"),
        (SURVEY + "1,3,safe,1,u,\n1,,safe,1,u,\n", "column 'img_2', row 3: nothing stands there"),
        ("left,winner\na,left\n", "no column 'right'"),
    ],
)
def test_what_is_wrong_is_told(read, text, said):
    with pytest.raises(StudyError) as error:
        read(text, pairs=True)
    assert said in str(error.value)


def test_a_choice_that_is_empty_is_no_fault(read):
    assert read(SURVEY + "1,3,safe,,u,\n", pairs=True)["choice"].to_list() == [None]
