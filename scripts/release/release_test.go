package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// someRelease is of the time someTime, without a licence of its own.
func someRelease(t *testing.T, said string) *release {
	t.Helper()
	form, err := parseVersion(said)
	if err != nil {
		t.Fatal(err)
	}
	return &release{version: said, form: form, commit: "abcdef1234", maintainer: "A B <a@example.com>", when: someTime}
}

// someBuild is of two parts.
func someBuild() *build {
	return &build{
		target: targets()[0], program: []byte("program"), goVersion: "go1.26",
		parts: []part{
			{name: "example.com/a", version: "v1.0.0", sum: "h1:AAAA", licence: "MIT", texts: []text{{"LICENSE", []byte(mitWords)}}, uses: []string{standard}},
			{name: standard, version: "go1.26", licence: "Apache-2.0", texts: []text{{"LICENSE", []byte(apache)}, {"NOTICE", []byte("Notice\n\nthis.\n")}}},
		},
	}
}

// TestVersions: what each kind of package calls a version. The words of apk are those that
// its own tools take.
func TestVersions(t *testing.T) {
	apk := regexp.MustCompile(`^\d+(\.\d+)*(_(alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*$`)
	tests := []struct{ version, tilde, alpine string }{
		{"1.2.3", "1.2.3", "1.2.3"},
		{"1.2.3-rc1", "1.2.3~rc1", "1.2.3_rc1"},
		{"1.2.3-beta.2", "1.2.3~beta2", "1.2.3_beta2"},
		{"1.2.3-rc1-4-gabcdef1234", "1.2.3~rc1+4.gabcdef1234", "1.2.3_rc1_p4"},
		{"1.2.3-4-gabcdef1234", "1.2.3+4.gabcdef1234", "1.2.3_p4"},
		{"1.2.3-dirty", "1.2.3+dirty", "1.2.3"},
		{"0.1.0-dev+abcdef1", "0.1.0~dev+20231114221320.abcdef1", "0.1.0_alpha20231114_p221320"},
		{"0.1.0-dev", "0.1.0~dev+20231114221320", "0.1.0_alpha20231114_p221320"},
	}
	for _, test := range tests {
		v, err := parseVersion(test.version)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := v.tilde(someTime); got != test.tilde {
			t.Errorf("%s is %q for dpkg and rpm, want %q", test.version, got, test.tilde)
		}
		if got := v.alpine(someTime); got != test.alpine || !apk.MatchString(got) {
			t.Errorf("%s is %q for apk, want %q", test.version, got, test.alpine)
		}
	}
	for _, wrong := range []string{"", "v1.2.3", "1.2.3-nightly", "1.2 3", "main"} {
		if _, err := parseVersion(wrong); err == nil {
			t.Errorf("%q is a version", wrong)
		}
	}
}

// TestWanted: which names a pattern takes, and that every system has an archive.
func TestWanted(t *testing.T) {
	r := someRelease(t, "1.2.3")
	for pattern, want := range map[string][]string{
		"*.deb":           {"nettool_1.2.3_amd64.deb", "nettool_1.2.3_arm64.deb", "nettool_1.2.3_armhf.deb", "nettool_1.2.3_riscv64.deb"},
		"*-linux-armv7.*": {"nettool-1.2.3-linux-armv7.tar.gz"},
		"*.zip":           {"nettool-1.2.3-windows-amd64.zip", "nettool-1.2.3-windows-arm64.zip"},
		"*.rpm":           {"nettool-1.2.3-1.aarch64.rpm", "nettool-1.2.3-1.armv7hl.rpm", "nettool-1.2.3-1.riscv64.rpm", "nettool-1.2.3-1.x86_64.rpm"},
		"*r0.x86_64.apk":  {"nettool-1.2.3-r0.x86_64.apk"},
		"*_amd64*,*86*":   {"nettool-1.2.3-1.x86_64.rpm", "nettool-1.2.3-r0.x86_64.apk", "nettool_1.2.3_amd64.deb"},
	} {
		var got []string
		for _, target := range targets() {
			names, err := r.wanted(target, pattern)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, names...)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
	if _, err := r.wanted(targets()[0], "["); err == nil {
		t.Error("[ is a pattern")
	}
}

// TestCopyright: a paragraph for each part, no text that Debian has already, and what is said when
// nettool has no licence, or has one.
func TestCopyright(t *testing.T) {
	r := someRelease(t, "1.2.3")
	got := string(r.copyright(someBuild()))
	for _, want := range []string{
		"Files: *\nCopyright: the authors of nettool\nLicense: not-chosen\n No licence has been chosen",
		"\nFiles: example.com/a@v1.0.0/*\nCopyright: (c) 2018 A. Uthor\nLicense: Expat\n Copyright (c) 2018 A. Uthor\n .\n Permission is",
		"\nFiles: std@go1.26/*\nCopyright: the authors of std\nLicense: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\nComment:\n Notice\n .\n this.\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks\n%s", got, want)
		}
	}
	if strings.Contains(got, "Grant of Patent") {
		t.Errorf("%s\nrepeats the licence that every Debian has", got)
	}
	dir := t.TempDir()
	place(t, dir, "LICENSE", mitWords)
	own, err := readOwnLicence(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.own = own
	if got := string(r.copyright(someBuild())); !strings.Contains(got, "Files: *\nCopyright: (c) 2018 A. Uthor\nLicense: Expat\n Copyright (c) 2018 A. Uthor\n") {
		t.Errorf("%s\ndoes not have nettool's own licence", got)
	}
}

