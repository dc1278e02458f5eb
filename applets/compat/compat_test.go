package compat

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNames: every name has a tool, and scripts/install.sh links them all.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		if Named(name) == nil {
			t.Errorf("%s has no tool", name)
		}
	}
	if Named("nettool") != nil || Named("") != nil {
		t.Error("what is no tool has one")
	}
	script, err := os.ReadFile("../../scripts/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^others="(.*)"$`).FindSubmatch(script)
	if m == nil {
		t.Fatal("install.sh has no list")
	}
	linked := strings.Fields(string(m[1]))
	slices.Sort(linked)
	if want := slices.Sorted(slices.Values(Names())); !slices.Equal(linked, want) {
		t.Errorf("install.sh links %v, want %v", linked, want)
	}
}
