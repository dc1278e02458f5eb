package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What a package says of itself.
const (
	summary     = "put programs on TCP ports, talk to ports, and probe them"
	description = `tcpserve puts a program or a built-in handler on a port, one process for each
connection. tcpconnect talks to a port from scripts and terminals. tcpprobe
tells whether, and how well, something answers. They are one static program,
and agree on addresses, timeouts, messages and exit codes.`
)

// What nfpm reads, which is YAML and so may be JSON.
type (
	nfpmPackage struct {
		Name            string        `json:"name"`
		Arch            string        `json:"arch"`
		Platform        string        `json:"platform"`
		Version         string        `json:"version"`
		VersionSchema   string        `json:"version_schema"`
		Release         string        `json:"release,omitempty"`
		Section         string        `json:"section"`
		Priority        string        `json:"priority"`
		Maintainer      string        `json:"maintainer"`
		Description     string        `json:"description"`
		Licence         string        `json:"license"`
		MTime           time.Time     `json:"mtime"`
		DisableGlobbing bool          `json:"disable_globbing"`
		Conflicts       []string      `json:"conflicts,omitempty"`
		Contents        []nfpmContent `json:"contents"`
		Deb             nfpmDeb       `json:"deb"`
		RPM             nfpmRPM       `json:"rpm"`
		APK             nfpmAPK       `json:"apk"`
	}
	nfpmContent struct {
		Source string    `json:"src,omitempty"`
		To     string    `json:"dst"`
		Type   string    `json:"type,omitempty"`
		Info   *nfpmInfo `json:"file_info,omitempty"`
	}
	nfpmInfo struct {
		Owner string    `json:"owner"`
		Group string    `json:"group"`
		Mode  int       `json:"mode,omitempty"`
		MTime time.Time `json:"mtime"`
	}
	nfpmDeb struct {
		Arch        string `json:"arch"`
		Compression string `json:"compression"`
	}
	nfpmRPM struct {
		Arch        string `json:"arch"`
		BuildHost   string `json:"buildhost"`
		Summary     string `json:"summary"`
		Packager    string `json:"packager"`
		Compression string `json:"compression"`
	}
	nfpmAPK struct {
		Arch string `json:"arch"`
	}
)

// packageName is the file's name, as the distributions have it.
func (r *release) packageName(t target, format string) string {
	arch := archNames[format][t.arch]
	switch format {
	case "deb":
		return "nettool_" + r.form.tilde(r.when) + "_" + arch + ".deb"
	case "rpm":
		return "nettool-" + r.form.tilde(r.when) + "-1." + arch + ".rpm"
	}
	return "nettool-" + r.form.alpine(r.when) + "-r0." + arch + ".apk"
}

// describe is the package for nfpm; its files are in the folder stage by their numbers.
func (r *release) describe(b *build, format, stage string, files []file) nfpmPackage {
	arch := archNames[format][b.arch]
	p := nfpmPackage{
		Name: "nettool", Arch: arch, Platform: "linux", Version: r.form.tilde(r.when), VersionSchema: "none",
		Section: "net", Priority: "optional", Maintainer: r.maintainer, Description: description,
		Licence: allOf(append(b.licences(), r.own.expression())), MTime: r.when.UTC(), DisableGlobbing: true,
		Deb: nfpmDeb{arch, "xz"},
		RPM: nfpmRPM{arch, "localhost", summary, r.maintainer, "xz"},
		APK: nfpmAPK{arch},
	}
	switch format {
	case "deb":
		p.Description = summary + "\n" + description
		p.Conflicts = []string{"tcputils"} // has another /usr/bin/tcpconnect
	case "rpm":
		p.Release = "1"
		p.Contents = append(p.Contents, r.ownFolders(files)...)
	case "apk":
		p.Version, p.Release, p.Description = r.form.alpine(r.when), "0", summary
	}
	for i, f := range files {
		p.Contents = append(p.Contents, r.content(f, filepath.Join(stage, strconv.Itoa(i)), format))
	}
	return p
}

// content is one file of a package.
func (r *release) content(f file, source, format string) nfpmContent {
	c := nfpmContent{source, "/usr/" + f.name, "", r.info(f.mode)}
	switch {
	case f.link != "":
		c.Source, c.Type, c.Info = f.link, "symlink", r.info(0o777)
	case format != "rpm":
	case strings.HasPrefix(f.name, "share/licenses/"):
		c.Type = "license"
	case strings.HasPrefix(f.name, doc):
		c.Type = "doc"
	}
	return c
}

// info is what all files have in common, and the mode.
func (r *release) info(mode fs.FileMode) *nfpmInfo {
	return &nfpmInfo{"root", "root", int(mode.Perm()), r.when.UTC()}
}

// ownFolders are those that nobody else has: rpm removes what a package says is its own.
func (r *release) ownFolders(files []file) (own []nfpmContent) {
	for _, dir := range folders(files) {
		for _, top := range []string{strings.TrimSuffix(doc, "/"), "share/licenses/nettool"} {
			if dir == top || strings.HasPrefix(dir, top+"/") {
				own = append(own, nfpmContent{"", "/usr/" + dir, "dir", r.info(0o755)})
			}
		}
	}
	return own
}

// writePackage has nfpm write a package.
func (r *release) writePackage(b *build, format string, files []file) error {
	files, err := r.packageTree(b, format, files)
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "nettool-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	for i, f := range files {
		if err := os.WriteFile(filepath.Join(stage, strconv.Itoa(i)), f.data, 0o644); err != nil {
			return err
		}
	}
	config, err := json.Marshal(r.describe(b, format, stage, files))
	if err != nil {
		return err
	}
	name := filepath.Join(stage, "nfpm.json")
	if err := os.WriteFile(name, config, 0o644); err != nil {
		return err
	}
	nfpm, err := r.nfpm()
	if err != nil {
		return err
	}
	to := filepath.Join(r.dir, r.packageName(b.target, format))
	out, err := exec.Command(nfpm, "package", "--config", name, "--packager", format, "--target", to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("write package %q: %w\n%s", to, err, out)
	}
	return nil
}

// findNFPM builds the program that writes packages, and returns its path.
func findNFPM(top string) (string, error) {
	cmd := exec.Command("go", "-C", filepath.Join(top, "scripts/release/nfpm"), "tool", "-n", "nfpm")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build nfpm: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