// TestOwnLicence: without a file there is none, and nothing fails.
func TestOwnLicence(t *testing.T) {
	own, err := readOwnLicence(t.TempDir())
	if err != nil || own.id != "" || own.expression() != notChosen {
		t.Errorf("got %v, %v", own, err)
	}
}

// TestSBOM: it is JSON, has what is linked in, and its number is that of its content.
func TestSBOM(t *testing.T) {
	read := func(b *build) (list bom) {
		t.Helper()
		data, err := someRelease(t, "1.2.3").sbom(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	first, second := read(someBuild()), read(someBuild())
	if first.Serial != second.Serial || !regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(first.Serial) {
		t.Errorf("serial numbers %s and %s", first.Serial, second.Serial)
	}
	other := someBuild()
	other.program = []byte("another")
	if read(other).Serial == first.Serial {
		t.Error("two programs have one serial number")
	}
	if len(first.Components) != 2 || first.Components[0].PURL != "pkg:golang/example.com/a@v1.0.0" || first.Components[1].PURL != "pkg:golang/std@1.26" {
		t.Errorf("components are %v", first.Components)
	}
	if len(first.Dependencies) != 3 || !slices.Equal(first.Dependencies[1].On, []string{"pkg:golang/std@1.26"}) {
		t.Errorf("dependencies are %v", first.Dependencies)
	}
	if first.Metadata.Timestamp != "2023-11-14T22:13:20Z" {
		t.Errorf("it is of %s", first.Metadata.Timestamp)
	}
}

// TestTrees: what goes where in an archive and in a package, from the units and scripts
// as they are.
func TestTrees(t *testing.T) {
	r := someRelease(t, "1.2.3")
	r.top = filepath.Join("..", "..")
	r.share = []file{{name: "share/man/man1/nettool.1", mode: 0o644, data: []byte("page")}, {name: "share/zsh/site-functions/_nettool", mode: 0o644}}
	files, err := r.tree(someBuild())
	if err != nil {
		t.Fatal(err)
	}
	names := func(files []file) (names []string) {
		for _, f := range files {
			names = append(names, f.name)
		}
		return names
	}
	for format, want := range map[string][]string{
		"":    {"bin/nettool", "bin/tcpserve", doc + "README.md", doc + "applets/compat/README.md", "share/man/man1/nettool.1", "share/zsh/site-functions/_nettool", licences + "README", licences + "std/NOTICE", "lib/systemd/system/nettool-serve@.service"},
		"deb": {"bin/nettool", "share/man/man1/nettool.1.gz", "share/zsh/vendor-completions/_nettool", doc + "copyright", doc + "changelog.gz", doc + "examples/s6/nettool-serve/run"},
		"rpm": {"bin/tcpprobe", "share/man/man1/nettool.1.gz", "share/zsh/site-functions/_nettool", "share/licenses/nettool/README", doc + "sbom.cdx.json"},
	} {
		got := files
		if format != "" {
			if got, err = r.packageTree(someBuild(), format, files); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range want {
			if !slices.Contains(names(got), name) {
				t.Errorf("%q lacks %s: %q", format, name, names(got))
			}
		}
		for _, f := range got {
			if strings.HasSuffix(f.name, ".service") && format != "" && !strings.Contains(string(f.data), "\nExecStart=/usr/bin/nettool serve ") {
				t.Errorf("the unit of %s has another program: %s", format, f.data)
			}
			if strings.HasSuffix(f.name, "/run") && f.mode != 0o755 {
				t.Errorf("%s has the mode %o", f.name, f.mode)
			}
			if strings.Contains(f.name, "testdata") || strings.Contains(f.name, "scripts") {
				t.Errorf("%s is for those who change the program", f.name)
			}
			if strings.HasPrefix(f.name, licences) && format != "" {
				t.Errorf("%s is in %s", f.name, format)
			}
		}
	}
}

// TestWindows: no folders, no links, and the program with its ending.
func TestWindows(t *testing.T) {
	r := someRelease(t, "1.2.3")
	r.top = filepath.Join("..", "..")
	b := someBuild()
	b.target = target{os: "windows", arch: "amd64"}
	files, err := r.tree(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.link != "" || strings.HasPrefix(f.name, "share/") || strings.HasPrefix(f.name, "bin/") {
			t.Errorf("%s is in the archive for Windows", f.name)
		}
	}
	if !slices.ContainsFunc(files, func(f file) bool { return f.name == "nettool.exe" && string(f.data) == "program" }) {
		t.Error("no nettool.exe")
	}
}

// TestPinned: the product's own module does not get what packages are written with.
func TestPinned(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "nfpm") {
		t.Error("nfpm is in the product's go.mod: it belongs to scripts/release/nfpm")
	}
}
