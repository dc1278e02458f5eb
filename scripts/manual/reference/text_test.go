package reference

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseText(t *testing.T) {
	t.Parallel()
	got, err := ParseText("# a\n\n## X\n\nOne\ntwo.\n\n`T`\n: Three\n  four.\n\n```sh peer\n  five\n\nsix\n```\n## Y\n# b\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Text{
		"a": {{"X", []Block{
			{Line: 5, Text: "One two."}, {Line: 8, Term: "`T`", Text: "Three four."}, {Line: 12, Code: true, Info: "sh peer", Text: "  five\n\nsix\n"},
		}}, {"Y", nil}},
		"b": nil,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestParseTextRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"x":                   "before the first page",
		"# a\nx":              "before the first section",
		"# a\n```\n":          "before the first section",
		"# a\n## X\n```\nx":   "never closed",
		"# a\n## X\n# a\nx\n": "there already",
	} {
		if _, err := ParseText(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseText(%q): %v, want %q", text, err, want)
		}
	}
}

func FuzzParseText(f *testing.F) {
	f.Add("# a\n## X\nOne\n\nT\n: x\n```sh\ny\n```\n")
	f.Add("# a\n## X\n: x\n: y\n")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseText(text)
		if err != nil {
			return
		}
		for page, sections := range parsed {
			for _, s := range sections {
				for _, b := range s.Blocks {
					if !b.Code && strings.Contains(b.Text, "\n") {
						t.Errorf("%s: %q has a line end", page, b.Text)
					}
				}
			}
		}
	})
}
