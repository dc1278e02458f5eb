// Systems type-checks the packages of a folder as other systems have them, without
// compiling anything: several times faster than a build for each, which needs the
// standard library compiled for it.
//
//	systems DIR [-tests] SYSTEM… -- PACKAGE…
//
// A SYSTEM is GOOS or GOOS/GOARCH. With -tests the tests of the packages are checked, too.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	args := os.Args[1:]
	split := slices.Index(args, "--")
	if split < 2 {
		fmt.Fprintln(os.Stderr, "usage: systems DIR [-tests] SYSTEM… -- PACKAGE…")
		os.Exit(2)
	}
	dir, err := filepath.Abs(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "systems:", err)
		os.Exit(2)
	}
	systems, patterns := args[1:split], args[split+1:]
	tests := systems[0] == "-tests"
	if tests {
		systems = systems[1:]
	}
	wrong := false
	for _, system := range systems {
		for _, problem := range check(dir, system, tests, patterns) {
			wrong = true
			fmt.Printf("%s: %s\n", system, problem)
		}
	}
	if wrong {
		os.Exit(1)
	}
}

// check returns what is wrong with packages as a system has them.
func check(dir, system string, tests bool, patterns []string) (problems []string) {
	goos, goarch, _ := strings.Cut(system, "/")
	env := append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos)
	if goarch != "" {
		env = append(env, "GOARCH="+goarch)
	}
	roots, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo,
		Dir:   dir,
		Env:   env,
		Tests: tests,
		ParseFile: func(fset *token.FileSet, name string, text []byte) (*ast.File, error) {
			return parse(dir, fset, name, text)
		},
	}, patterns...)
	if err != nil {
		return []string{err.Error()}
	}
	if len(roots) == 0 {
		return []string{"no packages"}
	}
	for _, p := range roots {
		if strings.HasSuffix(p.PkgPath, ".test") { // made by the go command
			continue
		}
		for _, e := range p.Errors {
			problems = append(problems, e.Error())
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// parse reads a file. Of other people's packages only the declarations are looked at.
func parse(dir string, fset *token.FileSet, name string, text []byte) (*ast.File, error) {
	file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if file == nil || strings.HasPrefix(name, dir+string(filepath.Separator)) {
		return file, err
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name != "init" {
			f.Body = nil
		}
	}
	return file, err
}
