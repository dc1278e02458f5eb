package completion

import (
	_ "embed" // the part of a script that does not depend on flags
	"fmt"
	"strconv"
	"strings"

	"nettool/scripts/manual/reference"
)

//go:embed nettool.bash
var bashScript string

// bash writes the script, and functions that know the flags: they set variables of
// those who call them.
func bash(all []entry) string {
	var b strings.Builder
	b.WriteString(bashScript)
	bashFlags(&b, all)
	bashValues(&b, all)
	bashCommands(&b, all)
	bashArguments(&b, all)
	fmt.Fprintf(&b, "complete -F _nettool %s\n", strings.Join(names(), " "))
	return b.String()
}

// function writes one whose body is a case of what its arguments are.
func function(b *strings.Builder, comment, name, of string, body func()) {
	fmt.Fprintf(b, "# %s\n%s() {\n\tcase %s in\n", comment, name, of)
	body()
	b.WriteString("\tesac\n}\n\n")
}

func bashFlags(b *strings.Builder, all []entry) {
	function(b, "_nettool_flags_of sets flags: each one, and what it is for.", "_nettool_flags_of", "$1", func() {
		for _, e := range all {
			fmt.Fprintf(b, "\t%s)\n\t\tflags=(\n", quote(e.id))
			for _, f := range e.flags {
				for _, form := range forms(f) {
					if len(form) > 2 {
						fmt.Fprintf(b, "\t\t\t%s %s\n", form, quote(short(f.Help)))
					}
				}
			}
			b.WriteString("\t\t)\n\t\t;;\n")
		}
	})
}

func bashValues(b *strings.Builder, all []entry) {
	function(b, "_nettool_value sets value: what can stand behind a flag. A free value may be left out.", "_nettool_value", `"$1 $2"`, func() {
		for _, g := range byValue(all) {
			fmt.Fprintf(b, "\t%s) value=(%s) ;;\n", strings.Join(g.flags, " | "), shellWords(g.value))
		}
	})
}

// shellWords are a value's kind and words.
func shellWords(v value) string {
	s := string(v.kind)
	if v.free {
		s = "free " + s
	}
	for _, w := range append(addressKinds(v.kind), v.words...) {
		s += " " + quote(w)
	}
	return s
}

// flagsOfValue are flags, as "'COMMAND --FLAG'", that have the same value.
type flagsOfValue struct {
	value value
	flags []string
}

func byValue(all []entry) (groups []flagsOfValue) {
	at := map[string]int{}
	for _, e := range all {
		for _, f := range e.flags {
			if f.Value == "" && !f.ValueFree {
				continue
			}
			v := valueOf(f)
			key := shellWords(v)
			if _, known := at[key]; !known {
				at[key] = len(groups)
				groups = append(groups, flagsOfValue{value: v})
			}
			g := &groups[at[key]]
			for _, form := range forms(f) {
				g.flags = append(g.flags, quote(e.id+" "+form))
			}
		}
	}
	return groups
}

func bashCommands(b *strings.Builder, all []entry) {
	function(b, "_nettool_subcommands offers the commands of a command.", "_nettool_subcommands", "$1", func() {
		for _, e := range all {
			if len(e.commands) > 0 {
				fmt.Fprintf(b, "\t%s) _nettool_add ''%s ;;\n", quote(e.id), commandWords(e.commands))
			}
		}
	})
	function(b, "_nettool_subcommand goes on with one of them.", "_nettool_subcommand", `"$1 $2"`, func() {
		for _, e := range all {
			for _, c := range e.commands {
				fmt.Fprintf(b, "\t%s) command=%s ;;\n", quote(c.Name), quote(entryOf(c)))
			}
		}
		b.WriteString("\t*) return 1 ;;\n")
	})
}

// entryOf is the entry that a command's flags are in.
func entryOf(c *reference.Command) string {
	if applet, ok := strings.CutPrefix(c.Name, "nettool "); ok {
		return "tcp" + applet
	}
	return c.Name
}

func commandWords(commands []*reference.Command) (s string) {
	for _, c := range commands {
		s += " " + c.Word()
	}
	return s
}

func bashArguments(b *strings.Builder, all []entry) {
	function(b, "_nettool_argument sets value: what can stand in a place, from 0.", "_nettool_argument", `"$1 $2"`, func() {
		for _, e := range all {
			for i, k := range e.arguments {
				place := quote(e.id + " " + strconv.Itoa(i))
				if i == len(e.arguments)-1 && e.program < 0 {
					place = quote(e.id+" ") + "[0-9]*"
				}
				fmt.Fprintf(b, "\t%s) value=(%s) ;;\n", place, shellWords(value{kind: k}))
			}
		}
	})
	function(b, "_nettool_runs tells whether a program stands in that place.", "_nettool_runs", `"$1 $2"`, func() {
		for _, e := range all {
			if e.program >= 0 {
				fmt.Fprintf(b, "\t%s) return 0 ;;\n", quote(e.id+" "+strconv.Itoa(e.program)))
			}
		}
		b.WriteString("\t*) return 1 ;;\n")
	})
}
