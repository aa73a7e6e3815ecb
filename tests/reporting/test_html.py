import html.parser
import re

from lat_sr.reporting import render_html


class _Page(html.parser.HTMLParser):
    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.rows, self.links = [], [], 0, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        self.rows += tag == "tr"
        self.sources += [value for name, value in attributes if name == "src"]
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_one_well_formed_file(front, verification):
    page = _Page(render_html(front, verification, max_latency=3))
    assert page.open == []
    assert len(page.sources) == 3
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert page.rows == (1 + 2) + (1 + 2)


def test_page_escapes_what_it_is_given(front, verification):
    text = render_html(front, verification, title="<i>run</i>", settings={"k<": "<script>"})
    assert "<script>" not in text
    assert "<i>run" not in text
    assert "x0*x1 &lt; &lt;b&gt;" in text


def test_page_names_timing_source_settings_and_failures(front, verification):
    text = render_html(front, verification, settings={"precision": "ap_fixed<16,6>"})
    assert "yosys sta, xc7 cells, logic without routing; timing derate 1" in text
    assert "ap_fixed&lt;16,6&gt;" in text
    assert len(re.findall('<tr class="failed">', text)) == 1
    assert "Predicted latency equals actual for 1 of 2, is within one cycle for 2." in text
    assert "1 of 2 points refused" in text


def test_page_without_verification_says_so(front):
    text = render_html(front)
    assert "No point of this front has been built yet." in text
    assert len(_Page(text).sources) == 1
