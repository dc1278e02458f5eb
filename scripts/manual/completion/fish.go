package completion

import (
	_ "embed" // the part of a script that does not depend on flags
	"fmt"
	"strconv"
	"strings"

	"nettool/scripts/manual/reference"
)

//go:embed nettool.fish
var fishScript string

// fish writes the script, what it asks about flags, and what is offered.
func fish(all []entry) string {
	var b strings.Builder
	b.WriteString(fishScript)
	fishTakes(&b, all)
	fishCommands(&b, all)
	for _, name := range names() {
		fmt.Fprintf(&b, "complete -c %s -f\ncomplete -c %s -n __nettool_in_program -x -a '(__nettool_program)'\n", name, name)
	}
	for _, e := range all {
		for _, c := range e.commands {
			fmt.Fprintf(&b, "__nettool_offer %s 0 -x -a %s -d %s\n", fishQuote(e.id), c.Word(), fishQuote(short(c.Summary)))
		}
		for _, f := range e.flags {
			fishFlag(&b, e.id, f)
		}
		for i, k := range e.arguments {
			place := strconv.Itoa(i)
			if i == len(e.arguments)-1 && e.program < 0 {
				place += "+"
			}
			fmt.Fprintf(&b, "__nettool_offer %s %s %s\n", fishQuote(e.id), place, fishValue(value{kind: k}))
		}
	}
	return b.String()
}

// fishTakes writes a function that knows which flags take the next word.
func fishTakes(b *strings.Builder, all []entry) {
	var flags []string
	for _, g := range byValue(all) {
		if !g.value.free {
			flags = append(flags, g.flags...)
		}
	}
	fmt.Fprintf(b, "function __nettool_takes\n    switch $argv[1]\n        case %s\n            return 0\n    end\n    return 1\nend\n\n", strings.Join(flags, " "))
}

func fishCommands(b *strings.Builder, all []entry) {
	b.WriteString("function __nettool_sub\n    switch $argv[1]\n")
	for _, e := range all {
		for _, c := range e.commands {
			fmt.Fprintf(b, "        case %s\n            echo %s\n", fishQuote(c.Name), fishQuote(entryOf(c)))
		}
	}
	b.WriteString("        case '*'\n            return 1\n    end\nend\n\nfunction __nettool_runs\n    switch $argv[1]\n")
	for _, e := range all {
		if e.program >= 0 {
			fmt.Fprintf(b, "        case %s\n            return 0\n", fishQuote(e.id+" "+strconv.Itoa(e.program)))
		}
	}
	b.WriteString("    end\n    return 1\nend\n\n")
}

func fishFlag(b *strings.Builder, id string, f reference.Flag) {
	line := "-l " + f.Name
	if f.Short != "" {
		line += " -s " + f.Short
	}
	if f.Value != "" {
		line += " " + fishValue(valueOf(f))
	}
	about := " -d " + fishQuote(short(f.Help))
	fmt.Fprintf(b, "__nettool_offer %s '' %s%s\n", fishQuote(id), line, about)
	if f.Negatable {
		fmt.Fprintf(b, "__nettool_offer %s '' -l no-%s%s\n", fishQuote(id), f.Name, about)
	}
}

// fishValue are complete(1)'s flags for what is offered.
func fishValue(v value) string {
	list := strings.Join(append(addressKinds(v.kind), v.words...), " ")
	switch v.kind {
	case words:
		return "-x -a " + fishQuote(list)
	case listed:
		return "-x -a " + fishQuote("(__fish_append , "+list+")")
	case files:
		if list != "" {
			return "-r -F -a " + fishQuote(list)
		}
		return "-r -F"
	case folders:
		return "-x -a '(__fish_complete_directories)'"
	case listen, dial, target:
		return "-x -a " + fishQuote("(__nettool_address "+list+")")
	case network:
		return "-x -a '(__fish_print_interfaces)'"
	case user:
		return "-x -a '(__fish_complete_users)'"
	case group:
		return "-x -a '(__fish_complete_groups)'"
	case program:
		return "-x -a '(__fish_complete_command)'"
	}
	return "-x"
}

// fishQuote makes one word of s: within quotes fish has escapes, too.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
