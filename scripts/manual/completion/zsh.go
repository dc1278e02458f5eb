package completion

import (
	_ "embed" // the part of a script that does not depend on flags
	"fmt"
	"strconv"
	"strings"

	"nettool/scripts/manual/reference"
)

//go:embed nettool.zsh
var zshScript string

// zsh writes the script, and functions that know the flags: they set arrays of those
// who call them.
func zsh(all []entry) string {
	var b strings.Builder
	b.WriteString(zshScript)
	function(&b, "_nettool_commands sets subs: NAME:WHAT IT IS FOR.", "_nettool_commands", "$1", func() {
		for _, e := range all {
			if len(e.commands) > 0 {
				fmt.Fprintf(&b, "\t%s) subs=(%s) ;;\n", quote(e.id), described(e.commands))
			}
		}
	})
	for _, k := range []kind{listen, dial, target} {
		fmt.Fprintf(&b, "_nettool_%s() { _nettool_address %s }\n\n", k, strings.Join(addressKinds(k), " "))
	}
	function(&b, "_nettool_specs sets specs: flags and arguments, as _arguments wants them.", "_nettool_specs", "$1", func() {
		for _, e := range all {
			fmt.Fprintf(&b, "\t%s)\n\t\tspecs=(\n", quote(e.id))
			for _, spec := range zshSpecs(e) {
				fmt.Fprintf(&b, "\t\t\t%s\n", quote(spec))
			}
			b.WriteString("\t\t)\n\t\t;;\n")
		}
	})
	b.WriteString("_nettool \"$@\"\n")
	return b.String()
}

func described(commands []*reference.Command) (s string) {
	for _, c := range commands {
		s += " " + quote(c.Word()+":"+strings.ReplaceAll(short(c.Summary), ":", `\:`))
	}
	return s[1:]
}

func zshSpecs(e entry) (specs []string) {
	for _, f := range e.flags {
		specs = append(specs, zshFlag(f)...)
	}
	for i, k := range e.arguments {
		place, action := strconv.Itoa(i+1), zshAction(value{kind: k})
		if i == len(e.arguments)-1 && e.program < 0 {
			place = "*"
		}
		if i == 0 && e.id == "tcpprobe" {
			specs = append(specs, "1: :_nettool_first")
		}
		specs = append(specs, place+":"+string(k)+":"+action)
	}
	if e.program >= 0 {
		specs = append(specs, fmt.Sprintf("(-)%d:program:_command_names -e", e.program+1), "(-)*::program: _normal")
	}
	return specs
}

// zshFlag is a flag for _arguments, once for each of its forms.
func zshFlag(f reference.Flag) (specs []string) {
	all := forms(f)
	before := "*"
	if !f.Repeatable {
		before = "(" + strings.Join(all, " ") + ")"
	}
	for _, form := range all {
		spec := before + form
		switch {
		case f.ValueFree:
			spec += "=-"
		case f.Value != "" && len(form) == 2:
			spec += "+"
		case f.Value != "":
			spec += "="
		}
		spec += "[" + strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(short(f.Help)) + "]"
		if f.ValueFree {
			spec += ":"
		}
		if f.Value != "" || f.ValueFree {
			spec += ":" + colons(strings.ToLower(f.Value)+" ") + ":" + zshAction(valueOf(f))
		}
		specs = append(specs, spec)
	}
	return specs
}

func colons(s string) string { return strings.ReplaceAll(s, ":", `\:`) }

// zshAction completes a value.
func zshAction(v value) string {
	list := strings.Join(v.words, " ")
	switch v.kind {
	case words:
		if strings.ContainsAny(list, ":=") {
			return `compadd -S "" -- ` + colons(list)
		}
		return "(" + list + ")"
	case listed:
		return "_values -s , value " + list
	case files:
		if list != "" {
			return "{compadd -- " + list + "; _files}"
		}
		return "_files"
	case folders:
		return "_files -/"
	case listen, dial, target:
		return "_nettool_" + string(v.kind)
	case network:
		return "_net_interfaces"
	case user:
		return "_users"
	case group:
		return "_groups"
	case program:
		return "_command_names -e"
	}
	return ""
}
