"""Any text comes back from Hydra's grammar as it was."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from maesum.config.overrides import override

_TRICKY = st.text(alphabet="\\'\"${}, =[]()#:%é~a1/.\n\t", max_size=8)


@given(_TRICKY | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8))
@example("l'été, [1] = #2 \\")
@example("null")
@example("1")
@example("")
@example(" ")
@example("${now:%Y}")
@example("\\${x}")
def test_a_quoted_text_comes_back(text):
    value = OverridesParser.create().parse_override(override("key", text)).value()
    assert OmegaConf.create({"key": str(value)}).key == text
    assert isinstance(value, str) or type(value).__name__ == "QuotedString"
