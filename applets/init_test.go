package applets_test

import (
	"bufio"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// update rewrites testdata/init.txt: go test ./applets -run TestInit -update-init
var update = flag.Bool("update-init", false, "rewrite testdata/init.txt from what the binary does now")

const initList = "testdata/init.txt"

// initCost is what a package allocates while it is initialised.
type initCost struct{ allocs, bytes int }

// exceeds reports whether c is noticeably more than was listed.
func (c initCost) exceeds(listed initCost) bool {
	return c.allocs > listed.allocs+listed.allocs/4+4 || c.bytes > listed.bytes+listed.bytes/4+512
}

// TestInit guards what every start of the binary pays, a child's for a
// connection included, before main: the packages that do something at init.
func TestInit(t *testing.T) {
	t.Parallel()
	got := tracedInits(t, startTraced(t))
	if *update {
		writeInitList(t, got)
	}
	release, listed := readInitList(t)
	grown := false
	for _, pkg := range slices.Sorted(maps.Keys(got)) {
		if strings.HasPrefix(pkg, "nettool") {
			t.Errorf("%s does something at package init: none of our packages may; use sync.OnceValue or a func with a switch", pkg)
		}
		if release != goRelease() && isStandard(pkg) {
			continue // another Go release has another standard library
		}
		if want, known := listed[pkg]; !known || got[pkg].exceeds(want) {
			grown = true
			t.Errorf("package init of %s: %s; %s has %s", pkg, describe(got[pkg], true), initList, describe(want, known))
		}
	}
	if grown {
		t.Error("every start of a child process pays for these; if the import is needed nevertheless, say why in the commit and run\n" +
			"go test ./applets -run TestInit -update-init")
	}
}

func describe(c initCost, known bool) string {
	if !known {
		return "no such package"
	}
	return fmt.Sprintf("%d allocations, %d bytes", c.allocs, c.bytes)
}

// startTraced builds the product and starts it as a child without a parent,
// which ends at once. Its trace is on its standard error.
func startTraced(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "nettool")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, ".")
	build.Dir = ".."
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var trace strings.Builder
	cmd := exec.Command(binary, "child")
	cmd.Args[0] = "nettool"
	cmd.Env = []string{"GODEBUG=inittrace=1"}
	cmd.Stderr = &trace
	if err := cmd.Run(); err == nil {
		t.Fatal("nettool child without a parent ended with 0")
	}
	return trace.String()
}

// tracedInits reads lines of GODEBUG=inittrace=1 (package runtime), as in
// "init os @0.59 ms, 0.037 ms clock, 432 bytes, 9 allocs".
func tracedInits(t *testing.T, trace string) map[string]initCost {
	t.Helper()
	found := map[string]initCost{}
	for line := range strings.Lines(trace) {
		var pkg string
		var at, clock float64
		var cost initCost
		n, _ := fmt.Sscanf(line, "init %s @%f ms, %f ms clock, %d bytes, %d allocs", &pkg, &at, &clock, &cost.bytes, &cost.allocs)
		if n == 5 {
			found[pkg] = cost
		}
	}
	if len(found) == 0 {
		t.Fatalf("no init trace in:\n%s", trace)
	}
	return found
}

func readInitList(t *testing.T) (release string, listed map[string]initCost) {
	t.Helper()
	file, err := os.Open(initList)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	listed = map[string]initCost{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var pkg string
		var cost initCost
		if after, ok := strings.CutPrefix(lines.Text(), "# Go release: "); ok {
			release = after
		}
		if n, _ := fmt.Sscan(lines.Text(), &pkg, &cost.allocs, &cost.bytes); n == 3 {
			listed[pkg] = cost
		}
	}
	return release, listed
}

func writeInitList(t *testing.T, got map[string]initCost) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "# Packages that do something at init, with allocations and bytes: what every start of nettool pays.\n"+
		"# Written by: go test ./applets -run TestInit -update-init\n# Go release: %s\n", goRelease())
	for _, pkg := range slices.Sorted(maps.Keys(got)) {
		fmt.Fprintf(&text, "%s %d %d\n", pkg, got[pkg].allocs, got[pkg].bytes)
	}
	if err := os.WriteFile(initList, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goRelease is go1.26 for go1.26.8.
func goRelease() string {
	parts := strings.SplitN(runtime.Version(), ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}

// isStandard reports whether pkg belongs to Go's standard library.
func isStandard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return !strings.Contains(first, ".") && first != "nettool"
}
