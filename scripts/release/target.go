package main

import "strings"

// target is a system that there is a program for.
type target struct {
	os, arch string   // the names in an archive's
	env      []string // what the go command is told besides GOOS
	packages bool     // is there a .deb, an .rpm and an .apk of it?
}

// targets are all.
func targets() []target {
	amd64 := []string{"GOARCH=amd64", "GOAMD64=v1"}
	arm64 := []string{"GOARCH=arm64", "GOARM64=v8.0"}
	return []target{
		{"linux", "amd64", amd64, true},
		{"linux", "arm64", arm64, true},
		{"linux", "riscv64", []string{"GOARCH=riscv64", "GORISCV64=rva20u64"}, true},
		{"linux", "armv7", []string{"GOARCH=arm", "GOARM=7"}, true},
		{"darwin", "amd64", amd64, false},
		{"darwin", "arm64", arm64, false},
		{"freebsd", "amd64", amd64, false},
		{"freebsd", "arm64", arm64, false},
		{"windows", "amd64", amd64, false},
		{"windows", "arm64", arm64, false},
	}
}

// environ is what the go command is told: everything that changes what it makes.
func (t target) environ() []string {
	return append([]string{
		"CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off", "GOOS=" + t.os,
	}, t.env...)
}

// stem is the name of an archive without its end, and of the folder in it.
func (t target) stem(version string) string {
	return strings.Join([]string{"nettool", version, t.os, t.arch}, "-")
}

// archNames are the words that dpkg, rpm and apk have for an architecture.
var archNames = map[string]map[string]string{
	"deb": {"amd64": "amd64", "arm64": "arm64", "riscv64": "riscv64", "armv7": "armhf"},
	"rpm": {"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64", "armv7": "armv7hl"},
	"apk": {"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64", "armv7": "armv7"},
}
